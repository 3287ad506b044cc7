"""Simulated measurements on a grid finer than the one they are reconstructed on."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError


def measure(
    system_matrix: npt.NDArray[Any], concentration: npt.NDArray[Any], refinement: int = 1
) -> npt.NDArray[Any]:
    """Return the signal of a concentration map.

        b_m = Σ_r S_m(r) c(r) ΔV,   ΔV = refinement^(−axes)

    ΔV is the volume of a voxel in units of a voxel of the reconstructed grid. A matrix on a finer grid of
    the same field therefore gives the same signal up to the error of the midpoint rule, and an image that is
    reconstructed on the coarse grid has the unit of the concentration.

    Parameters
    ----------
    system_matrix : (component, x, y[, z]) complex64 or complex128
        Response of each component to a sample of concentration 1 that fills a voxel of the reconstructed
        grid, at the voxels of the fine grid.
    concentration : ([batch,] x, y[, z]) float
        Concentration on the fine grid, relative to that sample.
    refinement : int
        Fine voxels in a voxel of the reconstructed grid, along each axis.

    Returns
    -------
    ([batch,] component) complex
        Signals, in the unit of the matrix and with its precision.

    Raises
    ------
    InputError
        When grids differ, values are not finite, or the refinement is not at least 1.
    """
    S, c = np.asarray(system_matrix), np.asarray(concentration)
    grid = S.shape[1:]
    if not grid or c.ndim - len(grid) not in (0, 1) or c.shape[c.ndim - len(grid) :] != grid:
        raise InputError(
            f"concentration: found shape {c.shape}, expected ([batch,] {', '.join(map(str, grid))})"
        )
    if refinement < 1:
        raise InputError(f"refinement: found {refinement}, expected at least 1")
    if not (np.isfinite(S).all() and np.isfinite(c).all()):
        raise InputError("system_matrix or concentration: found NaN or infinity, expected finite values")
    batch = c.shape[: c.ndim - len(grid)]
    amount = (c.reshape(*batch, -1) / refinement ** len(grid)).astype(S.real.dtype)
    return np.asarray(amount @ S.reshape(len(S), -1).T)


def coarsen(concentration: npt.NDArray[Any], refinement: int, axes: int | None = None) -> npt.NDArray[Any]:
    """Return the mean concentration in each voxel of a coarser grid of the same field.

    Parameters
    ----------
    concentration : (..., x, y[, z]) float
        Map on the fine grid.
    refinement : int
        Fine voxels in a coarse voxel, along each axis.
    axes : int, optional
        Number of grid axes at the end; all axes by default.

    Returns
    -------
    (..., x, y[, z]) float
        Map on the coarse grid, with the same total amount.

    Raises
    ------
    InputError
        When the grid is not a multiple of the refinement.
    """
    fine = np.asarray(concentration)
    first = 0 if axes is None else fine.ndim - axes
    if refinement < 1 or any(n % refinement for n in fine.shape[first:]):
        raise InputError(
            f"concentration: found grid {fine.shape[first:]}, expected multiples of {refinement}"
        )
    pairs = [part for n in fine.shape[first:] for part in (n // refinement, refinement)]
    split = fine.reshape(*fine.shape[:first], *pairs)
    return np.asarray(split.mean(axis=tuple(range(first + 1, split.ndim, 2))))
