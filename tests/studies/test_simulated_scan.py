"""A simulated calibration and measurement: the noise that was asked for, and a signal that fits the matrix."""

import numpy as np
import pytest

from mpipipe.config.simulation import PhantomScan, Simulation
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.studies.simulated_scan import simulate_calibration, simulate_phantom

SMALL = Simulation(
    scanner=Scanner(divider=(16, 12, 14), drive_amplitude_mT=(12, 12, 0)),
    grid=Grid(shape=(16, 14), field_of_view_mm=(34, 30)),
    phantom=PhantomScan(name="snake", noise=0.0),
)


def test_noise_has_the_level_that_was_asked_for_and_the_ratio_says_so() -> None:
    clean = simulate_calibration(SMALL)
    noisy = simulate_calibration(SMALL.model_copy(update={"noise": 0.02}))
    noise = noisy.values - clean.values
    sigma = 0.02 * np.abs(clean.values).max()
    count = noise.size
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(sigma**2, rel=5 / np.sqrt(count))
    assert abs(noise.mean()) < 5 * sigma / np.sqrt(count)
    rms = np.sqrt(np.mean(np.abs(clean.values) ** 2, axis=(2, 3)))
    np.testing.assert_allclose(noisy["snr"].values, rms / sigma, rtol=1e-4)
    again = simulate_calibration(SMALL.model_copy(update={"noise": 0.02}))
    np.testing.assert_array_equal(again.values, noisy.values)


def test_the_measurement_is_that_of_the_phantom_up_to_the_finer_grid() -> None:
    """The signal of the fine grid against the coarse matrix times the mean concentration: the midpoint rule's error."""
    scan = simulate_phantom(SMALL)
    coarse = np.einsum("cfxy,xy->cf", simulate_calibration(SMALL).values, scan.concentration)
    error = np.linalg.norm(scan.signal - coarse) / np.linalg.norm(scan.signal)
    assert 1e-4 < error < 0.03
    assert scan.concentration.max() <= 1 and scan.concentration.shape == SMALL.grid.shape
    area = scan.concentration.sum() * (34 / 16) * (30 / 14)
    assert area == pytest.approx(2.5 * (20 + 5 + 17.5 + 8.75 + 15), rel=0.01)  # five rods, 2.5 mm wide


def test_without_a_phantom_there_is_nothing_to_measure() -> None:
    with pytest.raises(InputError, match="phantom: found none"):
        simulate_phantom(SMALL.model_copy(update={"phantom": None}))
