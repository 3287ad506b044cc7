"""Total variation of images and its proximal map."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop, part
from mpipipe.errors import InputError
from mpipipe.reconstruction.proximal import Real

# Reordered sums let the compiler use vector registers; NaN and infinity are refused before this point.
_FAST = {"reassoc", "contract", "nsz", "arcp"}


def total_variation(images: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the isotropic total variation ``Σ √((∂x u)² + (∂y u)²)`` of each image.

    Forward differences in steps of a voxel; beyond the last row and column there is no difference.

    Parameters
    ----------
    images : (batch, x, y) float
        Images u.

    Returns
    -------
    (batch,) float64
        In the unit of the images.
    """
    u = np.asarray(images, dtype=np.float64)
    along_x = np.diff(u, axis=1, append=u[:, -1:])
    along_y = np.diff(u, axis=2, append=u[:, :, -1:])
    return np.asarray(np.hypot(along_x, along_y).sum(axis=(1, 2)))


def shrink_variation(
    points: Real, weight: float, iterations: int, dual: Real | None = None
) -> tuple[Real, Real]:
    """Return the proximal map of the total variation under u ≥ 0, and the dual variables that it ends with.

    The minimiser of ``½‖u − v‖² + w TV(u)`` over u ≥ 0 is ``u = max(v − w ∇ᵀp, 0)``, where the dual variables p,
    two a voxel with p_x² + p_y² ≤ 1, come from accelerated projected gradient steps of length 1/(8w). Started
    from the dual variables of a nearby point, a few iterations are enough.

    Parameters
    ----------
    points : (batch, x, y) float32 or float64
        Points v.
    weight : float
        w > 0, in the unit of the points.
    iterations : int
        Gradient steps.
    dual : (batch, 2, x, y) float, optional
        Dual variables to start from; zeros when absent. They are not changed.

    Returns
    -------
    images : (batch, x, y) float
        u, at least 0.
    dual : (batch, 2, x, y) float
        p.

    Raises
    ------
    InputError
        When the points are no batch of two-dimensional images.

    Notes
    -----
    A. Chambolle, "An algorithm for total variation minimization and applications", J. Math. Imaging Vis. 20
    (2004), for the dual problem; A. Beck and M. Teboulle, "Fast gradient-based algorithms for constrained
    total variation image denoising and deblurring problems", IEEE Trans. Image Process. 18 (2009), for the
    acceleration and the constraint.
    """
    if points.ndim != 3:
        raise InputError(
            f"grid: found images of shape {points.shape[1:]}, expected (x, y) for total variation"
        )
    batch, x, y = points.shape
    kind = points.dtype
    p = np.zeros((batch, 2, x * y), kind) if dual is None else dual.reshape(batch, 2, -1).astype(kind)
    images = np.empty((batch, x * y), kind)
    flat = np.ascontiguousarray(points).reshape(batch, -1)
    _run(flat, p, _inside(x, y, kind), y, kind.type(weight), _momentum(iterations, kind), images)
    return images.reshape(points.shape), p.reshape(batch, 2, x, y)


def _inside(x: int, y: int, kind: np.dtype[Any]) -> Real:
    """Return the masks ``(2, voxel)`` of voxels that have a neighbour at x + 1 and at y + 1."""
    masks = np.ones((2, x, y), kind)
    masks[0, -1] = masks[1, :, -1] = 0
    return masks.reshape(2, -1)


def _momentum(iterations: int, kind: np.dtype[Any]) -> Real:
    """Return the factors (t_k − 1)/t_{k+1} of the acceleration, with t_1 = 1, t_{k+1} = (1 + √(1 + 4t_k²))/2."""
    t = [1.0]
    for _ in range(iterations):
        t.append((1 + (1 + 4 * t[-1] ** 2) ** 0.5) / 2)
    return np.asarray([(before - 1) / after for before, after in pairwise(t)], kind)


# An image is one line of voxels: a neighbour along x is `y` further, one along y is 1 further. Where there is no
# neighbour the mask is 0 and the dual variable stays 0, so that the loops run over the line without a branch.


@part(fastmath=_FAST)
def _primal(
    v: npt.NDArray[Any],
    px: npt.NDArray[Any],
    px_before: npt.NDArray[Any],
    py: npt.NDArray[Any],
    py_before: npt.NDArray[Any],
    weight: np.floating[Any],
    u: npt.NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Set ``u = max(v − w ∇ᵀp, 0)``."""
    nothing = u.dtype.type(0)
    for n in range(u.size):
        u[n] = max(v[n] + weight * (px[n] - px_before[n] + py[n] - py_before[n]), nothing)


@part(fastmath=_FAST)
def _ascend(
    u: npt.NDArray[Any],
    u_right: npt.NDArray[Any],
    u_up: npt.NDArray[Any],
    inside: npt.NDArray[Any],
    step: np.floating[Any],
    momentum: np.floating[Any],
    rx: npt.NDArray[Any],
    ry: npt.NDArray[Any],
    p: npt.NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Move the extrapolated dual r along ∇u, project it to p, and extrapolate again."""
    one = u.dtype.type(1)
    mask_x, mask_y, px, py = inside[0], inside[1], p[0], p[1]
    for n in range(u.size):
        qx = rx[n] + step * mask_x[n] * (u_right[n] - u[n])
        qy = ry[n] + step * mask_y[n] * (u_up[n] - u[n])
        shrunk = one / np.sqrt(max(qx * qx + qy * qy, one))
        qx *= shrunk
        qy *= shrunk
        rx[n] = qx + momentum * (qx - px[n])
        ry[n] = qy + momentum * (qy - py[n])
        px[n] = qx
        py[n] = qy


@loop(fastmath=_FAST)
def _run(
    points: npt.NDArray[Any],
    dual: npt.NDArray[Any],
    inside: npt.NDArray[Any],
    y: int,
    weight: np.floating[Any],
    momentum: npt.NDArray[Any],
    images: npt.NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Fill ``images`` (batch, voxel) and change ``dual`` (batch, 2, voxel) in place, one image after the other."""
    batch, voxels = points.shape
    step = points.dtype.type(1 / (8 * weight))
    u = np.zeros(voxels + y, points.dtype)
    rx, ry = np.zeros(voxels + y, points.dtype), np.zeros(voxels + y, points.dtype)
    u_here, u_up, u_right = u[:voxels], u[1 : 1 + voxels], u[y:]
    rx_here, rx_before = rx[y:], rx[:voxels]
    ry_here, ry_before = ry[y:], ry[y - 1 : y - 1 + voxels]
    for b in range(batch):
        v, p = points[b], dual[b]
        rx_here[:] = p[0]
        ry_here[:] = p[1]
        for factor in momentum:
            _primal(v, rx_here, rx_before, ry_here, ry_before, weight, u_here)
            _ascend(u_here, u_right, u_up, inside, step, factor, rx_here, ry_here, p)
        rx_here[:] = p[0]
        ry_here[:] = p[1]
        _primal(v, rx_here, rx_before, ry_here, ry_before, weight, images[b])
