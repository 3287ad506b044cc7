"""Differences between repeats of a calibration are measured as they were made, and drawn as they are measured."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.signals.cyclic_shift import shifted, unit_norm
from mpipipe.training.repeated_blocks import Repeatability, draw_spectra, measure_repeatability

COUNT, ORDERS = 152, np.arange(2, 12)


def random_rows(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    return unit_norm(rng.standard_normal(shape) + 1j * rng.standard_normal(shape))


def test_gain_and_shift_are_no_noise() -> None:
    rows = random_rows(9, len(ORDERS))
    moved = [gain * shifted(rows, ORDERS, shift, COUNT) for gain, shift in ((1, 0), (1.25, 1.5), (0.8, -0.5))]
    found = measure_repeatability(np.stack(moved), ORDERS, COUNT)
    assert found.drift == pytest.approx(2.0)
    assert found.gain == pytest.approx(1.25 / 0.8)
    assert found.noise.max() < 1e-12
    with pytest.raises(InputError, match="expected two or more"):
        measure_repeatability(rows[None], ORDERS, COUNT)


def test_noise_is_measured_at_its_level() -> None:
    rng = np.random.default_rng(0)
    sigma = 0.02  # large against the step of a shift, small against the rows
    rows = random_rows(1000, len(ORDERS))
    draws = rng.standard_normal((2, 3, *rows.shape))
    noisy = rows + sigma / np.sqrt(2) * (draws[0] + 1j * draws[1])
    found = measure_repeatability(noisy, ORDERS, COUNT).noise
    # Norm and shift take out two of the twenty real dimensions of a row.
    assert (found**2).mean() == pytest.approx(sigma**2 * 18 / 20, rel=0.03)
    assert (found > 0.85 * sigma).all() and (found < 1.02 * sigma).all()


def test_drawn_spectra_are_mixtures_at_their_position() -> None:
    rows = random_rows(4, len(ORDERS))
    blocks = np.stack([rows, 3 * rows])
    still = Repeatability(np.zeros(len(ORDERS)), 0.0, 3.0)
    spectra, positions = draw_spectra(blocks, ORDERS, COUNT, still, 500, np.random.default_rng(0))
    assert set(positions) == {0, 1, 2, 3}
    np.testing.assert_allclose(spectra, rows[positions], atol=1e-12)
    # Mixtures of two orthogonal blocks: all weights between them occur.
    unlike = np.eye(2, len(ORDERS), dtype=complex)[:, None]
    mixed, _ = draw_spectra(unlike, ORDERS, COUNT, still, 4000, np.random.default_rng(1))
    share = np.abs(mixed[:, 0]) / np.abs(mixed[:, :2]).sum(axis=1)
    np.testing.assert_allclose(np.quantile(share, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.04)


def test_drawn_noise_and_drift_have_their_size() -> None:
    rows = random_rows(1, len(ORDERS))
    sigma = np.linspace(0.01, 0.1, len(ORDERS))
    noisy, _ = draw_spectra(
        rows[None], ORDERS, COUNT, Repeatability(sigma, 0.0, 1.0), 20000, np.random.default_rng(0)
    )
    spread = np.sqrt((np.abs(noisy - rows) ** 2).mean(axis=0))
    np.testing.assert_allclose(spread, sigma, rtol=0.03)
    drifting = Repeatability(np.zeros(len(ORDERS)), 3.0, 1.0)
    moved, _ = draw_spectra(rows[None], ORDERS, COUNT, drifting, 5000, np.random.default_rng(0))
    shift = -np.angle(moved[:, 0] / rows[0, 0]) / 2 / (2 * np.pi) * COUNT
    assert -3 <= shift.min() < -2.9 and 2.9 < shift.max() <= 3
