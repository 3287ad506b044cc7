"""The finer grid of which every k-th voxel, from the first on, is a voxel of a coarse one."""

import numpy as np
import numpy.typing as npt

from mpipipe.physics.grid import Grid


def finer_line(coarse: npt.NDArray[np.floating], size: int, factor: int) -> npt.NDArray[np.float64]:
    """Return the positions along one axis of the finer grid; an axis of a single voxel stays.

    Parameters
    ----------
    coarse : (n,) ndarray of float
        Equally spaced positions of the coarse grid.
    size : int
        Voxels of the finer grid.
    factor : int
        k.

    Returns
    -------
    (size,) ndarray of float64
        ``coarse[0] + i Δ / k``, in the unit of `coarse`.
    """
    if len(coarse) == 1:
        return np.asarray(coarse, np.float64)
    spacing = (float(coarse[-1]) - float(coarse[0])) / (len(coarse) - 1)
    return np.asarray(float(coarse[0]) + np.arange(size) * spacing / factor)


def finer_grid(coarse: Grid, shape: tuple[int, ...], factor: int) -> Grid:
    """Return the finer grid; its first voxel lies on the first one of the coarse grid.

    Parameters
    ----------
    coarse : Grid
        Measured grid.
    shape : tuple of int
        Voxels of the finer grid along each axis.
    factor : int
        k.
    """
    edges, centres = [], []
    for size, length, centre, fine in zip(
        coarse.shape, coarse.field_of_view_mm, coarse.centre_mm, shape, strict=True
    ):
        if size == 1:
            edges.append(length)
            centres.append(centre)
            continue
        voxel = length / size
        first = centre - length / 2 + voxel / 2
        edges.append(fine * voxel / factor)
        centres.append(first + (fine - 1) / 2 * voxel / factor)
    return Grid(shape=shape, field_of_view_mm=tuple(edges), centre_mm=tuple(centres))
