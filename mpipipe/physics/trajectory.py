"""Drive field and field-free point over time."""

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.scanner import Scanner

FloatArray = npt.NDArray[np.float64]


def sample_times_s(scanner: Scanner, oversampling: int = 1) -> FloatArray:
    """Return the sampling times of one period in s, ``oversampling`` samples a tick of the base frequency."""
    if oversampling < 1:
        raise InputError(f"oversampling: found {oversampling}, expected an integer of at least 1")
    return np.arange(scanner.samples * oversampling) / (scanner.base_frequency_Hz * oversampling)


def drive_field_T(scanner: Scanner, time_s: npt.ArrayLike) -> FloatArray:
    """Return the drive field.

    Parameters
    ----------
    scanner : Scanner
        Amplitudes, frequencies, phases and waveform.
    time_s : (time,) array_like
        Times in s.

    Returns
    -------
    (time, axis) ndarray of float64
        Flux density in T.
    """
    amplitude = 1e-3 * np.asarray(scanner.drive_amplitude_mT)
    return amplitude * np.cos(_phase(scanner, time_s))


def drive_field_rate_T_per_s(scanner: Scanner, time_s: npt.ArrayLike) -> FloatArray:
    """Return the time derivative of the drive field, ``(time, axis)`` in T/s."""
    amplitude = 1e-3 * np.asarray(scanner.drive_amplitude_mT)
    rate = 2 * np.pi * np.asarray(scanner.drive_frequency_Hz)
    return -amplitude * rate * np.sin(_phase(scanner, time_s))


def field_free_point_m(scanner: Scanner, time_s: npt.ArrayLike) -> FloatArray:
    """Return the position of the field-free point, ``r_i = -B_drive,i / G_i``.

    Returns
    -------
    (time, axis) ndarray of float64
        Position in m; 0 along axes that are not driven.

    Raises
    ------
    InputError
        A driven axis has no gradient, so there is no field-free point.
    """
    return -drive_field_T(scanner, time_s) / _gradient(scanner)


def field_free_point_velocity_m_per_s(scanner: Scanner, time_s: npt.ArrayLike) -> FloatArray:
    """Return the velocity of the field-free point, ``(time, axis)`` in m/s; raises as `field_free_point_m`."""
    return -drive_field_rate_T_per_s(scanner, time_s) / _gradient(scanner)


def _phase(scanner: Scanner, time_s: npt.ArrayLike) -> FloatArray:
    """Return the argument of the cosine; the sine is a cosine that lags by a quarter of a turn."""
    lag = np.pi / 2 if scanner.waveform == "sine" else 0.0
    turns = np.multiply.outer(np.asarray(time_s, dtype=np.float64), np.asarray(scanner.drive_frequency_Hz))
    # Whole turns are dropped first, so that late samples are as exact as early ones.
    phase: FloatArray = 2 * np.pi * (turns - np.floor(turns)) + np.asarray(scanner.phase_rad) - lag
    return phase


def _gradient(scanner: Scanner) -> FloatArray:
    gradient = np.asarray(scanner.gradient_T_per_m, dtype=np.float64)
    for axis in scanner.active:
        if gradient[axis] == 0:
            raise InputError(
                f"gradient_T_per_m: found 0 along the driven axis {'xyz'[axis]}, expected a gradient for a field-free point"
            )
    return np.where(gradient == 0, np.inf, gradient)
