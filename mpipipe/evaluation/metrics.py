r"""How far estimates are from the truth, one number an item of the leading axis.

Conventions that decide numbers: components of a system matrix are normalised to max|s| = 1, and PSNR has
the peak 1 and the mean of \|error\|² over complex voxels. With the data range 2 of the real and imaginary
parts it would be 20 log10 2 = 6.02 dB higher, and with the error averaged over real and imaginary parts, as
two values a voxel, 10 log10 2 = 3.01 dB higher. Differences between methods depend on neither. The
structural similarity has no such rule: its data range (2 here) changes differences too.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from mpipipe.errors import InputError

Images = npt.NDArray[np.complexfloating[Any, Any]] | npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]

WINDOW = 7
K1, K2 = 0.01, 0.03
BLOCK_VOXELS = 1 << 15  # of one pass of the window filter: enough for NumPy, and fits the cache


def mse(estimate: Images, truth: Images, where: Mask | None = None) -> Values:
    """Return the mean of |error|² over the voxels.

    Parameters
    ----------
    estimate, truth : (component, x, y[, z]) ndarray of complex or float
        Images of one grid, in the same unit.
    where : (component, x, y[, z]) ndarray of bool, optional
        Voxels that count, at least one a component; none given means all.

    Returns
    -------
    (component,) ndarray of float64
        In the squared unit of the images.

    Raises
    ------
    InputError
        When shapes differ, values are not finite, or no voxel counts.
    """
    _check(estimate, truth, where)
    wide = np.result_type(estimate, truth, np.float64)
    return _mean_square(np.subtract(estimate, truth, dtype=wide), where)


def rmse(estimate: Images, truth: Images, where: Mask | None = None) -> Values:
    """Return the root of `mse`, in the unit of the images."""
    return np.sqrt(mse(estimate, truth, where))


def nrmse(estimate: Images, truth: Images, where: Mask | None = None) -> Values:
    """Return the relative error ‖estimate − truth‖/‖truth‖ (Peng 2024, equation 12).

    The norm is Euclidean (Frobenius). Division by the range of the truth, as others do, would give another
    number. A truth of zeros gives infinity, or 0 where the estimate is zero too.
    """
    return _ratio(rmse(estimate, truth, where), np.sqrt(_mean_square(truth, where)))


def snr_db(estimate: Images, truth: Images, where: Mask | None = None) -> Values:
    """Return the signal-to-noise ratio 20 log10(‖truth‖/‖estimate − truth‖) in dB; infinity without error."""
    return _decibel(-20.0, nrmse(estimate, truth, where))


def psnr_db(
    estimate: Images, truth: Images, *, peak: float | Values = 1.0, where: Mask | None = None
) -> Values:
    r"""Return the peak signal-to-noise ratio in dB.

    .. math:: 10 \log_{10} \frac{p^2}{\frac{1}{N} \sum_r |\hat s(r) - s(r)|^2}

    The sum is over N complex voxels. The data range 2 of real and imaginary parts in place of the peak 1
    would give 6.02 dB more; the error averaged over 2N real values would give 3.01 dB more.

    Parameters
    ----------
    estimate, truth : (component, x, y[, z]) ndarray of complex or float
        Images of one grid; components of a system matrix with max|s| = 1.
    peak : float or (component,) ndarray of float64
        Peak p. For reconstructed images the maximum of the true image (Peng 2024, equation 13).
    where : (component, x, y[, z]) ndarray of bool, optional
        Voxels that count; none given means all.

    Returns
    -------
    (component,) ndarray of float64
        Infinity without error.

    Raises
    ------
    InputError
        When shapes differ, values are not finite, no voxel counts, or a peak is not positive.
    """
    if not np.all(np.asarray(peak) > 0):
        raise InputError(f"peak: found {np.min(peak):g}, expected a positive value")
    return _decibel(-10.0, mse(estimate, truth, where) / np.square(peak))


def ssim(estimate: Images, truth: Images, *, data_range: float = 2.0, where: Mask | None = None) -> Values:
    r"""Return the mean structural similarity of the real and imaginary parts, averaged.

    The same number as ``skimage.metrics.structural_similarity`` with its defaults, for a batch of images:

    .. math:: \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
              {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)}

    with uniform windows of 7 voxels along each axis, sample covariances, C₁ = (0.01 R)² and C₂ = (0.03 R)²,
    averaged over windows that lie inside the image (Wang 2004). Real images have one part.

    Parameters
    ----------
    estimate, truth : (component, x, y[, z]) ndarray of complex or float
        Images of one grid with at least 7 voxels along each axis.
    data_range : float
        Range R of the values: 2 for parts between −1 and 1. The range 1 would give lower values.
    where : (component, x, y[, z]) ndarray of bool, optional
        Average over the windows whose central voxel is marked. A component without such a window, because it is
        marked within 3 voxels of the border only, averages over all windows.

    Returns
    -------
    (component,) ndarray of float64
        Values in [−1, 1].

    Raises
    ------
    InputError
        When shapes differ, values are not finite, or an axis has fewer than 7 voxels.
    """
    _check(estimate, truth, where)
    if min(truth.shape[1:], default=0) < WINDOW:
        raise InputError(
            f"truth: found a grid of {truth.shape[1:]}, expected at least {WINDOW} voxels an axis"
        )
    if not np.iscomplexobj(estimate) and not np.iscomplexobj(truth):
        return _ssim_of_parts(estimate, truth, data_range, where)
    real = _ssim_of_parts(estimate.real, truth.real, data_range, where)
    return 0.5 * (real + _ssim_of_parts(estimate.imag, truth.imag, data_range, where))


def _ssim_of_parts(
    estimate: npt.NDArray[Any], truth: npt.NDArray[Any], data_range: float, where: Mask | None
) -> Values:
    result = np.empty(len(truth))
    step = max(1, BLOCK_VOXELS // math.prod(truth.shape[1:]))
    for start in range(0, len(truth), step):
        block = slice(start, start + step)
        similarity = _ssim_map(estimate[block].astype(float), truth[block].astype(float), data_range)
        result[block] = _mean_over(similarity, None if where is None else _central(where[block]))
    return result


def _ssim_map(x: Values, y: Values, data_range: float) -> Values:
    count = WINDOW ** (x.ndim - 1)
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    sample = count / (count - 1)
    covariance = sample * (_window_mean(x * y) - product)
    variances = sample * (_window_mean(x * x + y * y) - squares)
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    return np.asarray((2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2)))


def _mean_over(similarity: Values, where: Mask | None) -> Values:
    axes = tuple(range(1, similarity.ndim))
    if where is None:
        return np.asarray(similarity.mean(axis=axes), np.float64)
    somewhere = where.any(axis=axes, keepdims=True)
    return np.asarray(similarity.mean(axis=axes, where=where | ~somewhere), np.float64)


def _window_mean(image: Values) -> Values:
    """Mean over each window that lies inside the image."""
    return _central(uniform_filter(image, size=(1, *(WINDOW,) * (image.ndim - 1))))


def _central(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the voxels that are the centre of a window inside the image."""
    margin = WINDOW // 2
    return image[(slice(None), *(slice(margin, -margin),) * (image.ndim - 1))]


def _mean_square(image: npt.NDArray[Any], where: Mask | None) -> Values:
    axes = tuple(range(1, image.ndim))
    squares = np.square(image.real, dtype=np.float64)
    if np.iscomplexobj(image):
        squares += np.square(image.imag, dtype=np.float64)
    if where is None:
        return np.asarray(squares.mean(axis=axes), np.float64)
    return np.asarray(squares.mean(axis=axes, where=where), np.float64)


def _ratio(numerator: Values, denominator: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(numerator == 0, 0.0, numerator / denominator), np.float64)


def _decibel(factor: float, ratio: Values) -> Values:
    with np.errstate(divide="ignore"):
        return np.asarray(factor * np.log10(ratio), np.float64)


def _check(estimate: Images, truth: Images, where: Mask | None) -> None:
    if estimate.shape != truth.shape or truth.ndim < 2:
        raise InputError(
            f"estimate: found shape {estimate.shape}, expected the truth's (component, …) {truth.shape}"
        )
    for name, image in (("estimate", estimate), ("truth", truth)):
        if not np.isfinite(image).all():
            raise InputError(f"{name}: found NaN or infinity, expected finite values")
    if where is not None and (where.shape != truth.shape or where.dtype != np.bool_):
        raise InputError(f"where: found {where.dtype} {where.shape}, expected bool {truth.shape}")
    if where is not None and not where.any(axis=tuple(range(1, where.ndim))).all():
        raise InputError("where: found a component without any voxel, expected at least one")
