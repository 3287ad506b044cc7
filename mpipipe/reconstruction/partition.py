"""Partitions of a planar trajectory by its direction of motion."""

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.scanner import Scanner

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]

PARTITIONS = ("45°", "135°")
"""Direction of motion in each partition, where the field-free point moves as fast along x as along y."""


def partition(velocity_m_per_s: FloatArray, speed_floor: float) -> tuple[IndexArray, IndexArray]:
    """Return the samples of the two partitions, ``v_x v_y > 0`` and ``v_x v_y < 0``.

    Parameters
    ----------
    velocity_m_per_s : (time, 2) ndarray of float64
        Velocity of the field-free point along x and y.
    speed_floor : float
        Fraction of the largest speed; slower samples belong to none, as their signal is divided by the speed.

    Returns
    -------
    tuple of (sample,) ndarray of intp
        Indices along time, ascending.

    Raises
    ------
    InputError
        The point does not move, or a partition has no sample.

    Notes
    -----
    Ergun et al. 2022 split a Lissajous trajectory into "approximately 45° and 135° scanning angles"; that the sign
    decides is an assumption (METHODS, section 5).
    """
    speed = np.hypot(velocity_m_per_s[:, 0], velocity_m_per_s[:, 1])
    if not speed.max(initial=0.0) > 0:
        raise InputError("velocity_m_per_s: found no speed above 0, expected a field-free point that moves")
    fast = speed >= speed_floor * speed.max()
    sense = np.sign(velocity_m_per_s[:, 0]) * np.sign(velocity_m_per_s[:, 1])
    rising, falling = (np.flatnonzero(fast & (sense == sign)) for sign in (1, -1))
    for name, samples in zip(PARTITIONS, (rising, falling), strict=True):
        if not len(samples):
            raise InputError(
                f"velocity_m_per_s: found no sample in the {name} partition, expected a trajectory that moves along "
                "x and y at once"
            )
    return rising, falling


def mean_angle(velocity_m_per_s: FloatArray) -> tuple[float, float]:
    """Return the mean angle along the path in degrees, 0 to 180, and its concentration, 0 to 1 (all angles alike).

    Opposite directions are the same angle: with ``z = sum(|v| exp(2 i angle)) / sum(|v|)`` the mean is half the argument
    of z and the concentration is ``|z|``.

    Parameters
    ----------
    velocity_m_per_s : (sample, 2) ndarray of float64
        Velocities at equal steps of time; not all zero.
    """
    v = velocity_m_per_s[:, 0] + 1j * velocity_m_per_s[:, 1]
    speed = np.abs(v)
    z = np.divide(v**2, speed, out=np.zeros_like(v), where=speed > 0).sum() / speed.sum()
    return float(np.degrees(np.angle(z) / 2) % 180), float(abs(z))


def reach_m(scanner: Scanner) -> FloatArray:
    """Return how far the field-free point gets from the centre along x and y, ``A_i / |G_i|`` in m."""
    amplitude, gradient = scanner.drive_amplitude_mT, scanner.gradient_T_per_m
    return np.array([1e-3 * amplitude[axis] / abs(gradient[axis]) for axis in (0, 1)])


def local_direction(scanner: Scanner, positions_m: FloatArray) -> FloatArray:
    """Return the direction of motion of either partition at positions in the scanned field.

    With ``x = A_x sin(phase)`` the speed along x is ``omega_x A_x |cos(phase)| = omega_x sqrt(A_x^2 - x^2)`` whenever
    the point passes x, whatever the phase and the waveform; the same along y. In the second partition x falls as y rises.

    Parameters
    ----------
    scanner : Scanner
        Drive fields along x and y.
    positions_m : (..., 2) ndarray of float64
        Positions closer to the centre than the reach along x and y.

    Returns
    -------
    (partition, ..., 2) ndarray of float64
        Unit vectors.

    Raises
    ------
    InputError
        A position is beyond the reach.
    """
    reach = reach_m(scanner)
    _check_reach(positions_m, reach)
    speed = np.asarray(scanner.drive_frequency_Hz[:2]) * np.sqrt(reach**2 - positions_m**2)
    unit = speed / np.hypot(speed[..., 0], speed[..., 1])[..., None]
    return np.stack([unit, unit * (-1, 1)])


def _check_reach(positions_m: FloatArray, reach: FloatArray) -> None:
    """Raise `InputError` when a position is not closer to the centre than the reach along x and y."""
    farthest = np.abs(positions_m).reshape(-1, 2).max(axis=0)
    for axis in (0, 1):
        if not farthest[axis] < reach[axis]:
            raise InputError(
                f"grid: found a pixel centre {1e3 * farthest[axis]:.4g} mm from the centre along {'xy'[axis]}, expected "
                f"less than the reach of the field-free point, {1e3 * reach[axis]:.4g} mm"
            )
