"""Cubic spline interpolation of a down-sampled calibration, on the true positions of its voxels."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import make_interp_spline

from mpipipe.restoration.downsampling import factor_between
from mpipipe.restoration.method import Complex, Mask, Sigma, check_components, refuse_missing
from mpipipe.restoration.multiplier import MultiplierCurve
from mpipipe.restoration.normalise import peak_modulus

FACTORS = (1, 2, 3, 4)  # they differ in the measured grid from 10 voxels on, larger ones do not


@lru_cache(maxsize=1024)
def spline_matrix(
    size: int, factor: int, *, sloped: bool = False, shifted: bool = False
) -> npt.NDArray[np.float32]:
    r"""Return the matrix that interpolates one axis from every k-th voxel.

    The not-a-knot cubic spline through the samples ``y_j`` at the positions ``j k`` is linear in them:

    .. math:: s(i) = \sum_j W_{ij} \, y_j

    Its trailing voxels, behind the last sample, hold that sample or follow the spline's slope; a continued cubic is worse
    than both. With fewer than four samples the spline has the highest degree that they allow.

    Parameters
    ----------
    size : int
        Voxels of the fine grid.
    factor : int
        Every k-th of them was measured.
    sloped : bool
        Continue the slope behind the last sample.
    shifted : bool
        Take the samples for averages of blocks of k voxels, centred ``(k − 1)/2`` voxels further, and hold the border:
        what image libraries do to whole pictures. Wrong here by that shift, and a comparison only.

    Returns
    -------
    (size, measured) ndarray of float32
    """
    count = -(-size // factor)
    if count == 1:
        return np.ones((size, 1), np.float32)
    spline = make_interp_spline(np.arange(count) * factor, np.eye(count), k=min(3, count - 1))
    last = (count - 1) * factor
    position = np.arange(size) - (factor - 1) / 2 if shifted else np.arange(size)
    values = spline(np.clip(position, 0, last))
    if sloped:
        values += np.maximum(position - last, 0.0)[:, None] * spline(last, nu=1)
    return np.asarray(values, np.float32)


def interpolate(
    observed: Complex,
    grid: tuple[int, ...],
    factor: int,
    *,
    sloped: bool = False,
    shifted: bool = False,
) -> Complex:
    """Interpolate real and imaginary part along each axis in turn.

    Parameters
    ----------
    observed : (component, x, y[, z]) ndarray of complex64
        Every k-th voxel of the fine grid.
    grid : tuple of int
        Fine grid.
    factor : int
        Down-sampling factor k.
    sloped, shifted : bool
        See `spline_matrix`.

    Returns
    -------
    (component, *grid) ndarray of complex64
    """
    image: npt.NDArray[Any] = observed
    for axis, size in enumerate(grid, start=1):
        weights = spline_matrix(size, factor, sloped=sloped, shifted=shifted)
        image = np.moveaxis(np.tensordot(image, weights, axes=(axis, 1)), -1, axis)
    return np.ascontiguousarray(image, np.complex64)


@dataclass(frozen=True)
class SplineInterpolation:
    """Bicubic or tricubic interpolation as a restoration method; noise is interpolated too.

    Attributes
    ----------
    shifted : bool
        See `spline_matrix`.
    slope : MultiplierCurve or None
        Tuned choice by noise level: the trailing voxels follow the slope where it is above one half. None holds the
        last sample.
    """

    shifted: bool = False
    slope: MultiplierCurve | None = None

    def apply(
        self,
        observed: Complex,
        sigma: Sigma = 0.0,
        *,
        known: Mask | None = None,
        grid: tuple[int, ...] | None = None,
    ) -> Complex:
        """Interpolate components to `grid`."""
        check_components("spline interpolation", observed, known)
        refuse_missing("spline interpolation", known)
        if grid is None:
            return observed
        factor = factor_between(observed.shape[1:], grid, FACTORS)
        held = interpolate(observed, grid, factor, shifted=self.shifted)
        if self.slope is None or not len(observed):
            return held
        relative = np.asarray(sigma) / peak_modulus(observed).reshape(-1)
        sloped = (self.slope.at(relative) > 0.5).reshape(-1, *(1,) * len(grid))
        return np.where(sloped, interpolate(observed, grid, factor, sloped=True), held)
