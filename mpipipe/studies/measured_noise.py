"""Noise levels of measured components: from their finest structure, or from empty frames."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import dctn

from mpipipe.errors import InputError

FloatArray = npt.NDArray[np.float64]

HALF_NORMAL_MEDIAN = 0.6744897501960817
"""Median of the modulus of a standard normal variable."""


def estimate_sigma(components: npt.NDArray[Any]) -> FloatArray:
    r"""Return the noise level of components without empty frames, from their finest cosine coefficients.

    .. math:: \hat\sigma = \sqrt{2} \, \mathrm{median}(|\mathrm{Re}\, c|, |\mathrm{Im}\, c|) / 0.6745

    over the coefficients of the orthonormal type-II cosine transform whose index is in the upper half along every axis,
    after Donoho and Johnstone (1994). White noise keeps its level in the transform, so for it the estimate is consistent,
    with a relative standard deviation of about ``1.17 / sqrt(2 n)`` for n coefficients (a quarter of the voxels in 2-D, an
    eighth in 3-D). Structure as fine as two voxels adds to it: of components that are not much larger than their
    structure the estimate is an upper bound. The median keeps it from few large coefficients.

    Parameters
    ----------
    components : (component, x, y[, z]) ndarray of complex
        Measured components.

    Returns
    -------
    (component,) ndarray of float64
        Standard deviation of the complex noise, in the unit of the components.

    Raises
    ------
    InputError
        When there are no components on a grid, or values are not finite.
    """
    values = np.asarray(components)
    if values.ndim < 2 or 0 in values.shape or not np.isfinite(values).all():
        raise InputError(f"components: found shape {values.shape}, expected finite (component, x, y[, z])")
    coefficients = dctn(values, norm="ortho", axes=tuple(range(1, values.ndim)))
    fine = coefficients[:, *(slice(size // 2, None) for size in values.shape[1:])].reshape(len(values), -1)
    moduli = np.abs(np.concatenate([fine.real, fine.imag], axis=1))
    return np.asarray(np.sqrt(2) / HALF_NORMAL_MEDIAN * np.median(moduli, axis=1), np.float64)


def sigma_from_background(frames: npt.NDArray[Any]) -> FloatArray:
    """Return the noise level of components from empty frames, ``sqrt(Σ |f − mean f|² / (F − 1))``.

    Parameters
    ----------
    frames : (..., frame) ndarray of complex
        Empty frames, at least two.

    Returns
    -------
    (...) ndarray of float64
        Standard deviation of the complex noise.

    Raises
    ------
    InputError
        When there are fewer than two frames, or values are not finite.
    """
    values = np.asarray(frames)
    if values.ndim < 1 or values.shape[-1] < 2 or not np.isfinite(values).all():
        raise InputError(
            f"frames: found shape {values.shape}, expected finite (component, frame) with two frames"
        )
    deviation = values - values.mean(axis=-1, keepdims=True, dtype=np.complex128)
    return np.asarray(np.sqrt((np.abs(deviation) ** 2).sum(axis=-1) / (values.shape[-1] - 1)), np.float64)
