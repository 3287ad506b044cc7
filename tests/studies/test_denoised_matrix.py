"""A matrix from the signals of point sources, on a small grid over the published field of view."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.optimize import nnls

from mpipipe.config.denoised_matrix import DenoisedMatrixConfig
from mpipipe.config.digits import DigitsConfig
from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.xspace import XSpaceSignal
from mpipipe.reconstruction.period_rows import choose_bins, inner_bins
from mpipipe.scenes.digits import draw_digits
from mpipipe.studies import denoised_matrix
from mpipipe.studies.denoised_matrix import (
    component_psnr_db,
    components,
    measure_phantoms,
    reconstruct_phantoms,
    score_matrix,
)

SHAPE = (21, 21)
TIME, CYCLES = 9900, 100
CONFIG = DenoisedMatrixConfig()


@pytest.fixture(scope="module")
def model():
    scanner = Scanner(
        gradient_T_per_m=(0.4, 0.4, -0.8),
        drive_amplitude_mT=(20, 20, 0),
        divider=(99, 100, 1),
        base_frequency_Hz=2.475e6,
        waveform="cosine",
    )
    grid = Grid(shape=SHAPE, field_of_view_mm=(101, 101))
    return XSpaceSignal.of(scanner, Particle(core_diameter_nm=30), grid)


@pytest.fixture(scope="module")
def points(model):
    """Signals of the x coil of a point source at each position."""
    sources = np.eye(441, dtype=np.float32).reshape(-1, *SHAPE)
    return np.concatenate([model.signals(sources[i : i + 63])[:, 0] for i in range(0, 441, 63)])


@pytest.fixture(scope="module")
def periods(points):
    """Two periods of each position at 5 dB."""
    level = np.sqrt(np.mean(points**2, axis=1))[:, None, None] * np.float32(10 ** (-5 / 20))
    drawn = np.random.default_rng(0).standard_normal((441, 2, TIME), dtype=np.float32)
    return points[:, None] + level * drawn


@pytest.fixture(scope="module")
def bins(periods):
    return choose_bins(periods, CONFIG.false_rows)


@pytest.fixture(scope="module")
def matrix(points, bins):
    return components(points, bins, SHAPE)


@pytest.fixture(scope="module")
def phantoms():
    """Six for tuning, eight for the test: turned and placed crosses of two bars, each of its own."""
    rng = np.random.default_rng(1)
    crosses = np.zeros((14, 28, 28), np.float32)
    for cross, (row, column) in zip(crosses, rng.integers(8, 18, (14, 2)), strict=True):
        cross[row : row + 2, 7:21] = 1
        cross[7:21, column : column + 2] = 1
    parts = crosses[:6], crosses[6:]
    return tuple(draw_digits(part, len(part), SHAPE, DigitsConfig(), rng) for part in parts)


@pytest.fixture(scope="module")
def measured(matrix, phantoms):
    rng = np.random.default_rng(2)
    return tuple(measure_phantoms(matrix, images, CONFIG.signal_snr_db, rng) for images in phantoms)


def test_components_are_a_direct_transform(monkeypatch):
    signals = np.random.default_rng(3).standard_normal((6, 100)).astype(np.float32)
    bins = np.array([1, 7, 49])
    waves = np.exp(-2j * np.pi * np.outer(np.arange(100), bins) / 100)
    expected = (signals.astype(np.float64) @ waves / 50).T.reshape(3, 2, 3)
    found = components(signals, bins, (2, 3))
    assert found.dtype == np.complex64
    np.testing.assert_allclose(found, expected, atol=1e-6)
    monkeypatch.setattr(denoised_matrix, "BLOCK", 4)
    np.testing.assert_array_equal(components(signals, bins, (2, 3)), found)


def test_a_tone_has_its_amplitude_and_phase():
    angle = 2 * np.pi * np.arange(TIME) / TIME
    tone = 3 * np.cos(7 * CYCLES * angle + 0.4)
    found = components(tone[None].astype(np.float32), [3 * CYCLES, 7 * CYCLES], (1, 1)).reshape(-1)
    np.testing.assert_allclose(found, [0, 3 * np.exp(0.4j)], atol=1e-5)


def test_the_matrix_times_a_phantom_is_the_phantoms_signal(model, matrix, bins, phantoms):
    scenes = phantoms[0]
    direct = components(model.signals(scenes)[:, 0], bins, (len(scenes), 1))[..., 0].T
    found = scenes.reshape(len(scenes), -1) @ matrix.reshape(len(bins), -1).T
    assert np.abs(found - direct).max() < 2e-5 * np.abs(direct).max()


def test_odd_signals_have_an_imaginary_matrix(matrix):
    assert np.abs(matrix.real).max() < 1e-5 * np.abs(matrix.imag).max()


def test_rows_are_those_that_the_clean_matrix_has_above_the_noise(points, periods, bins):
    """At 5 dB, the truth unseen by the choice: the power of each row over that of its noise."""
    all_bins = inner_bins(TIME)
    clean = np.abs(components(points, all_bins, SHAPE).reshape(len(all_bins), -1)) ** 2
    noise = 4 / TIME * np.mean(points**2, axis=1) * 10 ** (-5 / 10)
    truth = np.mean(clean / noise, axis=1)
    # Five standard deviations of noise alone, 1/√(2P), above and below the threshold, itself four of them.
    spread = 1 / np.sqrt(2 * 441)
    assert np.isin(all_bins[truth > 10 * spread], bins).all()
    assert (truth[bins - 1] > 0.05 * spread).all()
    assert 300 < len(bins) < 2000


def test_signals_have_the_noise_that_was_asked_for(matrix, phantoms):
    many = np.repeat(phantoms[0][:1], 200, axis=0)
    clean = many[0].reshape(-1) @ matrix.reshape(len(matrix), -1).T
    found = measure_phantoms(matrix, many, 20.0, np.random.default_rng(0)).signals - clean
    ratio = np.linalg.norm(found, axis=1) / np.linalg.norm(clean)
    assert np.sqrt(np.mean(ratio**2)) == pytest.approx(0.1, rel=5 / np.sqrt(2 * 200 * len(matrix)))


def test_images_are_the_regularised_least_squares_solution():
    """Of an imaginary matrix, as odd signals have, and a concentration that clipping at zero leaves alone."""
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((40, 12)) * np.geomspace(1, 0.3, 40)[:, None]
    phantoms = rng.uniform(0.5, 1, (3, 3, 4))
    signals = phantoms.reshape(3, 12) @ rows.T + 0.01 * rng.standard_normal((3, 40))
    absolute = 0.05 * np.sum(rows**2) / 12
    expected = np.linalg.solve(rows.T @ rows + absolute * np.eye(12), rows.T @ signals.T).T
    assert expected.min() > 0.1
    solver = KaczmarzConfig(regularization=0.05, iterations=300)
    found = reconstruct_phantoms(
        (1j * rows).reshape(40, 3, 4).astype(np.complex64), (1j * signals).astype(np.complex64), solver
    )
    assert found.shape == (3, 3, 4) and found.dtype == np.float32
    np.testing.assert_allclose(found.reshape(3, 12), expected, atol=1e-5)


def test_clipped_images_are_near_the_non_negative_solution(matrix, measured):
    """Clipping between sweeps does not lead there exactly, but within a tenth of its distance from the phantom."""
    rows, value = matrix.reshape(len(matrix), -1).imag.astype(np.float64), 0.1
    rows /= np.linalg.norm(rows)
    scale = np.linalg.norm(matrix.imag)
    extended = np.concatenate([rows, np.sqrt(value / 441) * np.eye(441)])
    for phantom, signal in zip(measured[1].phantoms[:2], measured[1].signals[:2], strict=True):
        expected, _ = nnls(extended, np.concatenate([signal.imag / scale, np.zeros(441)]))
        solver = KaczmarzConfig(regularization=value, iterations=500)
        found = reconstruct_phantoms(matrix, signal[None], solver)[0].reshape(-1)
        error = np.linalg.norm(expected - phantom.reshape(-1))
        assert np.linalg.norm(found - expected) < 0.1 * error < 0.1 * 0.3 * np.linalg.norm(phantom)


def test_the_noisier_the_matrix_the_lower_the_score(matrix, periods, bins, measured):
    noisy = components(periods[:, 0], bins, SHAPE)
    averaged = components(periods.mean(axis=1), bins, SHAPE)
    scored = [score_matrix(one, *measured, CONFIG) for one in (matrix, averaged, noisy)]
    psnr = [one.scores["psnr_db"].mean() for one in scored]
    assert psnr[0] > psnr[1] + 3 and psnr[1] > psnr[2] + 1
    ssim = [one.scores["ssim"].mean() for one in scored]
    assert ssim[0] > ssim[1] > ssim[2]
    assert scored[0].regularization <= scored[2].regularization
    assert not any(one.at_edge for one in scored)


def test_the_best_of_the_tried_regularisations_is_taken(matrix, measured):
    validation, test = measured
    config = CONFIG.model_copy(update={"regularizations": (1e-3, 0.1, 10.0)})
    found = score_matrix(matrix, validation, test, config)
    expected = []
    for value in config.regularizations:
        solver = config.kaczmarz.model_copy(update={"regularization": value})
        images = reconstruct_phantoms(matrix, validation.signals, solver)
        expected.append(
            float(np.mean(10 * np.log10(1 / np.mean((images - validation.phantoms) ** 2, axis=(1, 2)))))
        )
    np.testing.assert_allclose(found.tuning_psnr_db, expected, rtol=1e-5)
    best = int(np.argmax(expected))
    assert found.regularization == config.regularizations[best]
    assert found.at_edge == (best != 1)
    one = CONFIG.model_copy(update={"regularizations": (10.0,)})
    assert not score_matrix(matrix, validation, test, one).at_edge
    two = CONFIG.model_copy(update={"regularizations": (3.0, 10.0)})
    assert score_matrix(matrix, validation, test, two).at_edge


def test_noise_of_known_power_gives_the_psnr_of_components(matrix):
    rng, peak = np.random.default_rng(5), np.abs(matrix).max(axis=(1, 2), keepdims=True)
    noise = rng.standard_normal((2, *matrix.shape)) * np.sqrt(0.5) * 0.01 * peak
    found = component_psnr_db((matrix + noise[0] + 1j * noise[1]).astype(np.complex64), matrix)
    # 441 complex values know their power to 1/21: 0.21 dB, of which the mean of the rows has five deviations.
    assert found.mean() == pytest.approx(40, abs=5 * 0.21 / np.sqrt(len(matrix)) + 0.01)


@pytest.mark.parametrize(
    ("signals", "bins", "message"),
    [
        (
            np.ones((5, 20)),
            [1],
            r"signals: found shape \(5, 20\), expected \(position, time\) with 6 positions",
        ),
        (np.ones(6), [1], "signals: found shape"),
        (np.full((6, 20), np.nan), [1], "signals: found NaN"),
        (np.ones((6, 20)), [0, 3], "bins: found 0 to 3, expected 1 to 9"),
        (np.ones((6, 20)), [10], "bins: found 10 to 10"),
        (np.ones((6, 20)), [1.5], "bins: found float64"),
        (np.ones((6, 20)), [], "bins: found float64"),
    ],
)
def test_what_is_no_signal_of_the_grid_is_an_error(signals, bins, message):
    with pytest.raises(InputError, match=message):
        components(signals, bins, (2, 3))


def test_phantoms_of_another_grid_are_an_error(matrix):
    with pytest.raises(InputError, match=r"phantoms: found shape \(2, 5, 5\)"):
        measure_phantoms(matrix, np.ones((2, 5, 5), np.float32), 20, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("regularizations", (0.1, 0.01)),
        ("regularizations", (0.1, 0.1)),
        ("regularizations", (0.0, 0.1)),
        ("harmonics", (0,)),
        ("false_rows", 0),
    ],
)
def test_settings_out_of_range_are_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        DenoisedMatrixConfig(**{field: value})
