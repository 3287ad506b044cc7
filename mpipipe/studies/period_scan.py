"""What the denoising study measures: the signals of one receive coil, without noise."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from mpipipe.config.period_noise import PeriodAcquisition
from mpipipe.errors import InputError
from mpipipe.physics.xspace import XSpaceSignal

Single = npt.NDArray[np.float32]

BLOCK = 256
"""Scenes of a pass, which bounds the memory and does not change the result."""


@dataclass(frozen=True)
class PeriodScan:
    """Signal model of one acquisition and coil, prepared once.

    Attributes
    ----------
    signal : XSpaceSignal
        Model of both coils.
    channel : int
        The coil, 0 for x and 1 for y.
    cycles : int
        Cycles of the first drive frequency in a period.
    """

    signal: XSpaceSignal
    channel: int
    cycles: int

    @classmethod
    def of(cls, acquisition: PeriodAcquisition) -> Self:
        """Prepare the model; `InputError` unless the drive is along x and y and the particle isotropic."""
        scanner = acquisition.scanner
        model = XSpaceSignal.of(scanner, acquisition.particle, acquisition.grid)
        return cls(model, "xy".index(acquisition.coil), scanner.harmonic[0])

    @property
    def time(self) -> int:
        """Samples of a period."""
        return len(self.signal.first)

    def signals(self, concentration: npt.ArrayLike, *, workers: int = 1) -> Single:
        """Return the signals of concentration maps.

        With cosine drive a signal is odd about half a period, ``u(T - t) = -u(t)``, as the field-free point retraces its
        way; so its derivative is even (self-supervised signal denoising, equation 4).

        Parameters
        ----------
        concentration : (item, x, y) array_like
            Concentrations of at least 0 on the acquisition's grid.
        workers : int
            Threads.

        Returns
        -------
        (item, time) ndarray of float32
            Signals in m²/s times the unit of the concentration.

        Raises
        ------
        InputError
            Maps that do not fit the grid, negative or not finite values, or no worker.
        """
        scenes = np.atleast_1d(np.asarray(concentration))
        signals = np.empty((len(scenes), self.time), np.float32)
        for start in range(0, len(scenes), BLOCK):
            block = slice(start, start + BLOCK)
            signals[block] = self.signal.signals(scenes[block], workers=workers)[:, self.channel]
        return signals

    def point_signals(self, positions: npt.ArrayLike, *, workers: int = 1) -> Single:
        """Return the signals of point sources, the columns of the system matrix over time.

        Parameters
        ----------
        positions : (item,) array_like of int
            Pixels of concentration 1 and all others 0, as indices of the flat grid in C order.
        workers : int
            Threads.

        Returns
        -------
        (item, time) ndarray of float32
            Signals in m²/s.

        Raises
        ------
        InputError
            Positions that are no pixels, or no worker.
        """
        pixels = _checked(positions, self.signal.grid.voxels)
        signals = np.empty((len(pixels), self.time), np.float32)
        for start in range(0, len(pixels), BLOCK):
            block = pixels[start : start + BLOCK]
            scenes = np.zeros((len(block), self.signal.grid.voxels), np.float32)
            scenes[np.arange(len(block)), block] = 1
            maps = scenes.reshape(-1, *self.signal.grid.shape)
            signals[start : start + BLOCK] = self.signals(maps, workers=workers)
        return signals


def _checked(positions: npt.ArrayLike, pixels: int) -> npt.NDArray[np.integer]:
    found = np.asarray(positions)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise InputError(f"positions: found {found.dtype} of shape {found.shape}, expected integers (item,)")
    if found.size and not 0 <= found.min() <= found.max() < pixels:
        raise InputError(
            f"positions: found {found.min()} to {found.max()}, expected pixels from 0 to {pixels - 1}"
        )
    return found
