import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.config.train import DegradationConfig, DnCNNConfig, TrainConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import build_network
from mpipipe.restoration.method import Restorer
from mpipipe.training.restorer import NetworkRestorer


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


def restorer(border="masked", phase="aligned", dimension=2, patch_step=0, batch=256, patch=12):
    config = TrainConfig(
        network=DnCNNConfig(depth=4, width=5, normalisation="none", border=border),
        degradation=DegradationConfig(patch=patch, phase=phase, patch_step=patch_step),
        precision="32",
    )
    weights = build_network(config.network, dimension, seed=1).state_dict()
    return NetworkRestorer(weights, config, dimension, batch=batch)


@settings(deadline=None, max_examples=25)
@given(
    scale=st.floats(1e-3, 1e3),
    phase=st.floats(-4, 4),
    seed=st.integers(0, 30),
    grid=st.one_of(st.tuples(*[st.integers(1, 16)] * 2), st.tuples(*[st.integers(1, 9)] * 3)),
)
def test_aligned_network_commutes_with_scale_and_phase(scale, phase, seed, grid):
    method, image = restorer(dimension=len(grid)), noise((2, *grid), seed)
    factor = np.complex64(scale * np.exp(1j * phase))
    restored = method.apply(factor * image, scale * 0.1)
    assert isinstance(method, Restorer)
    assert restored.dtype == np.complex64
    np.testing.assert_allclose(restored, factor * method.apply(image, 0.1), atol=2e-4 * scale)


def test_published_network_commutes_with_scale():
    method, image = restorer("zeros", "random"), noise((3, 7, 9))
    np.testing.assert_allclose(method.apply(50 * image), 50 * method.apply(image), atol=1e-3)


@pytest.mark.parametrize("patch_step", [0, 1, 5])
@pytest.mark.parametrize("grid", [(5, 6), (12, 12), (17, 9), (20, 21)])
def test_masked_network_gives_the_same_for_every_patch(grid, patch_step):
    image = noise((3, *grid))
    bare = restorer(patch_step=1).apply(image)
    np.testing.assert_allclose(restorer(patch_step=patch_step).apply(image), bare, atol=1e-4)


def test_published_network_sees_the_zero_padded_patch():
    method, image = restorer("zeros", "random", patch=11), noise((1, 5, 8))
    image /= np.abs(image).max()
    padded = np.zeros((1, 11, 11), np.complex64)
    padded[:, 3:8, 1:9] = image
    network = build_network(DnCNNConfig(depth=4, width=5, normalisation="none"), 2, seed=1)
    with torch.inference_mode():
        channels = network(torch.from_numpy(np.stack([padded.real, padded.imag], axis=1)))
    expected = (channels[:, 0] + 1j * channels[:, 1]).numpy()[:, 3:8, 1:9]
    np.testing.assert_allclose(method.apply(image), expected, atol=1e-5)


def test_batches_do_not_change_the_result():
    image = noise((7, 8, 8))
    np.testing.assert_allclose(restorer(batch=3).apply(image), restorer().apply(image), atol=1e-5)


def test_zero_and_empty_images():
    assert np.isfinite(restorer().apply(np.zeros((2, 5, 5), np.complex64))).all()
    assert restorer().apply(np.zeros((0, 5, 5), np.complex64)).shape == (0, 5, 5)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="found components with 3 axes, expected 2"):
        restorer().apply(noise((1, 4, 4, 4)))
    bad = noise((1, 4, 4))
    bad[0, 1, 1] = np.nan
    with pytest.raises(InputError, match="NaN or infinity"):
        restorer().apply(bad)


def test_weights_of_another_network_are_refused():
    config = TrainConfig(network=DnCNNConfig(depth=4, width=5))
    with pytest.raises(InputError, match="weights of DnCNN"):
        NetworkRestorer({}, config, 2)
