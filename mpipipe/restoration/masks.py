"""Voxels that a calibration lost: contiguous stretches of its scan (Tsanda 2025, section 3.2)."""

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Mask = npt.NDArray[np.bool_]


def draw_missing(grid: tuple[int, ...], ratio: float, rng: np.random.Generator) -> Mask:
    """Draw one contiguous block of missing voxels along a random traversal of the grid.

    The axes are permuted at random, the volume is flattened with the last axis fastest, every second line of which is
    reversed with probability 0.5 (a meander instead of a raster), one stretch is marked, and all is undone.

    Parameters
    ----------
    grid : tuple of int
        Voxels along x, y[, z].
    ratio : float
        Missing over all voxels, at least one of each kind.
    rng : numpy.random.Generator
        Source of all draws.

    Returns
    -------
    (x, y[, z]) ndarray of bool
        True where the voxel is missing.

    Raises
    ------
    InputError
        When the ratio is not between 0 and 1, or the grid has a single voxel.
    """
    voxels = int(np.prod(grid))
    if not 0 < ratio < 1 or voxels < 2:
        raise InputError(f"missing voxels: found ratio {ratio} of {voxels} voxels, expected a part of them")
    order = rng.permutation(len(grid))
    turned = tuple(grid[axis] for axis in order)
    length = int(np.clip(round(ratio * voxels), 1, voxels - 1))
    start = int(rng.integers(0, voxels - length + 1))
    missing = np.zeros(voxels, np.bool_)
    missing[start : start + length] = True
    lines = missing.reshape(-1, turned[-1])
    if rng.random() < 0.5:
        lines[1::2] = lines[1::2, ::-1].copy()
    return np.ascontiguousarray(missing.reshape(turned).transpose(np.argsort(order)))


def draw_blocks(
    grid: tuple[int, ...], ratio: tuple[float, float], blocks: tuple[int, int], rng: np.random.Generator
) -> Mask:
    """Draw several independent blocks and merge them.

    Parameters
    ----------
    grid : tuple of int
        Voxels along x, y[, z].
    ratio : (float, float)
        Range of the ratio of a block, uniform.
    blocks : (int, int)
        Range of their number, both ends included.
    rng : numpy.random.Generator
        Source of all draws.

    Returns
    -------
    (x, y[, z]) ndarray of bool
        True where a voxel is missing; at least one voxel is known.
    """
    missing = np.zeros(grid, np.bool_)
    for _ in range(int(rng.integers(blocks[0], blocks[1] + 1))):
        more = missing | draw_missing(grid, float(rng.uniform(*ratio)), rng)
        if not more.all():
            missing = more
    return missing
