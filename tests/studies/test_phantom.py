"""A phantom with noisy and restored matrices: levels of noise, and what better matrices must do."""

import numpy as np
import pytest

from mpipipe.config.reconstruct import KaczmarzConfig, ReconstructConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.noise.series import BackgroundSeries
from mpipipe.restoration.splines import SplineInterpolation
from mpipipe.studies.phantom import (
    FULL_CALIBRATION,
    OBSERVED,
    TRUE_MATRIX,
    calibrate,
    image_psnr_db,
    reconstruct_with_each,
)


@pytest.fixture
def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray, BackgroundSeries]:
    rng = np.random.default_rng(0)
    truth = (rng.normal(size=(60, 5, 6)) + 1j * rng.normal(size=(60, 5, 6))).astype(np.complex64)
    truth *= np.geomspace(1, 1e-2, 60)[:, None, None].astype(np.float32)
    frames = (rng.normal(size=(1, 60, 400)) + 1j * rng.normal(size=(1, 60, 400))).astype(np.complex64)
    frames *= np.linspace(1, 3, 60)[None, :, None].astype(np.float32)
    return truth, np.zeros(60, np.int32), np.arange(60, dtype=np.int32), BackgroundSeries(frames)


def test_calibration_noise_has_its_level_in_each_component(problem: tuple) -> None:
    truth, channel, frequency, background = problem
    found = calibrate(
        truth, channel, frequency, background, 0.01, ObservationConfig(), np.random.default_rng(0)
    )
    level = np.sqrt(np.mean(np.abs(found.full - truth) ** 2, axis=(1, 2)))
    np.testing.assert_allclose(level, found.sigma, rtol=1e-4)
    np.testing.assert_allclose(found.sigma.mean(), 0.01 * np.abs(truth).max(), rtol=1e-5)
    np.testing.assert_allclose(found.sigma[-1] / found.sigma[0], 3, rtol=0.1)
    assert found.snr[:10].min() > found.snr[-10:].max()


def test_the_true_matrix_recovers_the_phantom_and_beats_the_noisy_one(problem: tuple) -> None:
    truth, channel, frequency, background = problem
    concentration = np.zeros((5, 6), np.float32)
    concentration[1:3, 2:5] = 1
    signal = (truth.reshape(60, -1) @ concentration.ravel()).astype(np.complex64)
    calibration = calibrate(
        truth, channel, frequency, background, 0.1, ObservationConfig(), np.random.default_rng(0)
    )
    config = ReconstructConfig(
        kaczmarz=KaczmarzConfig(iterations=100, snr_threshold=0.0), regularizations=(1e-6, 1e-3, 1e-1)
    )
    images = reconstruct_with_each(truth, calibration, {}, signal, concentration, config)
    assert images[TRUE_MATRIX].psnr_db > 30 > images[FULL_CALIBRATION].psnr_db
    assert image_psnr_db(images[TRUE_MATRIX].image, concentration) == images[TRUE_MATRIX].psnr_db


def smooth_problem(grid: tuple[int, int], rows: int = 80) -> tuple[np.ndarray, BackgroundSeries]:
    rng = np.random.default_rng(3)
    x, y = np.meshgrid(*(np.linspace(-1, 1, n) for n in grid), indexing="ij")
    waves = [np.cos(a * x + b) * np.cos(c * y + d) for a, b, c, d in rng.uniform(0, 3, (rows, 4))]
    frames = (rng.normal(size=(1, rows, 900)) + 1j * rng.normal(size=(1, rows, 900))).astype(np.complex64)
    return np.stack(waves).astype(np.complex64), BackgroundSeries(frames)


def test_a_coarse_image_has_the_unit_of_the_fine_one() -> None:
    """Every second voxel of a smooth matrix gives an image on its own grid with the same concentration."""
    truth, background = smooth_problem((17, 17))
    concentration = np.ones((17, 17), np.float32)
    signal = (truth.reshape(80, -1) @ concentration.ravel()).astype(np.complex64)
    index = np.arange(80, dtype=np.int32)
    found = calibrate(
        truth, index * 0, index, background, 1e-6, ObservationConfig(factor=2), np.random.default_rng(0)
    )
    assert found.observed.values.shape[1:] == (9, 9)
    config = ReconstructConfig(
        kaczmarz=KaczmarzConfig(iterations=200, snr_threshold=0.0), regularizations=(1e-6,)
    )
    methods = {"Bicubic": SplineInterpolation()}
    images = reconstruct_with_each(truth, found, methods, signal, concentration, config)
    assert images[OBSERVED].image.shape == (9, 9) and images["Bicubic"].image.shape == (17, 17)
    ratio = images[OBSERVED].image.sum() * 4 / images[TRUE_MATRIX].image.sum()
    assert ratio == pytest.approx((17 / 18) ** 2, rel=0.15)  # the border voxels are half outside
    assert images["Bicubic"].psnr_db == pytest.approx(images[TRUE_MATRIX].psnr_db, abs=1.0)


def test_missing_voxels_are_the_same_for_all_components_and_zero() -> None:
    truth, background = smooth_problem((16, 15))
    index = np.arange(80, dtype=np.int32)
    config = ObservationConfig(missing_ratio=0.1)
    found = calibrate(truth, index * 0, index, background, 1e-3, config, np.random.default_rng(0))
    assert found.observed.known is not None
    assert (found.observed.known == found.observed.known[0]).all() and (~found.observed.known[0]).sum() == 24
    assert np.all(found.observed.values[~found.observed.known] == 0)


def test_psnr_of_a_constant_error() -> None:
    truth = np.array([[0.0, 2.0]])
    assert image_psnr_db(truth + 0.2, truth) == pytest.approx(20)
