"""The compiled inner loop of the Kaczmarz sweeps, in real arithmetic."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

# Reordered sums let the compiler use vector registers; NaN and infinity are refused before this point.
_FAST = {"reassoc", "contract", "nsz", "arcp"}


@numba.njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")  # type: ignore[untyped-decorator]
def _step(
    a: npt.NDArray[Any], c: npt.NDArray[Any], x: npt.NDArray[Any], re: float, im: float
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Add (re + i im) conj(a) to the image x, and return the product c·x of the next row in the same pass."""
    a_re, a_im, c_re, c_im, x_re, x_im = a[0], a[1], c[0], c[1], x[0], x[1]
    sum_re = x_re.dtype.type(0)
    sum_im = x_re.dtype.type(0)
    for n in range(x_re.size):
        u = x_re[n] + re * a_re[n] + im * a_im[n]
        v = x_im[n] + im * a_re[n] - re * a_im[n]
        x_re[n] = u
        x_im[n] = v
        sum_re += c_re[n] * u - c_im[n] * v
        sum_im += c_re[n] * v + c_im[n] * u
    return sum_re, sum_im


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _project(x: npt.NDArray[Any], real: bool, positive: bool) -> None:  # pragma: no cover - compiled
    for n in range(x.shape[1]):
        if real:
            x[1, n] = 0
        if positive and x[0, n] < 0:
            x[0, n] = 0


@numba.njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")  # type: ignore[untyped-decorator]
def run_sweeps(
    rows: npt.NDArray[Any],
    inverse: npt.NDArray[Any],
    root: float,
    signals: npt.NDArray[Any],
    image: npt.NDArray[Any],
    dual: npt.NDArray[Any],
    sweeps: int,
    real: bool,
    positive: bool,
) -> None:  # pragma: no cover - compiled
    """Run Kaczmarz sweeps over a few signals that share each row while it is in the cache.

    The update by one row and the product with the next are one pass over the image, so each row is
    read from memory once and the image is loaded and stored once a row.

    Parameters
    ----------
    rows : (row, 2, voxel) float
        Real and imaginary planes of the rows.
    inverse : (row,) float
        1/(‖a_m‖² + λ).
    root : float
        √λ.
    signals, dual : (batch, 2, row) float
        Signals b and dual variables v; ``dual`` is changed in place.
    image : (batch, 2, voxel) float
        Images, changed in place.
    sweeps : int
        Number of sweeps.
    real, positive : bool
        Projections after each sweep: drop the imaginary part, clip the real part at zero.
    """
    batch, count = signals.shape[0], rows.shape[0]
    alpha = np.zeros((batch, 2), image.dtype)
    for _ in range(sweeps):
        alpha[:] = 0
        for m in range(count):
            before = rows[max(m - 1, 0)]
            for s in range(batch):
                re, im = _step(before, rows[m], image[s], alpha[s, 0], alpha[s, 1])
                alpha[s, 0] = (signals[s, 0, m] - re - root * dual[s, 0, m]) * inverse[m]
                alpha[s, 1] = (signals[s, 1, m] - im - root * dual[s, 1, m]) * inverse[m]
                dual[s, 0, m] += root * alpha[s, 0]
                dual[s, 1, m] += root * alpha[s, 1]
        for s in range(batch):
            if count:
                _step(rows[count - 1], rows[count - 1], image[s], alpha[s, 0], alpha[s, 1])
            _project(image[s], real, positive)


@numba.njit(cache=True, nogil=True, fastmath=_FAST)  # type: ignore[untyped-decorator]
def multiply(
    rows: npt.NDArray[Any], image: npt.NDArray[Any]
) -> npt.NDArray[Any]:  # pragma: no cover - compiled
    """Return the product of rows and images.

    Compiled rather than a library call: the threads of a linear algebra library would compete with those
    of the sweeps, and the order of its sums is not fixed.

    Parameters
    ----------
    rows : (row, 2, voxel) float
        Real and imaginary planes of the rows.
    image : (batch, 2, voxel) float
        Images.

    Returns
    -------
    (batch, 2, row) float
        Real and imaginary planes of the signals.
    """
    signals = np.empty((image.shape[0], 2, rows.shape[0]), rows.dtype)
    nothing = rows.dtype.type(0)
    for m in range(rows.shape[0]):
        for s in range(image.shape[0]):
            signals[s, 0, m], signals[s, 1, m] = _step(rows[m], rows[m], image[s], nothing, nothing)
    return signals
