"""The plain estimate from collinear images: their mean, times a gain."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Images = npt.NDArray[np.float32]


def average(images: npt.NDArray[Any]) -> Images:
    """Return the mean of the collinear images of both partitions, clipped at zero.

    Parameters
    ----------
    images : (item, partition, x, y) ndarray of float
        Collinear images.

    Returns
    -------
    (item, x, y) ndarray of float32
        In the unit of the images.

    Raises
    ------
    InputError
        When the shape is another, or values are not finite.
    """
    y = np.asarray(images, np.float32)
    if y.ndim != 4:
        raise InputError(f"images: found shape {y.shape}, expected (item, partition, x, y)")
    if not np.isfinite(y).all():
        raise InputError("images: found NaN or infinity, expected finite values")
    return np.asarray(np.maximum(y.mean(axis=1), 0))


def estimate(images: npt.NDArray[Any], gain: float) -> Images:
    """Return the estimate ``gain * max(0, mean of the two images)``, ``(item, x, y)`` float32; raises as `average`."""
    return average(images) * np.float32(gain)


def fit_gain(images: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    r"""Return the one gain that makes the estimates of some scenes best.

    It minimises the sum of each scene's squared error over its squared peak, which is what PSNR is the logarithm of:

    .. math:: g = \frac{\sum_i \langle m_i, t_i \rangle / p_i^2}{\sum_i \langle m_i, m_i \rangle / p_i^2}

    for means m, truths t and ``p_i = max t_i``. The mean of PSNR itself, in dB, would weigh good scenes more.

    Parameters
    ----------
    images : (item, partition, x, y) ndarray of float
        Collinear images.
    truth : (item, x, y) ndarray of float
        Concentrations; a scene without any takes no part.

    Returns
    -------
    float
        Concentration over image, in 1/m; 0 where all means are zero.

    Raises
    ------
    InputError
        When shapes do not fit, values are not finite, or no scene has a positive peak.
    """
    mean = average(images).astype(np.float64)
    true = np.asarray(truth, np.float64)
    if true.shape != mean.shape or not len(true):
        raise InputError(f"truth: found shape {true.shape}, expected {mean.shape} and at least one scene")
    if not np.isfinite(true).all():
        raise InputError("truth: found NaN or infinity, expected finite values")
    peak = true.max(axis=(1, 2))
    if not (peak > 0).any():
        raise InputError("truth: found no scene with a positive value, expected at least one")
    weight = np.divide(1, peak**2, out=np.zeros_like(peak), where=peak > 0)
    crossed = np.einsum("i,ixy,ixy->", weight, mean, true)
    own = np.einsum("i,ixy,ixy->", weight, mean, mean)
    return float(crossed / own) if own > 0 else 0.0
