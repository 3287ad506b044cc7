"""Cases of the tables: exact noise levels, the same case for every method, bins of the grid size."""

import numpy as np
import pytest

from mpipipe.config.restoration import ObservationConfig
from mpipipe.noise.series import BackgroundSeries
from mpipipe.storage.ensemble import StoredMatrix
from mpipipe.studies.cases import cases, size_bin


@pytest.fixture
def background() -> BackgroundSeries:
    rng = np.random.default_rng(1)
    return BackgroundSeries(
        (rng.normal(size=(3, 10, 300)) + 1j * rng.normal(size=(3, 10, 300))).astype(np.complex64)
    )


def stored(seed: int = 0) -> StoredMatrix:
    rng = np.random.default_rng(seed)
    values = (rng.normal(size=(8, 12, 14)) + 1j * rng.normal(size=(8, 12, 14))).astype(np.complex64)
    index = np.arange(8, dtype=np.int32)
    return StoredMatrix(values, index % 3, index, 5, {})


@pytest.mark.parametrize("sigma", [0.06, 0.3])
def test_truth_has_unit_maximum_and_noise_the_named_level(background: BackgroundSeries, sigma: float) -> None:
    (case,) = cases([stored()], background, ObservationConfig(), sigma, None, lambda matrix: matrix)
    np.testing.assert_allclose(np.abs(case.truth).max(axis=(1, 2)), 1, rtol=1e-6)
    error = np.mean(np.abs(case.observed.values - case.truth) ** 2, axis=(1, 2))
    np.testing.assert_allclose(-10 * np.log10(error), -20 * np.log10(sigma), atol=1e-4)


def test_the_same_seed_gives_the_same_case_and_a_subset_is_sorted(background: BackgroundSeries) -> None:
    first, again = (
        next(iter(cases([stored()], background, ObservationConfig(), 0.1, 4, lambda m: m + 1)))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.observed.values, again.observed.values)
    assert len(first.truth) == 4 and (np.diff(first.frequency) > 0).all()
    other = next(iter(cases([stored()], background, ObservationConfig(), 0.1, 4, lambda m: m + 2)))
    assert not np.array_equal(first.observed.values, other.observed.values)


def test_every_kth_voxel_is_measured_with_noise_of_the_named_level(background: BackgroundSeries) -> None:
    config = ObservationConfig(factor=3)
    (case,) = cases([stored()], background, config, 0.1, None, lambda matrix: matrix)
    assert case.observed.grid == (12, 14) and case.observed.values.shape[1:] == (4, 5)
    error = np.mean(np.abs(case.observed.values - case.truth[:, ::3, ::3]) ** 2, axis=(1, 2))
    np.testing.assert_allclose(np.sqrt(error), 0.1, rtol=1e-4)


def test_missing_voxels_are_the_ratio_and_differ_between_components(background: BackgroundSeries) -> None:
    config = ObservationConfig(missing_ratio=0.1)
    (case,) = cases([stored()], background, config, 0.1, None, lambda matrix: matrix)
    known = case.observed.known
    assert known is not None and (~known).sum(axis=(1, 2)).tolist() == [17] * 8
    assert len({mask.tobytes() for mask in known}) > 1
    assert np.all(case.observed.values[~known] == 0)


@pytest.mark.parametrize(
    ("size", "name"),
    [(12, "(12,18]"), (18, "(12,18]"), (18.3, "(18,24]"), (24, "(18,24]"), (30, "(24,30]"), (31, "(24,30]")],
)
def test_bins_are_closed_above(size: float, name: str) -> None:
    assert size_bin(size, (12, 18, 24, 30)) == name
