"""One pass over the voxels of a grid, in blocks, on threads."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.threads import on_threads, processors
from mpipipe.physics.excitation import Excitation, Moments
from mpipipe.physics.spectrum import FourierTransform, pick, raise_to_squares, transpose

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

BLOCK_VOXELS = 64
BATCH_VALUES = 2**16
LINE_VOXELS = 8
"""Values of neighbouring voxels that share a cache line: fewer at a time are gathered before they are written."""


@dataclass(frozen=True)
class Sweep:
    """Moments, spectra and selection, block by block.

    Attributes
    ----------
    excitation : Excitation
        Fields of all voxels.
    moments : callable
        Takes voxel numbers and writes moments ``(voxel, 3, time)`` to its second argument.
    block_voxels, threads : int or None
        Voxels in a block, threads; None for at most 64 and for all processors.
    """

    excitation: Excitation
    moments: Moments
    block_voxels: int | None = None
    threads: int | None = None

    def run(
        self,
        voxels: npt.NDArray[np.intp],
        components: npt.NDArray[np.intp],
        gain: npt.NDArray[np.complex128],
        progress: Progress | None = None,
    ) -> tuple[FloatArray, npt.NDArray[np.complex64]]:
        """Simulate some voxels and hold some components.

        Parameters
        ----------
        voxels : (voxel,) ndarray of int
            Voxel numbers.
        components : (component,) ndarray of int
            Components that are held, numbered channel by channel.
        gain : (channel, frequency) ndarray of complex128
            Factor of each component.
        progress : callable, optional
            Called with finished voxels and their total.

        Returns
        -------
        largest : (channel * frequency,) ndarray of float64
            Largest modulus over voxels of all components, without the gain.
        values : (component, voxel) ndarray of complex64
            Held components times their gain.
        """
        values = np.empty((len(components), len(voxels)), np.complex64)
        chosen_gain = gain.ravel()[components]
        threads = self.threads or processors()
        size = self.block_voxels or _even_blocks(len(voxels), threads)

        def simulate(start: int) -> FloatArray:
            block, target = voxels[start : start + size], values[:, start : start + size]
            if self._batch >= LINE_VOXELS:
                return self._spectra(block, components, chosen_gain, target)
            held = np.empty((len(block), len(components)), np.complex64)
            largest = self._spectra(block, components, chosen_gain, held.T)
            transpose(held, target)
            return largest

        largest = np.zeros(gain.size)
        starts = range(0, len(voxels), size)
        for start, squares in zip(starts, on_threads(simulate, starts, threads), strict=True):
            np.maximum(largest, squares, out=largest)
            if progress is not None:
                progress(min(start + size, len(voxels)), len(voxels))
        return np.sqrt(largest), values

    @property
    def _batch(self) -> int:
        """Voxels whose moments the cache holds."""
        return max(1, BATCH_VALUES // self.excitation.field.size)

    def _spectra(
        self,
        block: npt.NDArray[np.intp],
        components: npt.NDArray[np.intp],
        gain: npt.NDArray[np.complex128],
        out: npt.NDArray[np.complex64],
    ) -> FloatArray:
        """Fill `out` ``(component, voxel)`` and return the largest squared moduli, a cache's worth at a time."""
        excitation, batch = self.excitation, self._batch
        moments = np.empty((batch, *excitation.field.shape))
        transform = FourierTransform(3 * batch, excitation.samples, excitation.symmetric)
        largest = np.zeros(3 * (excitation.samples // 2 + 1))
        for start in range(0, len(block), batch):
            voxels = block[start : start + batch]
            signal = moments[: len(voxels)]
            self.moments(voxels, signal)
            flat = transform(signal.reshape(-1, signal.shape[2])).reshape(len(voxels), -1)
            pick(flat, components, gain, out[:, start : start + batch])
            raise_to_squares(flat, largest)
        return largest


def _even_blocks(voxels: int, threads: int) -> int:
    """Return the voxels of a block, at most 64, such that each thread has as many blocks."""
    rounds = max(4, -(-voxels // (threads * BLOCK_VOXELS)))
    return max(1, -(-voxels // (threads * rounds)))
