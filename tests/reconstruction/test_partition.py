import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import (
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)
from mpipipe.reconstruction.partition import local_direction, mean_angle, partition, reach_m

ERGUN = {
    "gradient_T_per_m": (3, 3, -6),
    "drive_amplitude_mT": (30, 30, 0),
    "divider": (900, 891, 1),
    "base_frequency_Hz": 22.275e6,
    "waveform": "sine",
}


def trajectory(**changes):
    scanner = Scanner(**{**ERGUN, **changes})
    time_s = sample_times_s(scanner)
    velocity = field_free_point_velocity_m_per_s(scanner, time_s)[:, :2]
    return scanner, field_free_point_m(scanner, time_s)[:, :2], velocity


def test_partitions_are_half_the_time_each_about_45_and_135_degrees():
    """METHODS, section 5: half the time each, mean angles 45.3 and 134.7 degrees, concentration 0.78."""
    _, _, velocity = trajectory()
    for samples, expected in zip(partition(velocity, 0.1), (45.3, 134.7), strict=True):
        angle, concentration = mean_angle(velocity[samples])
        assert abs(len(samples) / len(velocity) - 0.5) < 0.005
        assert abs(angle - expected) < 0.05
        assert abs(concentration - 0.78) < 0.005


def test_partitions_are_fast_and_of_one_sign():
    _, _, velocity = trajectory()
    speed = np.hypot(*velocity.T)
    rising, falling = partition(velocity, 0.3)
    slow = speed < 0.3 * speed.max()
    turning = velocity.prod(axis=1) == 0
    assert (velocity[rising].prod(axis=1) > 0).all() and (velocity[falling].prod(axis=1) < 0).all()
    assert len(rising) + len(falling) + (slow | turning).sum() == len(velocity)
    assert speed[np.concatenate([rising, falling])].min() >= 0.3 * speed.max()


def test_mean_angle_of_known_angles():
    angle = np.radians([30, 60, 210, 240])
    v = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    np.testing.assert_allclose(mean_angle(v), [45, np.cos(np.radians(30))], rtol=1e-12)
    np.testing.assert_allclose(mean_angle(v[:2] * [[1e6], [1]])[0], 30, rtol=1e-4)
    assert mean_angle(np.array([[1.0, 0], [0, 1], [0, 0]]))[1] < 1e-15


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"waveform": "cosine"},
        {"drive_amplitude_mT": (20, 35, 0), "gradient_T_per_m": (-1, 2.5, -1.5), "phase_rad": (0.4, -2, 0)},
        {"divider": (900, 450, 1), "phase_rad": (0.3, 0, 0)},
    ],
)
def test_local_direction_is_that_of_the_samples(changes):
    scanner, points, velocity = trajectory(**changes)
    for which, samples in enumerate(partition(velocity, 0.05)):
        turning = (np.abs(points[samples]) > reach_m(scanner) * (1 - 1e-9)).any(axis=1)
        samples = samples[~turning]
        v = velocity[samples] / np.hypot(*velocity[samples].T)[:, None]
        direction = local_direction(scanner, points[samples])[which]
        np.testing.assert_allclose(np.abs((v * direction).sum(axis=1)), 1, rtol=0, atol=1e-9)
        np.testing.assert_allclose(np.hypot(*direction.T), 1, rtol=1e-12)


def test_reach_is_the_turning_point():
    scanner, points, _ = trajectory(drive_amplitude_mT=(20, 35, 0), gradient_T_per_m=(-1, 2.5, -1.5))
    np.testing.assert_allclose(reach_m(scanner), np.abs(points).max(axis=0), rtol=1e-4)


def test_positions_beyond_the_reach_are_an_error():
    scanner, _, _ = trajectory()
    with pytest.raises(InputError, match=r"grid: .* 10\.5 mm .* along y, expected less than .* 10 mm"):
        local_direction(scanner, np.array([[0, 0.0105]]))


def test_a_point_at_rest_is_an_error():
    with pytest.raises(InputError, match="velocity_m_per_s: found no speed above 0"):
        partition(np.zeros((5, 2)), 0.1)


@pytest.mark.parametrize(
    "velocity, missing", [((1, 0), "45°"), ((0, 1), "45°"), ((1, 1), "135°"), ((1, -1), "45°")]
)
def test_a_partition_without_samples_is_an_error(velocity, missing):
    with pytest.raises(InputError, match=f"found no sample in the {missing} partition"):
        partition(np.array([velocity, velocity], float) * [[1], [-1]], 0.1)
