"""Fourier coefficients of periodic moments, and passes over them.

``X_k = (1/V) sum_j x_j exp(-2 pi i j k / V)`` for V samples of a period. A signal that is even in time, as
with cosine drives, has real coefficients, and one real FFT of half a period gives them: with ``N = V/2`` the sequence
``y_j = (x_j + x_(N-j))/2 - sin(pi j/N) (x_j - x_(N-j))`` carries even coefficients in its real part and
differences of neighbouring odd ones in its imaginary part (the classical fast cosine transform).
"""

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop

FloatArray = npt.NDArray[np.float64]
Coefficients = npt.NDArray[np.float64] | npt.NDArray[np.complex128]

TILE = 16


class FourierTransform:
    """Fourier coefficients of signals of one length, in memory that is kept from call to call.

    Parameters
    ----------
    rows : int
        Largest number of signals in a call.
    samples : int
        Samples V of a period.
    symmetric : bool
        The signals are even in time and only the first half period is given; V is then a multiple of 4.
    """

    def __init__(self, rows: int, samples: int, symmetric: bool) -> None:
        self._symmetric = symmetric
        self._half = samples // 2
        # Fresh memory for each block would cost as much as the FFT.
        self._scratch = np.empty((rows, samples // (4 if symmetric else 2) + 1), np.complex128)
        angle = 2 * np.pi / samples * np.arange(samples // 4)
        self._sine, self._cosine = np.sin(angle), np.cos(angle)

    def __call__(self, signal: FloatArray) -> Coefficients:
        """Transform some signals.

        Parameters
        ----------
        signal : (row, time) ndarray of float64
            One period, or with symmetry its first half with both ends, ``V/2 + 1`` samples, which are overwritten.

        Returns
        -------
        (row, frequency) ndarray of complex128, with symmetry of float64
            ``V // 2 + 1`` coefficients, divided by V, valid until the next call.
        """
        scratch = self._scratch[: len(signal)]
        if not self._symmetric:
            return np.fft.rfft(signal, norm="forward", out=scratch)
        first = _fold(signal, self._sine, self._cosine)
        _unfold(np.fft.rfft(signal[:, : self._half], out=scratch), first, signal)
        return signal


@loop(fastmath=True)
def _fold(rows: FloatArray, sine: FloatArray, cosine: FloatArray) -> FloatArray:
    """Turn x into y in place and return the sum of the first odd coefficient."""
    last = rows.shape[1] - 1
    count = last // 2 - 1
    first, near, far = np.empty(len(rows)), np.empty(count), np.empty(count)
    sine, cosine = sine[1:], cosine[1:]
    for i in range(len(rows)):
        row = rows[i]
        difference = row[0] - row[last]
        total = 0.5 * difference
        row[0] = row[last] + 0.5 * difference
        ahead, behind = row[1 : 1 + count], row[last - count : last]
        # Four plain loops, each in vector instructions; an unsigned index cannot be negative.
        for j in range(count):
            far[np.uintp(count - 1 - j)] = behind[j]
        for j in range(count):
            mean, change = 0.5 * (ahead[j] + far[j]), ahead[j] - far[j]
            total += cosine[j] * change
            near[j] = mean - sine[j] * change
            far[j] = mean + sine[j] * change
        for j in range(count):
            ahead[j] = near[j]
        for j in range(count):
            behind[np.uintp(count - 1 - j)] = far[j]
        first[i] = total
    return first


@loop(fastmath=True)
def _unfold(transformed: npt.NDArray[np.complex128], first: FloatArray, out: FloatArray) -> None:
    """Write the coefficients from the transform of y, scaled by ``1 / V``."""
    half = transformed.shape[1] - 1
    scale = 1.0 / (2 * half)
    for i in range(len(transformed)):
        odd = first[i]
        out[i, 0] = transformed[i, 0].real * scale
        out[i, 1] = odd * scale
        for k in range(1, half):
            odd -= transformed[i, k].imag
            out[i, 2 * k] = transformed[i, k].real * scale
            out[i, 2 * k + 1] = odd * scale
        out[i, 2 * half] = transformed[i, half].real * scale


@loop(fastmath=True)
def raise_to_squares(coefficients: Coefficients, largest: FloatArray) -> None:
    """Raise `largest` ``(component,)`` to the squared moduli of ``(voxel, component)`` where these are larger."""
    for voxel in range(coefficients.shape[0]):
        for i in range(coefficients.shape[1]):
            value = coefficients[voxel, i]
            largest[i] = max(largest[i], value.real * value.real + value.imag * value.imag)


@loop(fastmath=True)
def pick(
    coefficients: Coefficients,
    components: npt.NDArray[np.intp],
    gain: npt.NDArray[np.complex128],
    out: npt.NDArray[np.complex64],
) -> None:
    """Write chosen components times their gain, ``(voxel, component)`` to ``(chosen, voxel)``."""
    for i in range(len(components)):
        component, factor = components[i], gain[i]
        for voxel in range(coefficients.shape[0]):
            out[i, voxel] = factor * coefficients[voxel, component]


@loop(fastmath=True)
def transpose(rows: npt.NDArray[np.complex64], out: npt.NDArray[np.complex64]) -> None:
    """Write ``(voxel, component)`` as ``(component, voxel)``, tile by tile for the sake of the cache."""
    voxels, components = rows.shape
    for start in range(0, components, TILE):
        for i in range(start, min(start + TILE, components)):
            for voxel in range(voxels):
                out[i, voxel] = rows[voxel, i]
