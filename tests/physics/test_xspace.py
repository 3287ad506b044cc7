"""X-space signals against sums over pixels, derivatives of the moment, symmetries, and the system matrix."""

import numpy as np
import pytest

from mpipipe import simulate_system_matrix
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import langevin
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import point_spread_tensor
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import (
    drive_field_T,
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)
from mpipipe.physics.xspace import XSpaceSignal

ERROR = 2e-5
"""What the module promises, relative to the largest signal."""
PARTICLE = Particle(core_diameter_nm=25)
STUDY = Scanner(
    gradient_T_per_m=(3, 3, -6),
    drive_amplitude_mT=(30, 30, 0),
    divider=(900, 891, 1),
    base_frequency_Hz=22.275e6,
    waveform="sine",
)
UNEQUAL = Scanner(
    gradient_T_per_m=(3, -1.6, -1.4),
    drive_amplitude_mT=(30, 20, 0),
    divider=(60, 64, 1),
    phase_rad=(0.3, -1, 0),
)
WINDOW = Grid(shape=(300, 280), field_of_view_mm=(20, 20))
SHIFTED = Grid(shape=(45, 70), field_of_view_mm=(14, 21), centre_mm=(2, -3))


def points(grid, count, seed=0):
    """Concentration map of a few single pixels, the hardest scene for modes."""
    rng = np.random.default_rng(seed)
    scene = np.zeros(grid.voxels, np.float32)
    scene[rng.choice(grid.voxels, count, replace=False)] = rng.uniform(0.5, 2, count)
    return scene.reshape(grid.shape)


def pixel_area(grid):
    return 1e-6 * np.prod(grid.field_of_view_mm) / np.prod(grid.shape)


def occupied(grid, scene):
    """Positions and amounts of the occupied pixels."""
    return grid.positions_m()[scene > 0], scene[scene > 0] * pixel_area(grid)


def summed(scanner, particle, grid, scene, samples):
    """The signal at some samples as the sum over pixels that defines it."""
    time = sample_times_s(scanner)[samples]
    place = field_free_point_m(scanner, time)[:, :2]
    velocity = field_free_point_velocity_m_per_s(scanner, time)[:, :2]
    positions, amounts = occupied(grid, scene)
    tensor = point_spread_tensor(particle, scanner.gradient_T_per_m, positions[:, None, :2] - place[None])
    return np.einsum("r,rtij,tj->it", amounts, tensor, velocity)


def some_samples(signal, count=300):
    """A few samples, the strongest of each channel among them."""
    drawn = np.random.default_rng(1).choice(signal.shape[1], min(count, signal.shape[1]), replace=False)
    return np.union1d(drawn, np.abs(signal).argmax(axis=1))


def check(found, expected, error=ERROR):
    assert np.abs(found - expected).max() < error * np.abs(expected).max()


@pytest.mark.parametrize("count", [1, 4, 60])
@pytest.mark.parametrize(
    ("scanner", "particle", "grid"),
    [
        (STUDY, PARTICLE, WINDOW),
        (UNEQUAL, PARTICLE, SHIFTED),
        (UNEQUAL.model_copy(update={"waveform": "sine"}), PARTICLE, SHIFTED),
        (UNEQUAL, Particle(core_diameter_nm=12), SHIFTED),
        (UNEQUAL, Particle(core_diameter_nm=35), SHIFTED),
    ],
)
def test_it_is_the_sum_over_pixels(scanner, particle, grid, count):
    scene = points(grid, count, seed=count)
    (found,) = XSpaceSignal.of(scanner, particle, grid).signals(scene[None])
    assert found.dtype == np.float32 and found.shape == (2, scanner.samples)
    samples = some_samples(found)
    check(found[:, samples], summed(scanner, particle, grid, scene, samples))


@pytest.mark.parametrize("amplitude", [2.0, 60.0])
def test_copies_of_the_kernel_stay_out_for_any_reach_of_the_trajectory(amplitude):
    """All of the scene in the corners, so that differences are as long as they get."""
    scanner = UNEQUAL.model_copy(update={"drive_amplitude_mT": (amplitude, amplitude, 0)})
    scene = np.zeros(SHIFTED.shape, np.float32)
    scene[::44, ::69] = 1
    (found,) = XSpaceSignal.of(scanner, PARTICLE, SHIFTED).signals(scene[None])
    samples = np.arange(scanner.samples)
    check(found, summed(scanner, PARTICLE, SHIFTED, scene, samples))


@pytest.mark.parametrize("waveform", ["sine", "cosine"])
def test_it_is_minus_the_rate_of_the_total_moment(waveform):
    scanner = UNEQUAL.model_copy(update={"waveform": waveform})
    scene = points(SHIFTED, 30)
    positions, amounts = occupied(SHIFTED, scene)

    def moment(time):
        field = np.asarray(scanner.gradient_T_per_m) * positions[:, None] + drive_field_T(scanner, time)
        size = np.linalg.norm(field, axis=-1, keepdims=True)
        return np.einsum("r,rti->it", amounts, langevin(PARTICLE.beta_per_T * size) * field / size)

    time, step = sample_times_s(scanner), 1e-10
    expected = -(moment(time + step) - moment(time - step)) / (2 * step)
    (found,) = XSpaceSignal.of(scanner, PARTICLE, SHIFTED).signals(scene[None])
    check(found, expected[:2])


@pytest.mark.parametrize("waveform", ["sine", "cosine"])
def test_its_spectrum_is_the_system_matrix_times_the_scene(waveform):
    """The system matrix is the spectrum of plus the moment's rate, a voxel of unit amount for each pixel."""
    scanner = Scanner(gradient_T_per_m=(-1, -1.2, 2.2), waveform=waveform)
    particle = Particle(core_diameter_nm=20)
    grid = Grid(shape=(7, 6), field_of_view_mm=(22, 20))
    scene = np.random.default_rng(0).random(grid.shape)
    matrix = simulate_system_matrix(scanner, particle, grid, method="quadrature").values[:2]
    expected = -pixel_area(grid) * np.einsum("ckxy,xy->ck", matrix, scene)
    (signal,) = XSpaceSignal.of(scanner, particle, grid).signals(scene[None])
    found = np.fft.rfft(signal.astype(np.float64), norm="forward")
    check(found, expected)


def test_swapped_axes_swap_the_channels():
    swap = {
        name: (getattr(UNEQUAL, name)[1], getattr(UNEQUAL, name)[0], getattr(UNEQUAL, name)[2])
        for name in ("gradient_T_per_m", "drive_amplitude_mT", "divider", "phase_rad")
    }
    grid = Grid(shape=(70, 45), field_of_view_mm=(21, 14), centre_mm=(-3, 2))
    scene = points(SHIFTED, 20)
    (found,) = XSpaceSignal.of(UNEQUAL.model_copy(update=swap), PARTICLE, grid).signals(scene.T[None])
    (expected,) = XSpaceSignal.of(UNEQUAL, PARTICLE, SHIFTED).signals(scene[None])
    check(found, expected[::-1], 3e-6)


def test_it_is_linear_and_does_not_depend_on_workers_or_precision():
    signal = XSpaceSignal.of(UNEQUAL, PARTICLE, SHIFTED)
    scenes = np.random.default_rng(0).random((3, *SHIFTED.shape), np.float32)
    found = signal.signals(scenes)
    check(signal.signals((2 * scenes[0] + 3 * scenes[1])[None])[0], 2 * found[0] + 3 * found[1], 3e-6)
    np.testing.assert_array_equal(signal.signals(scenes, workers=3), found)
    np.testing.assert_array_equal(signal.signals(scenes.astype(np.float64)), found)
    np.testing.assert_array_equal(signal.signals(scenes[2:]), found[2:])


def test_no_scene_and_an_empty_scene_give_no_signal():
    signal = XSpaceSignal.of(UNEQUAL, PARTICLE, SHIFTED)
    assert signal.signals(np.zeros((0, *SHIFTED.shape))).shape == (0, 2, UNEQUAL.samples)
    assert not signal.signals(np.zeros((1, *SHIFTED.shape))).any()


@pytest.mark.parametrize(
    ("scanner", "particle", "grid", "message"),
    [
        ({"drive_amplitude_mT": (12.0, 0.0, 0.0)}, PARTICLE, SHIFTED, "drive along x, expected"),
        ({"drive_amplitude_mT": (12.0, 0.0, 12.0)}, PARTICLE, SHIFTED, "drive along xz, expected"),
        ({"gradient_T_per_m": (1.0, 0.0, -1.0)}, PARTICLE, SHIFTED, "found 0 along the driven axis y"),
        ({}, Particle(anisotropy_J_per_m3=100), SHIFTED, "anisotropy_J_per_m3: found 100.0"),
        ({}, PARTICLE, Grid(shape=(9,), field_of_view_mm=(9,)), r"grid: found shape \(9,\)"),
    ],
)
def test_settings_that_it_does_not_cover_are_refused(scanner, particle, grid, message):
    with pytest.raises(InputError, match=message):
        XSpaceSignal.of(UNEQUAL.model_copy(update=scanner), particle, grid)


@pytest.mark.parametrize(
    ("shape", "value", "workers", "message"),
    [
        ((45, 70), 1.0, 1, r"concentration: found shape \(45, 70\)"),
        ((1, 70, 45), 1.0, 1, r"concentration: found shape \(1, 70, 45\)"),
        ((1, 45, 70), -1e-3, 1, "negative or not finite"),
        ((1, 45, 70), np.nan, 1, "negative or not finite"),
        ((1, 45, 70), np.inf, 1, "negative or not finite"),
        ((1, 45, 70), 1.0, 0, "workers: found 0"),
    ],
)
def test_bad_scenes_are_refused(shape, value, workers, message):
    scene = np.ones(shape)
    scene[..., 3, 4] = value
    with pytest.raises(InputError, match=message):
        XSpaceSignal.of(UNEQUAL, PARTICLE, SHIFTED).signals(scene, workers=workers)
