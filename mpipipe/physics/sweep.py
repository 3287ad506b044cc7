"""One pass over the voxels of a grid, in blocks, on threads."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.physics.excitation import Excitation
from mpipipe.physics.spectrum import fourier_coefficients, gather, largest_squares

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

BLOCK_VALUES = 2**18


@dataclass(frozen=True)
class Sweep:
    """Moments, spectra and selection, block by block.

    Attributes
    ----------
    excitation : Excitation
        Fields of all voxels.
    moments : callable
        From voxel numbers to moments ``(voxel, 3, time)``.
    block_voxels, threads : int or None
        Voxels in a block, threads; None for a block that fits a processor's cache and for all processors.
    """

    excitation: Excitation
    moments: Callable[[npt.NDArray[np.intp]], FloatArray]
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
        size = self.block_voxels or max(1, BLOCK_VALUES // self.excitation.field.size)

        def simulate(start: int) -> FloatArray:
            block = voxels[start : start + size]
            coefficients = fourier_coefficients(self.moments(block), self.excitation.symmetric)
            flat = coefficients.reshape(len(block), -1)
            gather(flat, components, chosen_gain, values[:, start : start + size])
            return largest_squares(flat)

        largest = np.zeros(gain.size)
        with ThreadPoolExecutor(self.threads or _processors()) as pool:
            starts = range(0, len(voxels), size)
            for start, squares in zip(starts, pool.map(simulate, starts), strict=True):
                np.maximum(largest, squares, out=largest)
                if progress is not None:
                    progress(min(start + size, len(voxels)), len(voxels))
        return np.sqrt(largest), values


def _processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
