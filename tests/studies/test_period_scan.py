import numpy as np
import pytest
from pydantic import ValidationError

from mpipipe import simulate_system_matrix
from mpipipe.config.period_noise import PeriodAcquisition
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.studies import period_scan
from mpipipe.studies.period_scan import PeriodScan

GRID = Grid(shape=(9, 7), field_of_view_mm=(100, 80))
CARTESIAN = PeriodAcquisition(grid=GRID)
LISSAJOUS = CARTESIAN.model_copy(
    update={"scanner": CARTESIAN.scanner.model_copy(update={"divider": (99, 100, 1)})}
)
BOTH = pytest.mark.parametrize("acquisition", [CARTESIAN, LISSAJOUS])


def scenes(count, seed=0):
    return np.random.default_rng(seed).random((count, *GRID.shape), np.float32)


def check(found, expected, error=2e-5):
    """Within what the signal model promises."""
    assert np.abs(found - expected).max() < error * np.abs(expected).max()


@pytest.mark.parametrize("coil", ["x", "y"])
@BOTH
def test_the_signal_of_a_scene_is_the_sum_of_its_points(acquisition, coil):
    scan = PeriodScan.of(acquisition.model_copy(update={"coil": coil}))
    drawn = scenes(3)
    points = scan.point_signals(np.arange(GRID.voxels)).astype(float)
    assert points.shape == (63, acquisition.scanner.samples)
    check(scan.signals(drawn), drawn.reshape(3, -1) @ points)


@pytest.mark.parametrize("coil", ["x", "y"])
@BOTH
def test_every_signal_is_odd_about_half_a_period(acquisition, coil):
    signals = PeriodScan.of(acquisition.model_copy(update={"coil": coil})).signals(scenes(3))
    mirrored = np.roll(signals[:, ::-1], 1, axis=1)
    assert np.abs(signals).max() > 0
    check(signals, -mirrored, 1e-5)


@pytest.mark.parametrize("coil", ["x", "y"])
@BOTH
def test_fourier_lines_of_points_are_the_system_matrix(acquisition, coil):
    """The matrix is the spectrum of plus the moment's rate, for a voxel of unit amount.

    It differentiates sampled moments, which are as good as the samples of the derivative where nothing is aliased: the
    particle is small.
    """
    grid, particle = Grid(shape=(4, 3), field_of_view_mm=(80, 90)), Particle(core_diameter_nm=20)
    acquisition = acquisition.model_copy(update={"coil": coil, "grid": grid, "particle": particle})
    points = PeriodScan.of(acquisition).point_signals(np.arange(12)).astype(float)
    matrix = simulate_system_matrix(
        acquisition.scanner, acquisition.particle, acquisition.grid, method="quadrature"
    ).values["xy".index(coil)]
    area = 80e-3 * 90e-3 / 12
    found = np.fft.rfft(points, axis=1, norm="forward").T
    # A line is a mean over the samples, so it is as good as they are: within 2e-5 of the largest one.
    difference = np.abs(found + area * matrix.reshape(-1, 12)).max()
    assert difference < 2e-5 * np.abs(points).max() < 2e-4 * np.abs(matrix).max() * area


def test_the_defaults_are_the_published_ones():
    acquisition = PeriodAcquisition()
    scanner = acquisition.scanner
    assert scanner.drive_frequency_Hz[:2] == pytest.approx((25e3, 500))
    assert scanner.samples == 4950 and scanner.period_s == pytest.approx(2e-3)
    assert acquisition.grid.shape == (101, 101) and acquisition.particle.core_diameter_nm == 30
    # The outermost pixel centres lie at the turning points: 20 mT over 0.4 T/m are 50 mm.
    assert acquisition.grid.axes_m()[0][-1] == pytest.approx(50e-3)


def test_cycles_and_samples_of_a_period():
    cartesian, lissajous = PeriodScan.of(CARTESIAN), PeriodScan.of(LISSAJOUS)
    assert (cartesian.cycles, cartesian.time) == (50, 4950)
    assert (lissajous.cycles, lissajous.time) == (100, 9900)


def test_neither_blocks_nor_workers_nor_the_order_change_signals(monkeypatch):
    scan, order = PeriodScan.of(CARTESIAN), np.array([5, 62, 0, 5, 31])
    expected = scan.point_signals(np.arange(GRID.voxels))[order]
    monkeypatch.setattr(period_scan, "BLOCK", 2)
    np.testing.assert_array_equal(scan.point_signals(order, workers=2), expected)
    np.testing.assert_array_equal(expected[0], expected[3])
    assert scan.point_signals(np.arange(0)).shape == scan.signals(scenes(0)).shape == (0, 4950)


@pytest.mark.parametrize(
    ("positions", "found"),
    [
        ([63], "found 63 to 63, expected pixels from 0 to 62"),
        ([-1, 3], "found -1 to 3"),
        ([0.5], "found float64"),
        ([[1]], r"found int64 of shape \(1, 1\)"),
    ],
)
def test_positions_that_are_no_pixels_are_an_error(positions, found):
    with pytest.raises(InputError, match=f"positions: {found}"):
        PeriodScan.of(CARTESIAN).point_signals(positions)


@pytest.mark.parametrize("maps", [np.ones(3), np.ones((7, 9)), np.ones((2, 7, 9)), -np.ones((1, 9, 7)), 1.0])
def test_maps_that_do_not_fit_are_an_error(maps):
    with pytest.raises(InputError, match="concentration: found"):
        PeriodScan.of(CARTESIAN).signals(maps)


@pytest.mark.parametrize("change", [{"waveform": "sine"}, {"phase_rad": (0, 0.1, 0)}])
def test_a_drive_without_the_symmetry_is_refused(change):
    scanner = Scanner(**{**CARTESIAN.scanner.model_dump(), **change})
    with pytest.raises(ValidationError, match=r"scanner: found waveform .* expected cosine with phases of 0"):
        PeriodAcquisition(scanner=scanner)


def test_what_the_signal_model_cannot_do_is_an_error():
    with pytest.raises(InputError, match="anisotropy_J_per_m3: found 1000"):
        PeriodScan.of(PeriodAcquisition(particle=Particle(anisotropy_J_per_m3=1000)))
