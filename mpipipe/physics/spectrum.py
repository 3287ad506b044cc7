"""Fourier coefficients of periodic moments, and passes over them.

``X_k = (1/V) sum_j x_j exp(-2 pi i j k / V)`` for V samples of a period. A signal that is even in time, as
with cosine drives, has real coefficients, and one real FFT of half a period gives them: with ``N = V/2`` the sequence
``y_j = (x_j + x_(N-j))/2 - sin(pi j/N) (x_j - x_(N-j))`` carries even coefficients in its real part and
differences of neighbouring odd ones in its imaginary part (the classical fast cosine transform).
"""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

FloatArray = npt.NDArray[np.float64]
Coefficients = npt.NDArray[np.float64] | npt.NDArray[np.complex128]

TILE = 32
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "fastmath": True, "error_model": "numpy"}


def fourier_coefficients(signal: FloatArray, symmetric: bool) -> Coefficients:
    """Return the Fourier coefficients of real periodic signals.

    Parameters
    ----------
    signal : (..., time) ndarray of float64
        One period, or where `symmetric` its first half with both ends, ``V/2 + 1`` samples.
    symmetric : bool
        The signal is even in time; V is then a multiple of 4.

    Returns
    -------
    (..., frequency) ndarray of complex128, or of float64 where `symmetric`
        ``V // 2 + 1`` coefficients, divided by V.
    """
    if not symmetric:
        complex_coefficients: npt.NDArray[np.complex128] = rfft(signal, norm="forward")
        return complex_coefficients
    rows = signal.reshape(-1, signal.shape[-1])
    angle = np.pi / (rows.shape[1] - 1) * np.arange(rows.shape[1] - 1)
    folded, first = _fold(rows, np.sin(angle), np.cos(angle))
    return _unfold(rfft(folded, overwrite_x=True), first).reshape(signal.shape)


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def _fold(rows: FloatArray, sine: FloatArray, cosine: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sequence y and the first odd coefficient's sum."""
    count, last = rows.shape[0], rows.shape[1] - 1
    folded, first = np.empty((count, last)), np.empty(count)
    for i in range(count):
        total = 0.5 * (rows[i, 0] - rows[i, last])
        folded[i, 0] = 0.5 * (rows[i, 0] + rows[i, last])
        for j in range(1, last):
            a, b = rows[i, j], rows[i, last - j]
            folded[i, j] = 0.5 * (a + b) - sine[j] * (a - b)
            total += a * cosine[j]
        first[i] = total
    return folded, first


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def _unfold(transformed: npt.NDArray[np.complex128], first: FloatArray) -> FloatArray:
    """Return the coefficients from the transform of y, scaled by ``1 / V``."""
    count, half = transformed.shape
    scale = 1.0 / (2 * (half - 1))
    out = np.empty((count, 2 * half - 1))
    for i in range(count):
        odd = first[i]
        out[i, 0] = transformed[i, 0].real * scale
        out[i, 1] = odd * scale
        for k in range(1, half - 1):
            odd -= transformed[i, k].imag
            out[i, 2 * k] = transformed[i, k].real * scale
            out[i, 2 * k + 1] = odd * scale
        out[i, 2 * half - 2] = transformed[i, half - 1].real * scale
    return out


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def raise_to_squares(coefficients: Coefficients, largest: FloatArray) -> None:
    """Raise `largest` ``(component,)`` to the squared moduli of ``(voxel, component)`` where these are larger."""
    for voxel in range(coefficients.shape[0]):
        for i in range(coefficients.shape[1]):
            value = coefficients[voxel, i]
            largest[i] = max(largest[i], value.real * value.real + value.imag * value.imag)


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def pick(
    coefficients: Coefficients,
    components: npt.NDArray[np.intp],
    gain: npt.NDArray[np.complex128],
    out: npt.NDArray[np.complex64],
) -> None:
    """Write chosen components times their gain, ``(voxel, component)`` to ``(voxel, chosen)``."""
    for voxel in range(coefficients.shape[0]):
        for i in range(len(components)):
            out[voxel, i] = gain[i] * coefficients[voxel, components[i]]


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def transpose(rows: npt.NDArray[np.complex64], out: npt.NDArray[np.complex64]) -> None:
    """Write ``(voxel, component)`` as ``(component, voxel)``, tile by tile for the sake of the cache."""
    voxels, components = rows.shape
    for start in range(0, components, TILE):
        for voxel in range(voxels):
            for i in range(start, min(start + TILE, components)):
                out[i, voxel] = rows[voxel, i]
