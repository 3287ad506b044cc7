import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from mpipipe.restoration.dct import dct_filter

GRIDS = [(1, 1), (7, 12), (5, 4, 6)]


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@pytest.mark.parametrize("grid", GRIDS)
def test_no_noise_changes_nothing(grid):
    image = noise((3, *grid))
    np.testing.assert_allclose(dct_filter(image, 0.0, 3.0), image, atol=2e-6)


@pytest.mark.parametrize("grid", GRIDS)
def test_huge_multiplier_gives_zero(grid):
    assert np.all(dct_filter(noise((3, *grid)), 1.0, 1e6) == 0)


@pytest.mark.parametrize("grid", GRIDS)
def test_coefficients_are_shrunk_and_keep_their_phase(grid):
    image, sigma = noise((4, *grid), 1), np.array([0.1, 0.5, 1.0, 2.0])
    axes = tuple(range(1, image.ndim))
    before = dctn(image.astype(complex), norm="ortho", axes=axes)
    after = dctn(dct_filter(image, sigma, 0.7).astype(complex), norm="ortho", axes=axes)
    threshold = (0.7 * sigma).reshape(-1, *(1,) * len(grid))
    expected = np.maximum(np.abs(before) - threshold, 0) * np.exp(1j * np.angle(before))
    np.testing.assert_allclose(after, expected, atol=1e-5)


def test_energy_law():
    """Parseval: the removed energy is that of the clipped coefficients, λσ each or all of a smaller one."""
    image = noise((1, 9, 8), 2)
    removed = image - dct_filter(image, 0.5, 1.5)
    coefficients = np.abs(dctn(image.astype(complex), norm="ortho", axes=(1, 2)))
    expected = np.sum(np.minimum(coefficients, 0.75) ** 2)
    assert np.sum(np.abs(removed.astype(complex)) ** 2) == pytest.approx(expected, rel=1e-5)


def test_one_cosine_is_shrunk_by_the_threshold():
    n = np.arange(16)
    wave = np.sqrt(2 / 16) * np.cos(np.pi * 3 * (n + 0.5) / 16)
    image = (5j * np.outer(wave, wave))[None].astype(np.complex64)
    np.testing.assert_allclose(dct_filter(image, 0.2, 4.0), image * (5 - 0.8) / 5, atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(scale=st.floats(1e-3, 1e3), phase=st.floats(-7, 7), seed=st.integers(0, 99))
def test_commutes_with_scale_and_global_phase(scale, phase, seed):
    image = noise((2, 6, 5), seed)
    factor = np.complex64(scale * np.exp(1j * phase))
    turned = dct_filter(factor * image, scale * 0.4, 1.1)
    np.testing.assert_allclose(turned, factor * dct_filter(image, 0.4, 1.1), atol=2e-5 * scale)


def test_never_farther_than_the_input_from_zero_and_nonexpansive():
    one, two = noise((1, 8, 8), 3), noise((1, 8, 8), 4)
    apart = np.linalg.norm(dct_filter(one, 0.3, 1.0) - dct_filter(two, 0.3, 1.0))
    assert apart <= np.linalg.norm(one - two) * (1 + 1e-6)
