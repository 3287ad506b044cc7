"""Where grids of several sizes lie in the patches of a batch."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mpipipe.config.train import DegradationConfig
from mpipipe.errors import InputError

Complex = npt.NDArray[np.complex64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Placement:
    """Where each grid of a batch lies in its patch.

    Attributes
    ----------
    patch : tuple of int
        Voxels of a patch along each axis.
    offset, grid_shape : (batch, axis) ndarray of int64
        First voxel of each grid in its patch, and the grids.
    """

    patch: tuple[int, ...]
    offset: Index
    grid_shape: Index

    @cached_property
    def coordinates(self) -> tuple[Index, ...]:
        """For each axis the grid's voxel at each of the patch, below 0 or beyond the grid on the padding."""
        found = []
        for axis, size in enumerate(self.patch):
            shape = (-1, *(size if other == axis else 1 for other in range(len(self.patch))))
            found.append((np.arange(size)[None] - self.offset[:, axis, None]).reshape(shape))
        return tuple(found)

    @cached_property
    def valid(self) -> npt.NDArray[np.bool_]:
        """Mask ``(batch, x, y[, z])`` of the grids."""
        inside = np.ones(1, np.bool_)
        for axis, voxel in enumerate(self.coordinates):
            size = self.grid_shape[:, axis].reshape(-1, *(1,) * (voxel.ndim - 1))
            inside = inside & (voxel >= 0) & (voxel < size)
        return inside

    def gather(self, values: Complex) -> Complex:
        """Return components ``(batch, x, y[, z])`` that start at the origin at their places in the patch."""
        sizes = values.shape[1:]
        voxels = [np.clip(voxel, 0, size - 1) for voxel, size in zip(self.coordinates, sizes, strict=True)]
        batch = np.arange(len(values)).reshape(-1, *(1,) * len(sizes))
        return np.where(self.valid, values[(batch, *voxels)], np.complex64(0))

    def scan_order(self) -> Index:
        """Return each voxel's position in the calibration of its grid, x fastest; 0 on the padding."""
        order = np.zeros(1, np.int64)
        stride = np.ones(len(self.grid_shape), np.int64)
        for axis, voxel in enumerate(self.coordinates):
            order = order + voxel * stride.reshape(-1, *(1,) * (voxel.ndim - 1))
            stride = stride * self.grid_shape[:, axis]
        return np.where(self.valid, order, 0)

    def refined(self, factor: int, grid_shape: npt.NDArray[np.integer]) -> "Placement":
        """Return the placement of the fine grids of which every `factor`-th voxel lies in this one."""
        patch = tuple(size * factor for size in self.patch)
        return Placement(patch, self.offset * factor, np.asarray(grid_shape, np.int64))


def place(
    grid_shape: npt.NDArray[np.integer], patch: tuple[int, ...], rng: np.random.Generator | None
) -> Placement:
    """Place grids in patches at random offsets, or in the centre without a generator.

    Parameters
    ----------
    grid_shape : (batch, axis) ndarray of int
        Grids.
    patch : tuple of int
        Voxels of a patch along each axis.
    rng : numpy.random.Generator or None
        Draws the offsets.

    Raises
    ------
    InputError
        When a grid is larger than the patch.
    """
    grid = np.asarray(grid_shape, np.int64)
    room = np.array(patch, np.int64) - grid
    if (room < 0).any():
        largest = tuple(grid.max(axis=0).tolist())
        raise InputError(f"patch: found {patch} voxels, expected at least the largest grid {largest}")
    return Placement(patch, room // 2 if rng is None else rng.integers(0, room + 1), grid)


def patch_of(config: DegradationConfig, grid: tuple[int, ...]) -> tuple[int, ...]:
    """Return the patch for a batch whose largest measured grid is `grid`."""
    step = config.patch_step
    return tuple(-(-size // step) * step for size in grid) if step else (config.patch,) * len(grid)
