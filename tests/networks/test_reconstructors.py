"""Laws of every network from signal to image."""

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file, save_file

from mpipipe.config.reconstructors import (
    ADMMNetConfig,
    DERnetConfig,
    ImageDenoiserConfig,
    ReconstructorConfig,
)
from mpipipe.errors import InputError
from mpipipe.networks.reconstructors import RECONSTRUCTORS, build_reconstructor
from tests.networks.systems import box_images, normalised_signals, random_matrix

SMALL = {
    "DERnet": DERnetConfig(unet_width=16),
    "DERnet without pooling": DERnetConfig(unet_width=8, levels=0),
    "ADMM-Net": ADMMNetConfig(stages=3, filters=6, kernel=3, breakpoints=11),
    "ADMM-Net unshared": ADMMNetConfig(stages=2, filters=6, breakpoints=11, shared_weights=False),
}
EVERY = pytest.mark.parametrize("name", SMALL)
GRIDS = pytest.mark.parametrize("grid", [(19, 19), (11, 11), (7, 5), (2, 1)])


def system(grid=(7, 5), count=8, components=30):
    matrix, images = random_matrix(components, grid), box_images(count, grid)
    signals, moduli = normalised_signals(matrix, images)
    return matrix, signals, moduli, torch.from_numpy(images)


def built(name, matrix, seed=1):
    return build_reconstructor(SMALL[name], matrix, seed)


def test_every_network_is_tested():
    assert {config.name for config in SMALL.values()} == set(RECONSTRUCTORS)


@EVERY
@GRIDS
def test_image_lies_on_the_grid_of_the_matrix_and_is_not_negative(name, grid):
    matrix, signals, _, _ = system(grid)
    network = built(name, matrix)
    for image in (network(signals), network.eval()(signals)):
        assert image.shape == (8, *grid)
        assert image.dtype == torch.float32
        assert torch.isfinite(image).all()
        assert image.min() >= 0


@EVERY
def test_one_signal_and_a_batch_give_the_same_image(name):
    matrix, signals, _, _ = system()
    network = built(name, matrix).eval()
    together = network(signals)
    for i in range(len(signals)):
        torch.testing.assert_close(network(signals[i : i + 1])[0], together[i], rtol=1e-4, atol=1e-6)
    assert torch.equal(network(signals), together)


@EVERY
def test_every_parameter_has_a_gradient(name):
    matrix, signals, moduli, images = system()
    network = built(name, matrix)
    (network(signals) * moduli - images).square().mean().backward()
    assert {n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().max() > 0} == set()


@EVERY
def test_one_batch_trains(name):
    matrix, signals, moduli, images = system((11, 11), components=20)
    network = built(name, matrix, seed=2)
    optimiser, losses = torch.optim.Adam(network.parameters(), 1e-2), []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(60):
            loss = (network(signals) * moduli - images).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    assert losses[-1] < 0.5 * min(losses[0], images.square().mean().item())


@EVERY
def test_a_signal_of_zeros_gives_finite_output_and_gradients(name):
    matrix, signals, _, _ = system()
    network = built(name, matrix)
    image = network(torch.zeros_like(signals))
    image.sum().backward()
    assert torch.isfinite(image).all()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@EVERY
@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_a_matrix_in_another_unit_gives_the_image_in_that_unit(name, unit):
    matrix, signals, _, _ = system()
    image = built(name, matrix).eval()(signals)
    scaled = built(name, (unit * matrix).astype(np.complex64)).eval()(signals)
    torch.testing.assert_close(scaled * unit, image, rtol=1e-3, atol=1e-4 * image.max().item())


@EVERY
def test_rows_of_zeros_are_no_trouble(name):
    matrix, signals, _, _ = system()
    matrix[::3], signals[..., ::3] = 0, 0
    assert torch.isfinite(built(name, matrix)(signals)).all()


@EVERY
def test_mixed_precision_gives_single_precision(name):
    matrix, signals, _, _ = system()
    network = built(name, matrix).eval()
    full = network(signals)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = network(signals)
    assert mixed.dtype == torch.float32
    assert 0 < (mixed - full).abs().max() < 0.1 * full.abs().max()


@EVERY
def test_weights_survive_safetensors(name, tmp_path):
    matrix, signals, _, _ = system()
    network = built(name, matrix, seed=3)
    network(signals)  # moves running statistics
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, tmp_path / "w.safetensors")
    other = built(name, matrix, seed=4)
    other.load_state_dict(load_file(tmp_path / "w.safetensors"))
    assert torch.equal(network.eval()(signals), other.eval()(signals))


@EVERY
def test_nothing_of_the_matrix_is_saved(name):
    one, other = (built(name, random_matrix(seed=s)).state_dict() for s in (0, 1))
    assert all(torch.equal(one[key], other[key]) for key in one)
    # Of the training: what normalises features, and components.
    statistics = ("running_mean", "running_var", "num_batches_tracked", "component_scale")
    parameters = {n for n, _ in built(name, random_matrix()).named_parameters()}
    assert {key for key in one if not key.endswith(statistics)} == parameters


@EVERY
def test_seed_decides_the_weights_and_leaves_the_global_state(name):
    before = torch.get_rng_state()
    one, same, other = (built(name, random_matrix(), s).state_dict() for s in (5, 5, 6))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@EVERY
@pytest.mark.parametrize(
    ("matrix", "line"),
    [
        (
            np.ones((30, 35), np.complex64),
            r"system matrix: found shape \(30, 35\), expected \(component, x, y\)",
        ),
        (np.ones((0, 7, 5), np.complex64), r"system matrix: found shape \(0, 7, 5\)"),
        (np.zeros((3, 7, 5), np.complex64), "system matrix: found zeros only"),
        (np.full((3, 7, 5), np.nan, np.complex64), "system matrix: found values that are not finite"),
    ],
)
def test_unfit_matrices_are_refused(name, matrix, line):
    with pytest.raises(InputError, match=line):
        built(name, matrix)


@EVERY
@pytest.mark.parametrize("shape", [(8, 2, 29), (2, 30), (8, 30, 2), (8, 60)])
def test_unfit_signals_are_refused(name, shape):
    network = built(name, random_matrix())
    with pytest.raises(InputError, match=r"signal: found shape .*, expected \(batch, 2, 30\)"):
        network(torch.zeros(shape))


@pytest.mark.parametrize(("name", "config"), [("DERnet", DERnetConfig), ("ADMM-Net", ADMMNetConfig)])
def test_a_configuration_is_told_by_its_name(name, config):
    assert TypeAdapter(ReconstructorConfig).validate_python({"name": name}) == config()


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ({"name": "ADMM-Net", "kernel": 4}, "found 4, expected an odd number"),
        ({"name": "ADMM-Net", "breakpoints": 1}, "greater than or equal to 2"),
        ({"name": "DERnet", "dropout_signal": 1}, "less than 1"),
        ({"name": "DERnet", "depth": 3}, "Extra inputs are not permitted"),
        ({"name": "ImageDenoiser"}, "'DERnet', 'ADMM-Net'"),
    ],
)
def test_wrong_sizes_are_refused(section, line):
    with pytest.raises(ValidationError, match=line):
        TypeAdapter(ReconstructorConfig).validate_python(section)


@pytest.mark.parametrize("config", [DERnetConfig, ADMMNetConfig, ImageDenoiserConfig])
def test_every_setting_is_described(config):
    assert all(field.description for field in config.model_fields.values())
