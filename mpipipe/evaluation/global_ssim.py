"""Structural similarity over the whole image as one window."""

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Values = npt.NDArray[np.float64]

C1, C2 = 0.01, 0.03


def global_ssim(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> Values:
    r"""Return the structural similarity over the whole image (self-supervised signal denoising, equation 10).

    .. math:: \frac{(2 \mu_x \mu_y + c_1)(2 \sigma_{xy} + c_2)}
              {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}

    with means, variances and covariance over all pixels, and c₁ = 0.01 and c₂ = 0.03, not squared, as printed. Both images
    are divided by the maximum of the true one first. The printed numerator lacks the 2 before the covariance, without
    which equal images would score less than 1; it is taken for a misprint.

    Parameters
    ----------
    estimate, truth : (item, x, y) array_like of real numbers
        Images of one grid, in the same unit.

    Returns
    -------
    (item,) ndarray of float64
        1 for equal images.

    Raises
    ------
    InputError
        When shapes differ, values are not finite, or a true image has no positive maximum.
    """
    x, y = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    _check(x, y)
    peak = y.max(axis=(1, 2), keepdims=True)
    if not (peak > 0).all():
        raise InputError(f"truth: found an image with the maximum {peak.min():g}, expected a positive one")
    x, y = x / peak, y / peak
    mean_x, mean_y = _mean(x), _mean(y)
    covariance = _mean(x * y) - mean_x * mean_y
    variances = x.var(axis=(1, 2)) + y.var(axis=(1, 2))
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return np.asarray(luminance * (2 * covariance + C2) / (variances + C2))


def _mean(images: Values) -> Values:
    return np.asarray(images.mean(axis=(1, 2)))


def _check(estimate: Values, truth: Values) -> None:
    if estimate.shape != truth.shape or truth.ndim != 3 or 0 in truth.shape[1:]:
        raise InputError(
            f"estimate, truth: found shapes {estimate.shape} and {truth.shape}, expected (item, x, y) of both alike"
        )
    for name, images in (("estimate", estimate), ("truth", truth)):
        if not np.isfinite(images).all():
            raise InputError(f"{name}: found NaN or infinity, expected finite values")
