"""Phantoms on a grid: the share of each voxel that holds tracer."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.scenes.phantoms import Phantom

DEPTH = 4
"""Times that a voxel on a surface is halved along each axis."""
BLOCK = 4096
"""Voxels that are halved together, which bounds the memory."""


def render(
    phantom: Phantom,
    shape: tuple[int, ...],
    field_of_view_mm: tuple[float, ...] | None = None,
    centre_mm: tuple[float, ...] | float = 0.0,
    *,
    concentration: float = 1.0,
    depth: int = DEPTH,
) -> npt.NDArray[np.float64]:
    """Return the concentration map of a phantom: concentration times the filled share of each voxel.

    The share is an area or volume, so the total amount of tracer does not depend on the grid. Voxels that a
    surface may cross (signed distance of their centre below half their diagonal) are halved along each axis
    ``depth`` times; the last pieces are cut by the surface taken as flat, which is exact for surfaces along
    the axes away from corners.

    Parameters
    ----------
    phantom : Phantom
        Shapes in mm.
    shape : (axis,) int
        Number of voxels along x, y and, on a 3-D grid, z.
    field_of_view_mm : (axis,) float, optional
        Edge lengths of the grid, in mm; the phantom's own by default.
    centre_mm : (axis,) float or float
        Centre of the grid, in mm.
    concentration : float
        Value inside the phantom, in the unit of the result.
    depth : int
        Halvings of the voxels on a surface.

    Returns
    -------
    (x, y[, z]) float64
        Concentration, between 0 and ``concentration``.

    Raises
    ------
    InputError
        When the grid is not 2-D or 3-D, or a size is not positive.
    """
    axes = len(shape)
    size = phantom.field_of_view_mm[:axes] if field_of_view_mm is None else field_of_view_mm
    centre = np.atleast_1d(np.asarray(centre_mm, dtype=np.float64))
    _check_grid(shape, size, centre)
    voxel = np.array(size, dtype=np.float64) / shape
    centres = _centres(shape, voxel) + centre
    share = filled_share(phantom, centres.reshape(-1, axes), voxel, depth)
    return concentration * share.reshape(shape)


def filled_share(
    phantom: Phantom, centres: npt.NDArray[np.float64], voxel: npt.NDArray[np.float64], depth: int
) -> npt.NDArray[np.float64]:
    """Return the filled share of voxels of equal size.

    Parameters
    ----------
    phantom : Phantom
        Shapes in mm.
    centres : (voxel, axis) float64
        Centres of the voxels, in mm.
    voxel : (axis,) float64
        Edge lengths, in mm.
    depth : int
        Halvings that are left.

    Returns
    -------
    (voxel,) float64
        Shares between 0 and 1.
    """
    if depth == 0:
        return _cut_flat(phantom, centres, voxel)
    distance = signed_distance(phantom, centres)
    share = (distance < 0).astype(np.float64)
    crossed = np.flatnonzero(np.abs(distance) < np.linalg.norm(voxel) / 2)
    corners = _centres((2,) * len(voxel), voxel / 2).reshape(-1, len(voxel))
    for start in range(0, len(crossed), BLOCK):
        block = crossed[start : start + BLOCK]
        pieces = (centres[block, None] + corners).reshape(-1, len(voxel))
        share[block] = (
            filled_share(phantom, pieces, voxel / 2, depth - 1).reshape(-1, len(corners)).mean(axis=1)
        )
    return share


def signed_distance(phantom: Phantom, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the signed distance of points ``(..., axis)`` from the union of the shapes, in mm."""
    nearest = np.full(points.shape[:-1], np.inf)
    for shape in phantom.shapes:
        np.minimum(nearest, shape.distance(points), out=nearest)
    return nearest


def _cut_flat(
    phantom: Phantom, centres: npt.NDArray[np.float64], voxel: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the share that a flat surface cuts off, from the distance and its change across the voxel."""
    half_steps = np.diag(voxel / 2)
    ends = (signed_distance(phantom, centres + sign * step) for step in half_steps for sign in (-1, 1))
    width = _sum_of_changes(ends)
    distance = signed_distance(phantom, centres)
    return np.asarray(np.clip(0.5 - distance / np.maximum(width, np.finfo(np.float64).tiny), 0, 1))


def _sum_of_changes(ends: Iterable[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    low_high = iter(ends)
    return np.asarray(sum(np.abs(high - low) for low, high in zip(low_high, low_high, strict=True)))


def _centres(shape: tuple[int, ...], voxel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return voxel centres ``(x, y[, z], axis)`` of a grid that is centred at the origin."""
    lines = [(np.arange(n) - (n - 1) / 2) * edge for n, edge in zip(shape, voxel, strict=True)]
    return np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)


def _check_grid(shape: tuple[int, ...], size: tuple[float, ...], centre: npt.NDArray[np.float64]) -> None:
    if len(shape) not in (2, 3) or len(size) != len(shape) or len(centre) not in (1, len(shape)):
        found = f"shape {shape}, field_of_view_mm {tuple(size)}, centre_mm {tuple(centre.tolist())}"
        raise InputError(f"grid: found {found}, expected each with 2 or each with 3 axes")
    if min(shape) < 1 or not all(np.isfinite(edge) and edge > 0 for edge in size):
        raise InputError(
            f"grid: found shape {shape} and field_of_view_mm {tuple(size)}, expected positive sizes"
        )
