"""One pass over the voxels of a grid on a PyTorch device: a GPU, or for tests the processors.

Moments, Fourier transforms and the choice of components of a block stay on the device in float64; only what is chosen
leaves it. Values equal those of :class:`mpipipe.physics.sweep.Sweep` up to rounding, whatever the blocks.

Nothing else of :mod:`mpipipe.physics` may import this module at its top: PyTorch takes seconds to load.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpipipe.errors import InputError
from mpipipe.physics.excitation import Excitation
from mpipipe.physics.sweep import Progress
from mpipipe.physics.table import MomentTable
from mpipipe.physics.torch_table import TorchTable

FloatArray = npt.NDArray[np.float64]

BLOCK_BYTES = {"cuda": 2**30, "cpu": 2**22}
"""Bound of the memory that a block takes: of a GPU's memory, or of what a processor's cache holds."""
BYTES_A_SAMPLE = 480
"""Of a voxel's moments: at first fields, weights and gathered nodes; later signal, spectrum and the transform's own memory.

Processors were seen to take 410; the rest is for the transforms of a GPU.
"""


@dataclass(frozen=True)
class TorchSweep:
    """Moments, spectra and selection on a device, block by block.

    Attributes
    ----------
    excitation : Excitation
        Fields of all voxels, without relaxation.
    table : MomentTable
        Covers these fields.
    device : torch.device
        Where it is computed.
    block_voxels : int or None
        Voxels in a block; None for as many as 1 GiB of a GPU's memory holds.
    """

    excitation: Excitation
    table: MomentTable
    device: torch.device
    block_voxels: int | None = None

    @classmethod
    def on(
        cls, device: str, excitation: Excitation, table: MomentTable | None, block_voxels: int | None = None
    ) -> Self:
        """Return the sweep on a device that is there.

        Parameters
        ----------
        device : str
            ``cuda``, ``cuda:<number>`` or ``cpu``.
        excitation : Excitation
            Fields of all voxels.
        table : MomentTable or None
            Table to use; None for one made for this excitation.
        block_voxels : int, optional
            Voxels in a block.

        Raises
        ------
        InputError
            Another device or an absent one, relaxation, or a table that does not cover the fields.
        """
        found = present(device)
        if excitation.relaxation is not None:
            raise InputError(
                f"device: found {device!r} with relaxation, expected none; leave it out to simulate on the processors"
            )
        return cls(excitation, excitation.covering(table), found, block_voxels)

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
        largest = torch.zeros(gain.size, dtype=torch.float64, device=self.device)
        waiting: tuple[int, Tensor] | None = None

        def store(start: int, held: Tensor) -> None:
            end = start + held.shape[1]
            values[:, start:end] = held.numpy()
            if progress is not None:
                progress(end, len(voxels))

        for start, held in self._blocks(voxels, components, gain, largest):
            # A GPU is still at this block: meanwhile the one before is stored. Only then is this one waited for.
            if waiting is not None:
                store(*waiting)
            waiting = start, held.cpu()
            del held  # or the next block would come on top of it
        if waiting is not None:
            store(*waiting)
        return largest.sqrt().cpu().numpy(), values

    def _blocks(
        self,
        voxels: npt.NDArray[np.intp],
        components: npt.NDArray[np.intp],
        gain: npt.NDArray[np.complex128],
        largest: Tensor,
    ) -> Iterator[tuple[int, Tensor]]:
        """Yield each block's first voxel and values ``(component, voxel)``, and raise the largest squared moduli."""
        table = TorchTable.of(self.table, self.device)
        field = self._tensor(self.excitation.field)
        chosen, factor = self._tensor(components), self._tensor(gain.ravel()[components])
        size = self.block_voxels or self.voxels_that_fit(table)
        for start in range(0, len(voxels), size):
            yield start, self._block(table, field, voxels[start : start + size], chosen, factor, largest)

    def _block(
        self,
        table: TorchTable,
        field: Tensor,
        block: npt.NDArray[np.intp],
        chosen: Tensor,
        factor: Tensor,
        largest: Tensor,
    ) -> Tensor:
        """Return a block's values; what they were made of is free again before the next block."""
        flat = self._coefficients(table, field, block)
        torch.maximum(largest, _squares(flat).amax(dim=0), out=largest)
        return (flat[:, chosen] * factor).to(torch.complex64).T.contiguous()

    def voxels_that_fit(self, table: TorchTable) -> int:
        """Return how many voxels a block of bounded memory holds, at least 1."""
        one: int = BYTES_A_SAMPLE * self.excitation.field.shape[1] + table.bytes_a_voxel
        return max(1, BLOCK_BYTES[self.device.type] // one)

    def _coefficients(self, table: TorchTable, field: Tensor, block: npt.NDArray[np.intp]) -> Tensor:
        """Return the Fourier coefficients of a block, ``(voxel, component)``: real where the signals are symmetric."""
        excitation = self.excitation
        alpha_K, axis, offset = (
            self._tensor(array[block])
            for array in (excitation.alpha_K, excitation.easy_axis, excitation.offset)
        )
        signal = table.moments(alpha_K, axis, offset, field)
        if excitation.symmetric:
            # The second half period is the first one backwards. A transform of the whole costs a GPU, which waits for
            # its memory, about what folding the halves first would.
            signal = torch.cat([signal, signal[..., 1:-1].flip(-1)], dim=-1)
        spectrum: Tensor = torch.fft.rfft(signal, norm="forward")
        return (spectrum.real if excitation.symmetric else spectrum).reshape(len(block), -1)

    def _tensor(self, array: npt.NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def present(device: str) -> torch.device:
    """Return a device by name.

    Raises
    ------
    InputError
        Neither a processor nor a CUDA GPU, or a GPU that is not there.
    """
    name = re.fullmatch(r"cpu|cuda(:(?P<number>[0-9]+))?", device)
    if name is None:
        raise InputError(f"device: found {device!r}, expected 'cuda', 'cuda:<number>' or 'cpu'")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device != "cpu" and int(name["number"] or 0) >= count:
        found = f"{count} GPU{'s' * (count > 1)}" if count else "no GPU"
        raise InputError(
            f"device: found {found}, expected one for {device!r}; leave it out to simulate on the processors"
        )
    return torch.device(device)


def _squares(coefficients: Tensor) -> Tensor:
    """Return squared moduli."""
    if not coefficients.is_complex():
        return coefficients**2
    return coefficients.real**2 + coefficients.imag**2
