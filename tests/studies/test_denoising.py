"""Cases of the denoising table: exact noise levels, the same case for every method."""

import numpy as np
import pytest

from mpipipe.noise.series import BackgroundSeries
from mpipipe.storage.ensemble import StoredMatrix
from mpipipe.studies.denoising import cases


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
    (case,) = cases([stored()], background, sigma, None, lambda matrix: matrix)
    np.testing.assert_allclose(np.abs(case.truth).max(axis=(1, 2)), 1, rtol=1e-6)
    error = np.mean(np.abs(case.noisy - case.truth) ** 2, axis=(1, 2))
    np.testing.assert_allclose(-10 * np.log10(error), -20 * np.log10(sigma), atol=1e-4)


def test_the_same_seed_gives_the_same_case_and_a_subset_is_sorted(background: BackgroundSeries) -> None:
    first, again = (next(iter(cases([stored()], background, 0.1, 4, lambda m: m + 1))) for _ in range(2))
    np.testing.assert_array_equal(first.noisy, again.noisy)
    assert len(first.truth) == 4 and (np.diff(first.frequency) > 0).all()
    other = next(iter(cases([stored()], background, 0.1, 4, lambda m: m + 2)))
    assert not np.array_equal(first.noisy, other.noisy)
