"""How rows, images and signals lie in memory for the compiled sweeps: cut in groups of one vector's length."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.vectors import LINE


def lanes(kind: npt.DTypeLike) -> int:
    """Return how many real numbers fill one vector; half as many rows make a block."""
    return LINE // np.dtype(kind).itemsize


def zeros(shape: tuple[int, ...], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return zeros that start at a cache line, so that no vector lies across two."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(kind).reshape(shape)


def group(planes: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Cut the last axis in groups, padded with zeros, and bring both planes of a group together.

    Parameters
    ----------
    planes : (batch, 2, n) float
        Real and imaginary planes.
    size : int
        Length of a group.

    Returns
    -------
    (batch, group, 2, size) float
        A copy.
    """
    batch, _, n = planes.shape
    whole = n // size
    groups = zeros((batch, -(-n // size), 2, size), planes.dtype)
    groups[:, :whole] = planes[:, :, : whole * size].reshape(batch, 2, whole, size).swapaxes(1, 2)
    groups[:, whole:, :, : n % size] = planes[:, None, :, whole * size :]
    return groups


def ungroup(groups: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    """Return the planes ``(batch, 2, n)`` that `group` was given."""
    batch, count, _, size = groups.shape
    return groups.swapaxes(1, 2).reshape(batch, 2, count * size)[:, :, :n]


def block_rows(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return whole blocks of complex rows ``(row, voxel)`` as ``(block, chunk, row of the block, 2, lane)``."""
    kind = rows.real.dtype
    planes = rows.view(kind).reshape(*rows.shape, 2).swapaxes(1, 2)
    chunks = group(planes, lanes(kind))
    return chunks.reshape(-1, lanes(kind) // 2, *chunks.shape[1:]).swapaxes(1, 2)


def unblock_rows(blocks: npt.NDArray[Any], voxels: int) -> npt.NDArray[Any]:
    """Return the planes ``(row, 2, voxel)`` of the rows that `block_rows` was given."""
    count, chunks, size, _, lane = blocks.shape
    return ungroup(blocks.swapaxes(1, 2).reshape(count * size, chunks, 2, lane), voxels)
