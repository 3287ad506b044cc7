import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from mpipipe.errors import InputError
from mpipipe.restoration.downsampling import downsample, factor_between, measured_grid
from mpipipe.restoration.splines import FACTORS, SplineInterpolation, interpolate, spline_matrix

KS = [1, 2, 3, 4]
GRIDS = st.one_of(st.tuples(*[st.integers(1, 13)] * 2), st.tuples(*[st.integers(1, 7)] * 3))


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


def polynomial(grid, degree, seed=0):
    """A complex polynomial of given degree in each coordinate, on the grid scaled to [0, 1]."""
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(degree + 1,) * len(grid)) + 1j * rng.normal(size=(degree + 1,) * len(grid))
    for size in grid:  # each contraction moves the next axis to the front
        powers = (np.arange(size) / max(size - 1, 1))[:, None] ** np.arange(degree + 1)
        image = np.moveaxis(np.tensordot(powers, image, axes=(1, 0)), 0, -1)
    return image[None]


@settings(deadline=None, max_examples=60)
@given(grid=GRIDS, factor=st.integers(1, 4))
def test_measured_voxels_are_every_kth_from_the_first_on(grid, factor):
    number = np.arange(np.prod(grid)).reshape(1, *grid)
    measured = downsample(number, factor)
    assert measured.shape[1:] == measured_grid(grid, factor)
    for voxel in np.ndindex(grid):
        assert (number[(0, *voxel)] in measured) == all(index % factor == 0 for index in voxel)


def test_the_factor_of_the_papers_grids_follows_from_the_grids():
    for size in range(12, 31):
        for factor in (1, 2, 3, 4):
            grid = (size, size + 1)
            assert factor_between(measured_grid(grid, factor), grid, FACTORS) == factor


def test_impossible_grids_are_refused():
    with pytest.raises(
        InputError, match=r"^grid: found \(5, 5\) measured voxels for \(8, 8\), expected every"
    ):
        factor_between((5, 5), (8, 8), FACTORS)
    with pytest.raises(InputError, match=r"^grid: found \(4, 8\) measured voxels for \(8, 8\)"):
        factor_between((4, 8), (8, 8), FACTORS)
    with pytest.raises(InputError):
        factor_between((4, 4), (8, 8, 8), FACTORS)


@pytest.mark.parametrize("factor", KS)
@pytest.mark.parametrize("size", range(1, 30))
def test_one_axis_is_scipys_not_a_knot_spline_then_the_last_sample(size, factor):
    values, position = noise((-(-size // factor),), size), np.arange(size)
    found = spline_matrix(size, factor) @ values
    if len(values) == 1:
        np.testing.assert_allclose(found, np.full(size, values[0]))
        return
    # scipy lowers the degree for two and three samples alike.
    spline = CubicSpline(np.arange(len(values)) * factor, values.astype(complex), bc_type="not-a-knot")
    last = (len(values) - 1) * factor
    expected = np.where(position <= last, spline(position), values[-1])
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("factor", KS)
@pytest.mark.parametrize("grid", [(17, 13), (14, 20), (13, 16, 15)])
def test_cubic_polynomials_are_reproduced_between_the_samples(grid, factor):
    image = polynomial(grid, 3)
    found = interpolate(downsample(image, factor).astype(np.complex64), grid, factor)
    within = tuple(slice(0, (n - 1) // factor * factor + 1) for n in grid)
    np.testing.assert_allclose(
        found[(0, *within)], image[(0, *within)], atol=2e-5 * np.abs(image).max(), rtol=0
    )


@pytest.mark.parametrize("factor", KS)
@pytest.mark.parametrize("grid", [(18, 7), (5, 9), (6, 8, 11)])
def test_multilinear_images_are_reproduced_and_held_behind_the_last_sample(grid, factor):
    image = polynomial(grid, 1)
    if min(measured_grid(grid, factor)) < 2:
        pytest.skip("one sample has no slope")
    found = interpolate(downsample(image, factor).astype(np.complex64), grid, factor)
    held = tuple(np.minimum(np.arange(n), (n - 1) // factor * factor) for n in grid)
    expected = image[(slice(None), *np.ix_(*held))]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(image).max())


@settings(deadline=None, max_examples=80)
@given(grid=GRIDS, factor=st.sampled_from(KS), seed=st.integers(0, 99))
def test_samples_are_passed_through(grid, factor, seed):
    image = noise((2, *grid), seed)
    found = interpolate(downsample(image, factor), grid, factor)
    assert found.shape == image.shape
    assert found.dtype == np.complex64
    np.testing.assert_allclose(downsample(found, factor), downsample(image, factor), atol=3e-6)


@settings(deadline=None, max_examples=40)
@given(grid=GRIDS, factor=st.sampled_from(KS), seed=st.integers(0, 99), shifted=st.booleans())
def test_complex_linear(grid, factor, seed, shifted):
    one, two = (noise((1, *measured_grid(grid, factor)), seed + add) for add in (0, 100))
    a, b = np.complex64(0.3 - 1.2j), np.complex64(-2 + 0.7j)
    joint = interpolate(a * one + b * two, grid, factor, shifted=shifted)
    parts = [
        w * interpolate(x, grid, factor, shifted=shifted).astype(complex) for w, x in ((a, one), (b, two))
    ]
    np.testing.assert_allclose(joint, sum(parts), atol=2e-5 * (1 + np.abs(parts).max()))


@pytest.mark.parametrize("factor", KS)
def test_the_shifted_variant_lags_by_half_a_block(factor):
    """Samples of the ramp at 0, k, 2k, … read as averages of blocks centred at (k − 1)/2, …."""
    size, slope = 24, 2 - 1j
    ramp = slope * np.arange(size)
    observed = ramp[None, ::factor, None].astype(np.complex64)
    found = interpolate(observed, (size, 1), factor, shifted=True)[0, :, 0]
    lag, last = (factor - 1) / 2, (len(observed[0]) - 1) * factor
    position = np.arange(size)
    inner = (position >= lag) & (position <= last + lag)
    np.testing.assert_allclose((ramp - found)[inner], slope * lag, atol=2e-5)
    np.testing.assert_allclose(found[position < lag], 0, atol=1e-5)
    np.testing.assert_allclose(found[position > last + lag], slope * last, atol=1e-4)
    assert inner.sum() >= size - factor


def test_the_method_finds_the_factor_and_leaves_a_complete_grid():
    image = noise((2, 15, 12))
    restored = SplineInterpolation().apply(downsample(image, 3), grid=(15, 12))
    assert np.array_equal(restored, interpolate(downsample(image, 3), (15, 12), 3))
    assert np.array_equal(SplineInterpolation().apply(image), image)
    np.testing.assert_allclose(SplineInterpolation().apply(image, grid=(15, 12)), image, atol=3e-6)
