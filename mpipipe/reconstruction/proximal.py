"""Proximal maps in closed form: the step that a constrained solver takes towards each of its terms."""

from typing import Any

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.floating[Any]]


def shrink(points: Real, threshold: float) -> Real:
    """Return the non-negative soft threshold ``max(v − t, 0)``.

    The proximal map of t‖x‖₁ under x ≥ 0: the minimiser of ½‖x − v‖² + t‖x‖₁ over x ≥ 0.

    Parameters
    ----------
    points : (..., voxel) float
        Points v.
    threshold : float
        t, in the unit of the points.
    """
    return np.asarray(np.maximum(points - points.dtype.type(threshold), 0))


def onto_ball(points: Real, radius: Real) -> Real:
    """Return the nearest points of a ball about the origin, ``v min(1, r/‖v‖)``.

    Parameters
    ----------
    points : (batch, coordinate) float
        Points v.
    radius : (batch,) float
        Radius r of each.
    """
    norm = np.sqrt(np.einsum("bi,bi->b", points, points))
    return np.asarray(points * (radius / np.maximum(norm, np.maximum(radius, _tiny(points))))[:, None])


def _tiny(points: Real) -> np.floating[Any]:
    return points.dtype.type(np.finfo(points.dtype).tiny)
