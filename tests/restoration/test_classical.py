import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.restoration.classical import CLASSICAL, MultiplierCurve, constant_multiplier
from mpipipe.restoration.dct import dct_filter
from mpipipe.restoration.method import Restorer
from mpipipe.restoration.phase import project_on_phase

CURVE = MultiplierCurve((0.05, 0.1, 0.4), (0.8, 1.0, 1.6))


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


def test_names():
    assert list(CLASSICAL) == ["DCT-F", "DCT-F (multiplier 3)", "DCT-F (one phase)"]


@pytest.mark.parametrize("name", CLASSICAL)
@settings(deadline=None, max_examples=25)
@given(
    scale=st.floats(1e-2, 1e2),
    phase=st.floats(-4, 4),
    seed=st.integers(0, 50),
    grid=st.one_of(st.tuples(*[st.integers(2, 9)] * 2), st.tuples(*[st.integers(2, 5)] * 3)),
)
def test_every_method_commutes_with_scale_and_phase(name, scale, phase, seed, grid):
    restorer, image = CLASSICAL[name].build(CURVE), noise((3, *grid), seed)
    factor = np.complex64(scale * np.exp(1j * phase))
    expected = factor * restorer.apply(image, 0.3)
    restored = restorer.apply(factor * image, scale * 0.3)
    assert isinstance(restorer, Restorer)
    assert restored.shape == image.shape
    assert restored.dtype == np.complex64
    np.testing.assert_allclose(restored, expected, atol=5e-5 * scale)


@pytest.mark.parametrize("name", CLASSICAL)
def test_components_do_not_depend_on_each_other(name):
    restorer, image = CLASSICAL[name].build(CURVE), noise((4, 6, 7))
    sigma = np.array([0.1, 0.2, 0.3, 0.4])
    alone = [restorer.apply(image[i : i + 1], sigma[i])[0] for i in range(4)]
    np.testing.assert_allclose(restorer.apply(image, sigma), alone, atol=1e-6)


def test_constant_multiplier_is_the_plain_filter():
    image = noise((2, 8, 8))
    plain = dct_filter(image, 0.5, 3.0)
    assert np.array_equal(CLASSICAL["DCT-F"].build(constant_multiplier(3.0)).apply(image, 0.5), plain)
    one_phase = CLASSICAL["DCT-F (one phase)"].build(constant_multiplier(3.0)).apply(image, 0.5)
    assert np.array_equal(one_phase, project_on_phase(plain))


def test_curve_passes_through_its_points_and_is_constant_beyond():
    np.testing.assert_allclose(CURVE.at(np.array([0.05, 0.1, 0.4])), [0.8, 1.0, 1.6])
    np.testing.assert_allclose(CURVE.at(np.array([0.0, 1e-9, 5.0])), [0.8, 0.8, 1.6])
    assert CURVE.at(np.array([0.2]))[0] == pytest.approx(1.3)
