r"""Odd symmetry of signals about the middle of a period.

With cosine drive fields the field-free point goes back on its own path, ``x_s(T - t) = x_s(t)``, so each position is seen
twice with opposite velocity. A signal without noise is odd, ``u(T - t) = -u(t)``, and its gradient even, as equation 4 of
the paper on self-supervised signal denoising says. Sample k stands for the time k/T of the period: its counterpart is
sample (T - k) mod T, and samples 0 and T/2 are zero.
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft

from mpipipe.errors import InputError

Float = TypeVar("Float", bound=np.floating[Any])


def reflect(signals: npt.NDArray[Float]) -> npt.NDArray[Float]:
    """Return ``-u(T - t)``, which is u again where the symmetry holds.

    Parameters
    ----------
    signals : (…, time) ndarray of float
        Whole periods.

    Returns
    -------
    (…, time) ndarray of float
    """
    return -np.roll(signals[..., ::-1], 1, axis=-1)


def fold(signals: npt.NDArray[Float]) -> npt.NDArray[Float]:
    r"""Return the odd part of signals, the closest ones with the symmetry.

    .. math:: \frac{u(t) - u(T - t)}{2}

    The orthogonal projection on odd signals: it keeps them, and of white noise it leaves (T/2 - 1)/T of the power, 1/√2 of
    the amplitude but for samples 0 and T/2, which become zero.

    Parameters
    ----------
    signals : (…, time) ndarray of float
        Whole periods.

    Returns
    -------
    (…, time) ndarray of float
    """
    folded = reflect(signals)
    folded += signals
    folded *= 0.5
    return folded


def sine_coefficients(signals: npt.NDArray[Float]) -> npt.NDArray[Float]:
    r"""Return the coefficients of signals in the orthonormal basis of odd ones.

    .. math:: c_j = \sqrt{2/T} \sum_k u_k \sin(2 \pi j k / T), \quad j = 1 \dots \lfloor (T - 1)/2 \rfloor

    The even part of a signal does not count: these are the coefficients of the folded signal, with the same norm.

    Parameters
    ----------
    signals : (…, time) ndarray of float
        Whole periods.

    Returns
    -------
    (…, sine) ndarray of float
    """
    time = signals.shape[-1]
    sines = rfft(signals).imag[..., 1 : 1 + (time - 1) // 2]
    return np.asarray(sines * -np.sqrt(2 / time), signals.dtype)


def from_sine_coefficients(coefficients: npt.NDArray[Float], time: int) -> npt.NDArray[Float]:
    """Return the odd signals ``(…, time)`` of coefficients ``(…, sine)``; see `sine_coefficients`.

    Raises
    ------
    InputError
        A number of coefficients that does not fit the period.
    """
    count = (time - 1) // 2
    if coefficients.shape[-1] != count:
        raise InputError(
            f"coefficients: found {coefficients.shape[-1]}, expected {count} for a period of {time} samples"
        )
    spectrum = np.zeros((*coefficients.shape[:-1], time // 2 + 1), np.result_type(coefficients, np.complex64))
    spectrum[..., 1 : 1 + count].imag = coefficients * -np.sqrt(time / 2)
    return np.asarray(irfft(spectrum, time), coefficients.dtype)
