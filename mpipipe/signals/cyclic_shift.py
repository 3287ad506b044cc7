r"""Cyclic shifts of periodic signals, as phases of their harmonics.

Samples :math:`s_n` of one period of N have the harmonics

.. math:: u_k = \frac{2}{N} \sum_n s_n \, e^{-2\pi i k n / N},

and those of the period that is later by d samples are :math:`u_k \, e^{-2\pi i k d / N}`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Complex = npt.NDArray[np.complex128]
FloatArray = npt.NDArray[np.float64]
Orders = npt.NDArray[np.int64]

SECOND = 2
"""Order of the harmonic that tells the shift in `second_harmonic_phased`."""


def harmonics(periods: FloatArray, orders: Orders) -> Complex:
    """Return the harmonics of periods at some orders.

    Parameters
    ----------
    periods : (..., sample) ndarray of float64
        One period each.
    orders : (order,) ndarray of int64
        Numbers k of the harmonics, from 1 and below half the number of samples.

    Returns
    -------
    (..., order) ndarray of complex128
        In the unit of the periods; a cosine of order k has its amplitude.

    Raises
    ------
    InputError
        When an order is not in the spectrum.
    """
    count = periods.shape[-1]
    if not orders.size or orders.min() < 1 or 2 * orders.max() >= count:
        raise InputError(f"orders: found {orders.tolist()}, expected some from 1 and below {count / 2:g}")
    return np.asarray(np.fft.rfft(periods, axis=-1)[..., orders] * (2 / count), np.complex128)


def shifted(spectra: Complex, orders: Orders, shift: npt.ArrayLike, count: int) -> Complex:
    """Return the harmonics of periods that are later by a number of samples.

    Parameters
    ----------
    spectra : (..., order) ndarray of complex128
        Harmonics.
    orders : (order,) ndarray of int64
        Their numbers.
    shift : (...) array_like of float
        Samples, any real number.
    count : int
        Samples of a period.
    """
    delay = np.asarray(shift, np.float64)[..., None]
    return np.asarray(spectra * np.exp(-2j * np.pi / count * orders * delay))


def best_shift(
    spectra: Complex, reference: Complex, orders: Orders, count: int, *, divisions: int = 1
) -> FloatArray:
    """Return by how many samples periods are to be later, so that they correlate most with a reference.

    Parameters
    ----------
    spectra, reference : (..., order) ndarray of complex128
        Harmonics of periods, and of what they are aligned to.
    orders : (order,) ndarray of int64
        Their numbers.
    count : int
        Samples of a period.
    divisions : int
        Steps of a sample that are tried.

    Returns
    -------
    (...) ndarray of float64
        From −count/2 to below count/2.
    """
    shifts = np.arange(-count * divisions // 2, count * divisions // 2) / divisions
    turned = np.exp(-2j * np.pi / count * np.multiply.outer(orders, shifts))
    correlation = np.real((spectra * reference.conj()) @ turned)
    return np.asarray(shifts[correlation.argmax(axis=-1)], np.float64)


def second_harmonic_phased(spectra: Complex, orders: Orders) -> Complex:
    r"""Return spectra shifted until their own second harmonic is real and positive, in both ways that there are.

    .. math:: v_k = u_k \, e^{-i k \varphi}, \qquad \varphi = \tfrac12 \arg u_2 \;\text{ or }\; \tfrac12 \arg u_2 + \pi.

    The two differ by half a period, the signs of the odd harmonics. As a set they are the same for every cyclic shift of
    the period: what is computed from both alike does not depend on when the recording began, and needs no other period to
    be aligned with.

    Parameters
    ----------
    spectra : (..., order) ndarray of complex128
        Harmonics, the second among them.
    orders : (order,) ndarray of int64
        Their numbers.

    Returns
    -------
    (2, ..., order) ndarray of complex128

    Raises
    ------
    InputError
        When the second harmonic is not among them.
    """
    place = np.flatnonzero(orders == SECOND)
    if not place.size:
        raise InputError(f"orders: found {orders.tolist()}, expected {SECOND} among them")
    phase = np.angle(spectra[..., place[0]])[..., None] / 2
    first = spectra * np.exp(-1j * orders * phase)
    first[..., place[0]] = np.abs(
        spectra[..., place[0]]
    )  # without the rounding that would scale up to a feature
    return np.stack([first, np.where(orders % 2, -first, first)])


def unit_norm(spectra: npt.NDArray[Any]) -> Complex:
    """Return spectra ``(..., order)`` over their norms, so that gain and amount of tracer do not matter; zeros stay."""
    norm = np.linalg.norm(spectra, axis=-1, keepdims=True)
    return np.asarray(np.divide(spectra, norm, out=np.zeros_like(spectra), where=norm > 0), np.complex128)
