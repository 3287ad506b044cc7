"""One task by one method on the grid of a system matrix, block of components by block."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from mpipipe.config.restorer_card import RestorerCard
from mpipipe.errors import InputError
from mpipipe.restoration.downsampling import downsample, factor_between, measured_grid
from mpipipe.restoration.method import Complex, Mask, Restorer
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.splines import FACTORS
from mpipipe.studies.measured_noise import estimate_sigma

FloatArray = npt.NDArray[np.float64]
Grid = tuple[int, ...]

DOUBTFUL_CHANGE = 1.5
"""Change over the noise level from which a restored component has lost signal, or its noise level is wrong."""


@dataclass(frozen=True)
class RestoredBlock:
    """Restored components of one block.

    Attributes
    ----------
    values : (component, x, y[, z]) ndarray of complex64
        Restored components on the restorer's `target` grid.
    sigma : (component,) ndarray of float64
        Noise level that was given or estimated, in the unit of the components.
    peak : (component,) ndarray of float64
        Largest modulus of what was measured; 0 where a component is zero.
    change : (component,) ndarray of float64
        Root mean square over measured voxels of restored less measured, over the noise level. A method that takes away noise
        alone stays at 1 or below; well above it, signal went too. Infinite where a component without noise changed.
    kept : (component,) ndarray of bool
        Components that stayed as they were: cleaner than the network was trained for, or zero throughout.
    """

    values: Complex
    sigma: FloatArray
    peak: FloatArray
    change: FloatArray
    kept: Mask


class MatrixRestorer:
    """Restores blocks of components of one grid; nothing is kept between blocks."""

    def __init__(
        self,
        method: Restorer,
        card: RestorerCard,
        task: str,
        grid: Grid,
        *,
        known: npt.ArrayLike | None = None,
        target: Grid | None = None,
    ) -> None:
        """Take a method and what it is asked for.

        Parameters
        ----------
        method : Restorer
            Prepared method.
        card : RestorerCard
            Its card.
        task : {"denoise", "inpaint", "upsample", "complete"}
            ``denoise`` takes noise away. ``inpaint`` restores the voxels that are not `known`. ``upsample`` returns a finer
            grid, every k-th voxel of which, from the first on, is a voxel of the matrix. ``complete`` takes the matrix of an
            accelerated calibration: of its voxels only every k-th along each axis, from the first on, was measured; what the
            others hold does not matter.
        grid : tuple of int
            Voxels of the matrix along x, y[, z]; axes of a single voxel do not count.
        known : (x, y[, z]) array of bool, optional
            Voxels that were measured, for ``inpaint``.
        target : tuple of int, optional
            Finer grid of ``upsample``; by default k times the voxels along each axis, of which the last k − 1 can only be
            extrapolated.

        Raises
        ------
        InputError
            When mask or grid do not fit the task.
        """
        self.card, self.task, self.grid = card, task, grid
        self._method = method
        self._known = _check_mask(task, grid, known, card.factor)
        self.target = self._target(target)
        self._plain = tuple(grid[axis] for axis in self.axes)
        self._fine = tuple(self.target[axis] for axis in self.axes)
        if self.card.factor > 1:
            observed = measured_grid(self._plain, self.card.factor) if task == "complete" else self._plain
            if card.train is None and factor_between(observed, self._fine, FACTORS) != self.card.factor:
                raise InputError(
                    f"{card.method}: found {observed} measured voxels for the grid {self._fine}, which fit several factors, "
                    "expected a larger grid"
                )
        if self._known is not None:
            self._nearest = distance_transform_edt(~self._known, return_distances=False, return_indices=True)

    def restore(self, values: npt.ArrayLike, sigma: npt.ArrayLike | None = None) -> RestoredBlock:
        """Restore components.

        Components are brought to unit maximum and back, so their unit does not matter; one that is zero stays zero.

        Parameters
        ----------
        values : (component, x, y[, z]) array of complex
            Components on the restorer's `grid`.
        sigma : float or (component,) array, optional
            Standard deviation of the complex noise in the unit of the components; by default estimated from their finest cosine
            coefficients, see :func:`mpipipe.studies.measured_noise.estimate_sigma`.

        Raises
        ------
        InputError
            When shapes do not fit, measured voxels hold NaN or infinity, or a noise level is negative or not finite.
        """
        stored = np.asarray(values, np.complex64)
        if stored.shape[1:] != self.grid:
            raise InputError(f"components: found the grid {stored.shape[1:]}, expected {self.grid}")
        measured = self.measured(stored)
        _refuse_not_finite(measured)
        level = self._level(measured, sigma)
        peak = peak_modulus(measured)
        silent: Mask = np.logical_not(measured.reshape(len(measured), -1).any(axis=1))
        kept = silent
        if self.task == "denoise":
            kept = kept | (level < self.card.least_sigma * peak.reshape(-1))
        restored = np.zeros((len(stored), *self._fine), np.complex64)
        if self.task == "denoise":
            restored[kept] = measured[kept]
        todo = np.flatnonzero(~kept)
        if len(todo):
            scale = peak[todo]
            found = self._apply(measured[todo] / scale, level[todo] / scale.reshape(-1))
            restored[todo] = found * scale
        largest = np.where(silent, 0.0, peak.reshape(-1))
        change = self._change(restored, measured, level)
        return RestoredBlock(restored.reshape(len(stored), *self.target), level, largest, change, kept)

    def measured(self, values: Complex) -> Complex:
        """Return what was measured of components: the coarse grid, or the grid with zero where nothing was.

        Parameters
        ----------
        values : (component, x, y[, z]) ndarray of complex64
            Components on the restorer's `grid`.

        Returns
        -------
        (component, x[, y, z]) ndarray of complex64
            Without the axes of a single voxel.
        """
        components = values.reshape(len(values), *self._plain)
        if self.task == "complete":
            return np.ascontiguousarray(downsample(components, self.card.factor))
        return components if self._known is None else np.where(self._known, components, np.complex64(0))

    def at_measured(self, restored: Complex) -> Complex:
        """Return restored components at the voxels that were measured, laid out as :meth:`measured` does."""
        components = restored.reshape(len(restored), *self._fine)
        if self.card.factor > 1:
            return downsample(components, self.card.factor)
        return components if self._known is None else np.where(self._known, components, np.complex64(0))

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of the matrix that have more than one voxel."""
        return tuple(axis for axis, size in enumerate(self.grid) if size > 1)

    @property
    def upsampling(self) -> int:
        """Voxels of the restored grid for one of the matrix's, along each axis of more than one voxel."""
        return self.card.factor if self.task == "upsample" else 1

    def described(self) -> dict[str, Any]:
        """Return what is done, for those who get the restored matrix."""
        return {
            "task": self.task,
            "method": self.card.method,
            "factor": self.card.factor,
            "weights": self.card.content,
            "mpipipe": version("mpipipe"),
        }

    def remarks(self) -> list[str]:
        """Return sentences on where the matrix leaves what the method was trained on; empty where it does not."""
        if self.card.train is None or self.card.data is None:
            return []
        low, high = self.card.data.grid_size
        if all(low <= size <= high for size in self._fine):
            return []
        size = " × ".join(map(str, self._fine))
        return [
            f"The grid of {size} voxels is outside of the {low} to {high} an axis that {self.card.method} was trained on."
        ]

    def _apply(self, scaled: Complex, sigma: FloatArray) -> Complex:
        known = None
        if self._known is not None:
            known = np.ascontiguousarray(np.broadcast_to(self._known, scaled.shape))
        grid = self._fine if self.card.factor > 1 else None
        return self._method.apply(scaled, sigma, known=known, grid=grid)

    def _change(self, restored: Complex, measured: Complex, level: FloatArray) -> FloatArray:
        count = measured[0].size if self._known is None else int(self._known.sum())
        difference = (self.at_measured(restored) - measured).reshape(len(measured), -1)
        rms = np.linalg.norm(difference, axis=1).astype(np.float64) / np.sqrt(count)
        without_noise = np.where(rms > 0, np.inf, 0.0)
        return np.asarray(np.divide(rms, level, out=without_noise, where=level > 0), np.float64)

    def _level(self, measured: Complex, sigma: npt.ArrayLike | None) -> FloatArray:
        if sigma is not None:
            given = np.asarray(sigma, np.float64)
            if given.shape not in ((), (len(measured),)):
                raise InputError(
                    f"sigma: found shape {given.shape}, expected one number or one a component ({len(measured)})"
                )
            level = np.broadcast_to(given, len(measured)).copy()
            if not (np.isfinite(level).all() and (level >= 0).all()):
                raise InputError(
                    "sigma: found a negative or not finite value, expected noise levels of at least 0"
                )
            return level
        if not len(measured):
            return np.zeros(0)
        if self._known is None:
            return estimate_sigma(measured)
        # A missing voxel takes its nearest neighbour's value, which adds no noise of its own.
        filled = measured[(slice(None), *self._nearest)]
        return np.asarray(estimate_sigma(filled) / np.sqrt(self._known.mean()), np.float64)

    def _target(self, target: Grid | None) -> Grid:
        if self.task != "upsample":
            if target is not None and target != self.grid:
                raise InputError(
                    f"grid: found {target} for {self.task}, expected the grid of the matrix {self.grid}"
                )
            return self.grid
        if target is None:
            return tuple(size * self.card.factor if size > 1 else 1 for size in self.grid)
        if measured_grid(target, self.card.factor) != self.grid:
            raise InputError(
                f"grid: found {target}, expected one of which every k-th voxel, k = {self.card.factor}, gives {self.grid}"
            )
        return target


def restore_blocks(
    blocks: Iterable[npt.NDArray[np.complexfloating]],
    restorer: MatrixRestorer,
    sigma: npt.ArrayLike | None = None,
) -> Iterator[RestoredBlock]:
    """Restore a system matrix block by block, so that one block at a time is in memory.

    Parameters
    ----------
    blocks : iterable of (component, x, y[, z]) ndarray of complex
        Blocks of the matrix, in any sizes.
    restorer : MatrixRestorer
        What is done to each.
    sigma : float or (component,) array, optional
        Noise level, one for all components of the matrix or one each in the order of the blocks; by default estimated.

    Yields
    ------
    RestoredBlock
        One for each block.

    Raises
    ------
    InputError
        As :meth:`MatrixRestorer.restore`; the line names the component by its number in the whole matrix.
    """
    start = 0
    for block in blocks:
        own = sigma if sigma is None or np.ndim(sigma) == 0 else np.asarray(sigma)[start : start + len(block)]
        try:
            restored = restorer.restore(block, own)
        except NotFiniteError as error:
            raise InputError(str(NotFiniteError(start + error.component))) from None
        yield restored
        start += len(block)


class NotFiniteError(InputError):
    """NaN or infinity in the measured voxels of a component."""

    def __init__(self, component: int) -> None:
        super().__init__(f"component {component}: found NaN or infinity, expected finite values")
        self.component = component


def _refuse_not_finite(measured: Complex) -> None:
    finite = np.isfinite(measured).reshape(len(measured), -1).all(axis=1)
    if not finite.all():
        raise NotFiniteError(int(np.argmin(finite)))


def _check_mask(task: str, grid: Grid, known: npt.ArrayLike | None, factor: int) -> Mask | None:
    """Return the mask of a task on the axes that count, or None where all voxels are measured."""
    if known is None:
        if task == "inpaint":
            raise InputError(f"known: found no mask, expected the measured voxels as bool {grid} for inpaint")
        return None
    mask = np.asarray(known)
    if mask.dtype != np.bool_ or mask.shape != grid:
        raise InputError(f"known: found {mask.dtype} {mask.shape}, expected bool {grid}")
    if task == "complete":
        regular = np.zeros(grid, np.bool_)
        regular[tuple(slice(None, None, factor) for _ in grid)] = True
        if (mask != regular).any():
            raise InputError(
                f"known: found another pattern, expected every k-th voxel along each axis, k = {factor}; or use inpaint"
            )
        return None
    if task != "inpaint":
        raise InputError(f"known: found a mask, expected none for {task}; inpaint the matrix first")
    if not mask.any():
        raise InputError("known: found no measured voxel, expected at least one")
    return mask.reshape(tuple(size for size in grid if size > 1))
