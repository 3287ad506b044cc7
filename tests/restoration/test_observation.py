import numpy as np
import pytest

from mpipipe.config.restoration import ObservationConfig
from mpipipe.restoration.observation import observe

GRIDS = [(7, 12), (6, 5, 8), (13, 4)]


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


def observed(grid, sigma, count=5, seed=0, **knobs):
    truth, frames = noise((count, *grid), 1), noise((count, 400), 2)
    return truth, observe(truth, frames, ObservationConfig(**knobs), sigma, np.random.default_rng(seed))


def every_kth(truth, factor):
    """Brute force: the voxels whose index along each axis is a multiple of the factor."""
    kept = [np.flatnonzero(np.arange(n) % factor == 0) for n in truth.shape[1:]]
    return np.stack([image[np.ix_(*kept)] for image in truth])


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("grid", GRIDS)
def test_measured_voxels_are_every_kth_and_the_grid_is_the_true_one(grid, factor):
    truth, found = observed(grid, 0.0, factor=factor)
    assert found.grid == grid
    assert found.known is None
    assert np.array_equal(found.values, every_kth(truth, factor))


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("grid", GRIDS)
def test_noise_has_its_level_exactly(grid, factor):
    sigma = np.array([0.1, 0.2, 0.3, 0.4, 2.0])
    truth, found = observed(grid, sigma, factor=factor)
    error = np.abs(found.values - every_kth(truth, factor)) ** 2
    np.testing.assert_allclose(np.sqrt(error.mean(axis=tuple(range(1, error.ndim)))), sigma, rtol=1e-5)


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("grid", GRIDS)
def test_missing_voxels_are_zero_and_the_others_as_without(grid, factor):
    _, complete = observed(grid, 0.2, factor=factor)
    _, found = observed(grid, 0.2, factor=factor, missing_ratio=0.1)
    voxels = complete.values[0].size
    assert found.known.shape == found.values.shape == complete.values.shape
    assert (~found.known).reshape(5, -1).sum(axis=1).tolist() == [max(1, round(0.1 * voxels))] * 5
    assert np.all(found.values[~found.known] == 0)
    assert np.array_equal(found.values[found.known], complete.values[found.known])
    assert len({mask.tobytes() for mask in found.known}) > 1


def test_factor_is_told():
    assert [observed((7, 12), 0.0, factor=factor)[1].factor for factor in (1, 3)] == [1, 3]


def test_a_method_is_given_all_that_is_known():
    class Recorder:
        def apply(self, values, sigma=0.0, *, known=None, grid=None):
            return values, sigma, known, grid

    _, found = observed((7, 12), 0.2, factor=2, missing_ratio=0.1)
    values, sigma, known, grid = found.restored_by(Recorder(), 0.2)
    assert values is found.values
    assert known is found.known
    assert (sigma, grid) == (0.2, (7, 12))
