"""DCT-F: soft thresholding of a component's cosine transform."""

import numpy as np
import numpy.typing as npt
from scipy.fft import dctn, idctn

from mpipipe.restoration.method import Sigma, per_component

Complex = npt.NDArray[np.complex64]


def dct_filter(noisy: Complex, sigma: Sigma, multiplier: Sigma) -> Complex:
    r"""Shrink the moduli of the cosine coefficients by a threshold and keep their phase.

    .. math:: \hat{s} = D^{-1} \left[ \max(|c| - \lambda\sigma, 0) \, e^{i \arg c} \right], \; c = D y

    with the orthonormal type-II cosine transform D over all axes of the grid, which leaves the standard
    deviation of the noise as it is (Weber et al. 2015; Tsanda 2025, section 3.2).

    Parameters
    ----------
    noisy : (component, x, y[, z]) ndarray of complex64
        Noisy components.
    sigma : float or (component,) ndarray
        Standard deviation of the complex noise.
    multiplier : float or (component,) ndarray
        Threshold λ over σ.

    Returns
    -------
    (component, x, y[, z]) ndarray of complex64
    """
    axes = tuple(range(1, noisy.ndim))
    coefficients = dctn(noisy, norm="ortho", axes=axes)
    threshold = per_component(multiplier, noisy.ndim) * per_component(sigma, noisy.ndim)
    modulus = np.abs(coefficients)
    kept = np.maximum(modulus - threshold, 0)
    coefficients *= np.divide(kept, modulus, out=np.zeros_like(modulus), where=modulus > 0)
    return np.asarray(idctn(coefficients, norm="ortho", axes=axes), np.complex64)
