import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import idctn

from mpipipe.errors import InputError
from mpipipe.restoration.biharmonic import BiharmonicInpainting, inpaint
from mpipipe.restoration.masks import draw_blocks, draw_missing


def smooth(shape, seed=0, orders=4):
    """Complex components of low spatial orders, without a common phase."""
    rng = np.random.default_rng(seed)
    spectrum = np.zeros(shape, complex)
    low = (slice(None), *(slice(0, orders) for _ in shape[1:]))
    spectrum[low] = rng.normal(size=spectrum[low].shape) + 1j * rng.normal(size=spectrum[low].shape)
    return idctn(spectrum, axes=tuple(range(1, len(shape))), norm="ortho").astype(np.complex64)


def interior(grid, seed=0):
    """Known voxels around one block that keeps the stencil within the grid."""
    rng = np.random.default_rng(seed)
    known = np.ones((1, *grid), bool)
    start = [int(rng.integers(2, n - 5)) for n in grid]
    known[(0, *(slice(s, s + 3) for s in start))] = False
    return known


def coordinates(grid):
    return np.meshgrid(*(np.arange(n) - n / 3 for n in grid), indexing="ij")


def polynomials(grid):
    """Harmonic polynomials up to degree three: no extremum inside the gap, so the limits never act."""
    x, y, *rest = coordinates(grid)
    yield (0.3 - 1j) + (1 + 2j) * x + (0.7 - 0.1j) * y
    yield (1 - 1j) * x * y + 2j * (x**2 - y**2)
    yield (2 + 1j) * (x**3 - 3 * x * y**2) + 1j * x * y
    if rest:
        yield (1 + 1j) * x * y * rest[0] + (x**2 - rest[0] ** 2)


@pytest.mark.parametrize("grid", [(12, 11), (9, 10, 8)])
@pytest.mark.parametrize("seed", range(3))
def test_harmonic_polynomials_are_reproduced(grid, seed):
    known = interior(grid, seed)
    for image in polynomials(grid):
        observed = np.where(known, image[None].astype(np.complex64), np.nan)
        np.testing.assert_allclose(inpaint(observed, known)[0], image, atol=2e-5 * np.abs(image).max())


def test_quadratic_is_biharmonic_but_not_harmonic():
    """Δ² of a paraboloid is zero; its vertex lies outside the gap, so that the limits do not act."""
    x, y = coordinates((12, 12))
    image, known = ((1 - 0.5j) * (x**2 + y**2))[None], np.ones((1, 12, 12), bool)
    known[:, 5:9, 4:8] = False
    observed = np.where(known, image, 0).astype(np.complex64)
    np.testing.assert_allclose(inpaint(observed, known), image, atol=2e-5 * np.abs(image).max())


def test_result_stays_within_the_limits_of_the_known_voxels():
    """The vertex of the paraboloid lies in the gap: it cannot be found, since its values are no known ones."""
    x, y = np.meshgrid(np.arange(11) - 5.0, np.arange(11) - 5.0, indexing="ij")
    image, known = (5j * (x**2 + y**2))[None].astype(np.complex64), np.ones((1, 11, 11), bool)
    known[:, 4:7, 4:7] = False
    filled = inpaint(image, known)
    np.testing.assert_allclose(filled[~known], 1j * np.abs(image[known]).min(), atol=1e-3)


@settings(deadline=None, max_examples=20)
@given(
    exponent=st.integers(-12, 12),
    phase=st.floats(-4, 4),
    seed=st.integers(0, 200),
    grid=st.one_of(st.tuples(*[st.integers(2, 12)] * 2), st.tuples(*[st.integers(2, 6)] * 3)),
)
def test_commutes_with_scale_and_phase_for_any_gap(exponent, phase, seed, grid):
    image, rng = smooth((2, *grid), seed), np.random.default_rng(seed)
    known = np.stack([~draw_blocks(grid, (0.05, 0.4), (1, 2), rng) for _ in image])
    factor = np.complex64(10.0**exponent * np.exp(1j * phase))
    expected = factor * inpaint(image, known).astype(complex)
    found = inpaint(factor * image, known)
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("grid", [(1, 9), (9, 1), (2, 3), (8, 13), (5, 6, 4)])
def test_known_voxels_are_bit_equal_and_missing_ones_do_not_matter(grid):
    image, rng = smooth((4, *grid), 2), np.random.default_rng(1)
    known = np.stack([~draw_missing(grid, 0.3, rng) for _ in image])
    filled = inpaint(image, known)
    assert filled.dtype == np.complex64
    assert np.isfinite(filled).all()
    assert np.array_equal(filled[known], image[known])
    for junk in (np.nan, np.inf, 1e30):
        assert np.array_equal(inpaint(np.where(known, image, junk).astype(np.complex64), known), filled)


def test_gap_at_the_border_is_filled_from_the_inside():
    image = np.full((1, 8, 8), 2 - 3j, np.complex64)
    known = np.ones((1, 8, 8), bool)
    known[:, :2, 3:] = known[:, 6:, :4] = False
    np.testing.assert_allclose(inpaint(image, known), image, rtol=1e-6)


def test_one_known_voxel_is_all_there_is_to_tell():
    known = np.zeros((1, 4, 5), bool)
    known[0, 2, 2] = True
    np.testing.assert_allclose(inpaint(np.full((1, 4, 5), 1j, np.complex64), known), 1j, atol=1e-6)


def test_nothing_missing_changes_nothing():
    image, method = smooth((3, 6, 7)), BiharmonicInpainting()
    assert np.array_equal(method.apply(image), image)
    assert np.array_equal(method.apply(image, known=np.ones(image.shape, bool)), image)
    assert np.all(method.apply(np.zeros_like(image), known=image.real > 0) == 0)


def test_a_component_without_a_measured_voxel_is_refused():
    known = np.ones((2, 6, 7), bool)
    known[1] = False
    with pytest.raises(
        InputError, match=r"^Biharmonic: found a component without a measured voxel, expected"
    ):
        BiharmonicInpainting().apply(smooth((2, 6, 7)), known=known)
