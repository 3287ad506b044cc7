"""Laws of every network, and the published sizes."""

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file, save_file

from mpipipe.config.networks import (
    DnCNNConfig,
    NetworkConfig,
    PConvUNetConfig,
    RDNConfig,
    SMRnetConfig,
    SwinIRConfig,
)
from mpipipe.errors import InputError
from mpipipe.networks.rdn import RDN
from mpipipe.networks.registry import DIMENSIONS, NETWORKS, build_network, network_factor, num_parameters
from mpipipe.networks.swinir import SwinIR

SMALL = {
    "DnCNN": DnCNNConfig(depth=4, width=6),
    "DnCNN identity": DnCNNConfig(depth=4, width=6, start="identity"),
    "DnCNN masked": DnCNNConfig(depth=4, width=6, border="masked"),
    "DnCNN plain": DnCNNConfig(depth=4, width=6, normalisation="none"),
    "DnCNN plain masked": DnCNNConfig(depth=4, width=6, normalisation="none", border="masked"),
    "RDN": RDNConfig(blocks=2, layers=2, width=6, growth=4),
    "RDN masked": RDNConfig(blocks=2, layers=2, width=6, growth=4, border="masked"),
    "SwinIR": SwinIRConfig(embedding=12, depths=(2, 1), heads=3, window=4),
    "SMRnet": SMRnetConfig(factor=2, width=6, blocks=2, growth=4),
    "SMRnet x4 masked": SMRnetConfig(factor=4, width=6, blocks=1, growth=4, border="masked"),
    "PConvUNet": PConvUNetConfig(widths=(6, 8, 10), kernels=(5, 3, 3)),
    "PConvUNet plain": PConvUNetConfig(widths=(8, 8), kernels=(3, 3), normalisation="none"),
}
CASES = [(name, dimension) for name, config in SMALL.items() for dimension in DIMENSIONS[config.name]]
EVERY = pytest.mark.parametrize(("name", "dimension"), CASES)
MASKED = [case for case in CASES if getattr(SMALL[case[0]], "border", None) == "masked"]
RESIDUAL = [case for case in CASES if SMALL[case[0]].name in ("DnCNN", "RDN", "SwinIR")]


def images(dimension, size=(9, 7, 5), batch=3, seed=0):
    return torch.randn(batch, 2, *size[:dimension], generator=torch.Generator().manual_seed(seed))


def repeated(image, factor):
    for axis in range(2, image.ndim):
        image = image.repeat_interleave(factor, axis)
    return image


def test_every_network_is_tested():
    assert {config.name for config in SMALL.values()} == set(NETWORKS) == set(DIMENSIONS)


@EVERY
@pytest.mark.parametrize("size", [(9, 7, 5), (12, 12, 12), (1, 3, 2)])
def test_output_has_the_shape_of_the_input_times_the_factor(name, dimension, size):
    network, x = build_network(SMALL[name], dimension, seed=1), images(dimension, size)
    assert network.factor == network_factor(SMALL[name]) == (getattr(SMALL[name], "factor", 1))
    for measured in (None, torch.ones_like(x[:, :1])):
        y = network(x, measured)
        assert y.shape == (3, 2, *(network.factor * n for n in x.shape[2:]))
        assert y.dtype == torch.float32
        assert torch.isfinite(y).all()


@EVERY
def test_mixed_precision_gives_single_precision(name, dimension):
    network, x = build_network(SMALL[name], dimension, seed=1).eval(), images(dimension)
    full = network(x)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = network(x, torch.ones_like(x[:, :1]))
    assert mixed.dtype == torch.float32
    assert 0 < (mixed - full).abs().max() < 0.1 * full.abs().max()


@EVERY
def test_one_batch_trains(name, dimension):
    network, x = build_network(SMALL[name], dimension, seed=2), images(dimension)
    truth, optimiser = 0.5 * repeated(x, network.factor), torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(150):
        loss = (network(x) - truth).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    assert losses[-1] < 0.5 * losses[0]


@EVERY
def test_every_parameter_has_a_gradient(name, dimension):
    network, x = build_network(SMALL[name], dimension, seed=2), images(dimension)
    network(x).square().mean().backward()
    assert {n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().max() > 0} == set()


@EVERY
def test_nothing_measured_gives_finite_output_and_gradients(name, dimension):
    network, x = build_network(SMALL[name], dimension, seed=2), torch.zeros_like(images(dimension))
    y = network(x, torch.zeros_like(x[:, :1]))
    y.sum().backward()
    assert torch.isfinite(y).all()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize(("name", "dimension"), RESIDUAL)
def test_denoisers_start_near_the_identity(name, dimension):
    x = images(dimension)
    residual = build_network(SMALL[name], dimension, seed=5)(x) - x
    assert 0 < residual.square().mean() < 0.1 * x.square().mean()


@EVERY
def test_weights_survive_safetensors(name, dimension, tmp_path):
    network, x = build_network(SMALL[name], dimension, seed=3), images(dimension)
    network(x)  # moves running statistics
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, tmp_path / "w.safetensors")
    other = build_network(SMALL[name], dimension, seed=4)
    other.load_state_dict(load_file(tmp_path / "w.safetensors"))
    assert torch.equal(network.eval()(x), other.eval()(x))


@pytest.mark.parametrize("name", SMALL)
def test_seed_decides_the_weights_and_leaves_the_global_state(name):
    before = torch.get_rng_state()
    one, same, other = (build_network(SMALL[name], 2, seed=s).state_dict() for s in (5, 5, 6))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(("name", "dimension"), MASKED)
@pytest.mark.parametrize("training", [False, True])
def test_padding_of_a_masked_network_changes_nothing(name, dimension, training):
    network, x = build_network(SMALL[name], dimension, seed=7).train(training), images(dimension)
    rng = np.random.default_rng(8)
    size = tuple(n + int(extra) for n, extra in zip(x.shape[2:], rng.integers(1, 6, dimension), strict=True))
    offset = tuple(int(rng.integers(0, s - n + 1)) for s, n in zip(size, x.shape[2:], strict=True))
    inside = (..., *(slice(o, o + n) for o, n in zip(offset, x.shape[2:], strict=True)))
    padded = torch.randn(len(x), 2, *size, generator=torch.Generator().manual_seed(9))
    valid = torch.zeros(len(x), 1, *size)
    padded[inside], valid[inside] = x, 1
    fine = tuple(slice(network.factor * s.start, network.factor * s.stop) for s in inside[1:])
    torch.testing.assert_close(network(padded, valid)[(..., *fine)], network(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("config", "dimension", "count"),
    [
        (DnCNNConfig(), 2, 558_210),
        (DnCNNConfig(), 3, 1_668_738),
        (RDNConfig(), 2, 21_974_530),
        (RDNConfig(), 3, 64_593_922),
        (SwinIRConfig(), 2, 11_500_922),
        (SwinIRConfig(embedding=60, depths=(6, 6, 6, 6)), 2, 904_202),
        (SMRnetConfig(), 2, 6_624_898),
        (SMRnetConfig(), 3, 19_863_682),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else str(value),
)
def test_published_sizes_have_their_parameters(config, dimension, count):
    with torch.device("meta"):
        assert num_parameters(NETWORKS[config.name](config, dimension)) == count


def test_rdn_of_pp_mpi_has_its_parameters():
    assert num_parameters(RDN(RDNConfig(blocks=4, layers=4, width=12, growth=12), 2, channels=1)) == 58_393


@pytest.mark.parametrize("name", NETWORKS)
def test_a_configuration_is_told_by_its_name(name):
    config = TypeAdapter(NetworkConfig).validate_python({"name": name})
    assert type(config).__name__ == f"{name}Config"


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (
            {"name": "SwinIR", "embedding": 32, "heads": 3},
            "found embedding 32, expected a multiple of 3 heads",
        ),
        ({"name": "PConvUNet", "kernels": [3, 3]}, "found 2 kernels, expected 4, one a level"),
        ({"name": "PConvUNet", "kernels": [4, 3, 3, 3]}, "found 4, expected an odd number"),
        ({"name": "SMRnet", "factor": 3}, "Input should be 2 or 4"),
        ({"name": "UNet"}, "'DnCNN', 'RDN', 'SwinIR', 'SMRnet', 'PConvUNet'"),
    ],
)
def test_wrong_sizes_are_refused(section, line):
    with pytest.raises(ValidationError, match=line):
        TypeAdapter(NetworkConfig).validate_python(section)


def test_wrong_dimension_is_refused():
    with pytest.raises(InputError, match="network DnCNN: found dimension 4, expected 2 or 3"):
        build_network(DnCNNConfig(), 4, seed=0)
    with pytest.raises(InputError, match=r"network SwinIR: found dimension 3, expected 2$"):
        build_network(SMALL["SwinIR"], 3, seed=0)
    with pytest.raises(InputError, match=r"network SwinIR: found dimension 3, expected 2$"):
        SwinIR(SMALL["SwinIR"], 3)
