"""Where grids of several sizes lie in the patches of a batch."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.train import DegradationConfig
from mpipipe.errors import InputError
from mpipipe.training.placement_kernel import mark, place_frames, place_values

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
    def valid(self) -> npt.NDArray[np.bool_]:
        """Mask ``(batch, x, y[, z])`` of the grids."""
        inside = np.zeros((len(self.offset), *self.patch), np.bool_)
        mark(*self._boxes, self._spatial(inside))
        return inside

    def gather(self, values: Complex, chosen: npt.NDArray[np.integer] | None = None) -> Complex:
        """Return components that start at the origin at their places in the patch.

        Parameters
        ----------
        values : (component, x, y[, z]) ndarray of complex64
            Components, as large as their grids at least.
        chosen : (batch,) ndarray of int, optional
            Which of them are the batch; without, all in order.

        Returns
        -------
        (batch, x, y[, z]) ndarray of complex64
            Zero on the padding.

        Raises
        ------
        InputError
            When there is another number of components than of grids, or they are smaller than a grid.
        """
        rows = np.arange(len(values)) if chosen is None else np.asarray(chosen, np.int64)
        largest = self.grid_shape.max(axis=0)
        if len(rows) != len(self.offset) or (largest > values.shape[1:]).any():
            found, expected = (len(rows), *values.shape[1:]), (len(self.offset), *largest.tolist())
            raise InputError(f"components: found shape {found}, expected at least {expected}")
        if rows.min() < 0 or rows.max() >= len(values):
            raise InputError(
                f"components: found {len(values)}, expected those at {rows.min()} to {rows.max()}"
            )
        placed = self._padding()
        source = self._spatial(np.asarray(values, np.complex64))
        place_values(source, rows, *self._boxes, self._spatial(placed))
        return placed

    def lay_frames(self, series: Complex, start: Index) -> tuple[Complex, npt.NDArray[np.float64]]:
        """Return consecutive frames on the grids in the order of a calibration, x fastest, and their energies.

        Parameters
        ----------
        series : (frame,) ndarray of complex64
            Frames.
        start : (batch,) ndarray of int64
            First frame of each grid.

        Returns
        -------
        frames : (batch, x, y[, z]) ndarray of complex64
            Zero on the padding.
        energy : (batch,) ndarray of float64
            Sums of the squared moduli.

        Raises
        ------
        InputError
            When the series ends before a grid does.
        """
        last = int((start + self.grid_shape.prod(axis=1)).max())
        if start.min() < 0 or last > len(series):
            raise InputError(f"background series: found {len(series)} frames, expected {last} or more")
        placed = self._padding()
        return placed, place_frames(series, start, *self._boxes, self._spatial(placed))

    @cached_property
    def _boxes(self) -> tuple[Index, Index]:
        """Offsets and grids ``(batch, 3)``."""
        offset = np.zeros((len(self.offset), 3), np.int64)
        grid = np.ones_like(offset)
        axes = slice(3 - len(self.patch), None)
        offset[:, axes], grid[:, axes] = self.offset, self.grid_shape
        return offset, grid

    def _spatial(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a view of an array ``(batch, x, y[, z])`` with three spatial axes."""
        return array if array.ndim == 4 else array[:, None]

    def _padding(self) -> Complex:
        return np.zeros((len(self.offset), *self.patch), np.complex64)

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
