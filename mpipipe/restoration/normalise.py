"""Normalisation of components to unit maximum."""

import numpy as np
import numpy.typing as npt

Complex = npt.NDArray[np.complex64]


def peak_modulus(image: Complex) -> npt.NDArray[np.float32]:
    """Return the largest modulus of each component, 1 for an image that is zero throughout.

    Parameters
    ----------
    image : (component, x, y[, z]) ndarray of complex64

    Returns
    -------
    (component, 1, 1[, 1]) ndarray of float32
        Positive factors that broadcast over the grid: ``image / peak_modulus(image)`` has unit maximum, and a
        multiplication undoes it.
    """
    peak = np.abs(image).max(axis=tuple(range(1, image.ndim)), keepdims=True)
    return np.where(peak > 0, peak, 1).astype(np.float32)


def to_unit_peak(image: Complex) -> Complex:
    """Return components ``(component, x, y[, z])`` with max|s| = 1; an image of zeros stays as it is."""
    return image / peak_modulus(image)
