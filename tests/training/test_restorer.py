import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.config.networks import DnCNNConfig, SMRnetConfig
from mpipipe.config.train import DegradationConfig, TrainConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import build_network, network_factor
from mpipipe.restoration.downsampling import measured_grid
from mpipipe.restoration.masks import draw_missing
from mpipipe.restoration.method import Restorer
from mpipipe.restoration.splines import interpolate
from mpipipe.training import restorer as restoring
from mpipipe.training.restorer import NetworkRestorer
from tests.training.networks import CASES, TASKS, noise, random_weights, tiny_config, untrained

GRIDS = {2: [(1, 1), (1, 9), (3, 2), (7, 13), (14, 5)], 3: [(1, 1, 1), (2, 7, 3), (13, 4, 5)]}
COMPLETE = [task for task, knobs in TASKS.items() if "missing" not in knobs]


def dncnn(border="masked", phase="aligned", dimension=2, patch_step=0, patch=12):
    config = TrainConfig(
        network=DnCNNConfig(depth=4, width=5, normalisation="none", border=border),
        degradation=DegradationConfig(patch=patch, phase=phase, patch_step=patch_step),
        precision="32",
    )
    weights = build_network(config.network, dimension, seed=1).state_dict()
    return NetworkRestorer(weights, config, dimension)


def observation(task, config, grid, seed=0, count=3):
    """What the network of a task restores to a grid, and how it is told."""
    observed = noise((count, *measured_grid(grid, network_factor(config.network))), seed)
    if "missing" not in TASKS[task] or observed[0].size < 2:
        return observed, {"grid": grid}
    rng = np.random.default_rng(seed)
    return observed, {"known": np.stack([~draw_missing(grid, 0.2, rng) for _ in observed]), "grid": grid}


def close(found, expected):
    """Equal within what single precision leaves of sums over a few hundred terms."""
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize(("task", "dimension"), CASES)
@settings(deadline=None, max_examples=8)
@given(exponent=st.integers(-15, 12), phase=st.floats(-4, 4), seed=st.integers(0, 30), data=st.data())
def test_every_network_commutes_with_scale_and_phase(task, dimension, exponent, phase, seed, data):
    method, config = untrained(task, dimension)
    grid = data.draw(st.tuples(*[st.integers(1, 14 if dimension == 2 else 7)] * dimension))
    observed, arguments = observation(task, config, grid, seed)
    factor = np.complex64(10.0**exponent * np.exp(1j * phase))
    restored = method.apply(factor * observed, 10.0**exponent * 0.1, **arguments)
    assert isinstance(method, Restorer)
    assert restored.dtype == np.complex64
    assert restored.shape == (3, *grid)
    expected = method.apply(observed, 0.1, **arguments)
    close(restored / np.float32(10.0**exponent), np.exp(1j * phase) * expected)


@pytest.mark.parametrize(("task", "dimension"), CASES)
def test_the_networks_of_these_tests_are_no_identities(task, dimension):
    """Without the normalisation they would not commute."""
    config = tiny_config(task)
    network = build_network(config.network, dimension, 0)
    network.load_state_dict(random_weights(config, dimension))
    image = torch.from_numpy(noise((1, 2, *(6, 7, 5)[:dimension])).real)
    with torch.inference_mode():
        one, twice = network.eval()(image), network(2 * image)
        turned = network(image.flip(1) * torch.tensor([-1.0, 1.0]).view(1, 2, *(1,) * dimension))
    back = turned.flip(1) * torch.tensor([1.0, -1.0]).view(1, 2, *(1,) * dimension)
    assert (twice - 2 * one).abs().max() > 0.02 * one.abs().max()
    assert (back - one).abs().max() > 0.02 * one.abs().max()


@pytest.mark.parametrize("phase", ["random", "aligned"])
@pytest.mark.parametrize("angle", [0.0, 0.7, np.pi / 2, 3.0, -1.9])
def test_published_network_commutes_with_scale_and_phase(phase, angle):
    method, image = dncnn("zeros", phase), noise((3, 7, 9))
    factor = np.complex64(50 * np.exp(1j * angle))
    np.testing.assert_allclose(method.apply(factor * image), factor * method.apply(image), atol=1e-3)


@pytest.mark.parametrize(("task", "dimension"), CASES)
def test_odd_tiny_and_large_grids(task, dimension):
    method, config = untrained(task, dimension, patch=8)
    for grid in GRIDS[dimension]:
        observed, arguments = observation(task, config, grid)
        restored = method.apply(observed, **arguments)
        assert restored.shape == (3, *grid)
        assert np.isfinite(restored).all()


@pytest.mark.parametrize(("task", "dimension"), CASES)
def test_components_do_not_depend_on_each_other(task, dimension, monkeypatch):
    method, config = untrained(task, dimension)
    grid = (7, 9, 5)[:dimension]
    observed, arguments = observation(task, config, grid, count=5)
    together = method.apply(observed, **arguments)
    for index in range(5):
        own = {key: value[index : index + 1] if key == "known" else value for key, value in arguments.items()}
        close(method.apply(observed[index : index + 1], **own)[0], together[index])
    monkeypatch.setattr(restoring, "VOXELS_AT_ONCE", 2 * int(np.prod(grid)))
    close(method.apply(observed, **arguments), together)


@pytest.mark.parametrize("patch_step", [0, 1, 5])
@pytest.mark.parametrize("grid", [(5, 6), (12, 12), (17, 9), (20, 21)])
@pytest.mark.parametrize("task", ["DnCNN", "RDN", "SMRnet", "SMRnet on the spline"])
def test_masked_networks_give_the_same_for_every_patch(task, grid, patch_step):
    config = tiny_config(task)
    observed, arguments = observation(task, config, grid)
    bare = untrained(task, patch_step=1)[0].apply(observed, **arguments)
    found = untrained(task, patch_step=patch_step)[0].apply(observed, **arguments)
    close(found, bare)


def test_published_network_sees_the_zero_padded_patch_of_one_phase():
    method, image = dncnn("zeros", "random", patch=11), noise((1, 5, 8))
    image /= np.abs(image).max()
    turn = np.exp(-0.5j * np.angle(np.sum(image.astype(complex) ** 2)))
    turn *= np.sign(np.sum((turn * image).real * np.abs(image) ** 2))
    padded = np.zeros((1, 11, 11), np.complex64)
    padded[:, 3:8, 1:9] = turn * image
    network = build_network(DnCNNConfig(depth=4, width=5, normalisation="none"), 2, seed=1)
    with torch.inference_mode():
        channels = network(torch.from_numpy(np.stack([padded.real, padded.imag], axis=1)))
    expected = (channels[:, 0] + 1j * channels[:, 1]).numpy()[:, 3:8, 1:9] / turn
    np.testing.assert_allclose(method.apply(image), expected, atol=1e-5)


def test_upsampling_network_adds_to_the_spline():
    config = tiny_config("SMRnet on the spline")
    weights = random_weights(config, 2)
    observed, grid = noise((3, 6, 7)), (11, 14)
    plain = NetworkRestorer(weights, config.model_copy(update={"residual": "none"}), 2)
    added = NetworkRestorer(weights, config, 2)
    difference = added.apply(observed, grid=grid) - plain.apply(observed, grid=grid)
    close(difference, interpolate(observed, grid, 2))
    silent = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    close(NetworkRestorer(silent, config, 2).apply(observed, grid=grid), interpolate(observed, grid, 2))


def test_grid_of_an_upsampling_network_is_the_largest_by_default():
    method, _ = untrained("SMRnet")
    observed = noise((2, 5, 6))
    restored = method.apply(observed)
    assert restored.shape == (2, 10, 12)
    close(method.apply(observed, grid=(9, 11)), restored[:, :9, :11])


def test_zero_and_empty_images():
    for task, dimension in CASES:
        method, config = untrained(task, dimension)
        grid = (5, 6, 4)[:dimension]
        observed, arguments = observation(task, config, grid)
        assert np.isfinite(method.apply(0 * observed, **arguments)).all()
        none = {key: value[:0] if key == "known" else value for key, value in arguments.items()}
        assert method.apply(observed[:0], **none).shape == (0, *grid)


@pytest.mark.parametrize(("task", "dimension"), CASES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_in_measured_voxels_are_refused(task, dimension, bad):
    method, config = untrained(task, dimension)
    observed, arguments = observation(task, config, (7, 9, 5)[:dimension])
    known = arguments.get("known", np.ones(observed.shape, bool))
    observed[tuple(np.argwhere(known)[3])] = bad
    refused(lambda: method.apply(observed, **arguments), "NaN or infinity in measured voxels")


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("junk", [np.nan, np.inf, 1e30])
def test_anything_may_stand_in_missing_voxels(dimension, junk):
    method, config = untrained("PConvUNet", dimension)
    observed, arguments = observation("PConvUNet", config, (7, 9, 5)[:dimension])
    expected = method.apply(observed, **arguments)
    observed[~arguments["known"]] = junk
    assert np.array_equal(method.apply(observed, **arguments), expected)


@pytest.mark.parametrize("task", COMPLETE)
def test_missing_voxels_are_refused_by_networks_that_never_saw_any(task):
    method, config = untrained(task)
    observed, arguments = observation(task, config, (8, 9))
    known = np.ones(observed.shape, bool)
    close(method.apply(observed, known=known, **arguments), method.apply(observed, **arguments))
    known[0, 1, 1] = False
    refused(lambda: method.apply(observed, known=known, **arguments), "found missing voxels")


@pytest.mark.parametrize(("task", "dimension"), CASES)
def test_what_does_not_fit_is_refused(task, dimension):
    method, config = untrained(task, dimension)
    factor = network_factor(config.network)
    observed = noise((2, *(4, 5, 3)[:dimension]))
    right = tuple(factor * n for n in observed.shape[1:])
    method.apply(observed, grid=right)
    for wrong in ((right[0] + 1, *right[1:]), tuple(3 * n for n in right), (*right, 1), right[:-1]):
        refused(lambda wrong=wrong: method.apply(observed, grid=wrong), r"found .*\(4, 5")
    refused(lambda: method.apply(observed[..., None]), rf"axes, expected {dimension}$")
    refused(lambda: method.apply(observed, known=np.ones(observed.shape[1:], bool)), "found a mask of")
    refused(lambda: method.apply(observed[:, :0]), "found shape")
    nothing = np.ones(observed.shape, bool)
    nothing[1] = False
    refused(lambda: method.apply(observed, known=nothing), "without a measured voxel")


def refused(call, message):
    """One line that says what was found and what was expected."""
    with pytest.raises(InputError, match=message) as caught:
        call()
    line = str(caught.value)
    assert "\n" not in line
    assert "found" in line
    assert "expected" in line


@pytest.mark.parametrize("task", COMPLETE)
def test_weights_of_another_network_are_refused(task):
    refused(lambda: NetworkRestorer({}, tiny_config(task), 2), f"weights of {task.split()[0]}: found")
    other = build_network(SMRnetConfig(factor=2, width=6, blocks=1, growth=4), 2, 0).state_dict()
    refused(lambda: NetworkRestorer(other, tiny_config(task), 2), f"weights of {task.split()[0]}: found")
