"""A measurement reconstructed with a matrix that is read as it is needed: the rows that count, whole or in blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import KaczmarzConfig, RowSelection
from mpipipe.errors import InputError
from mpipipe.reconstruction.methods import find_method
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.selection import select_rows
from mpipipe.reconstruction.streamed import RowBlock, solve_streamed
from mpipipe.reconstruction.weighting import row_weights

WHOLE_BYTES = 2**28
"""Rows up to this size are solved in memory; the solver holds them about four times."""
BLOCK_BYTES = 2**26
"""Rows of a larger matrix that are in memory at a time."""


class RowSource(Protocol):
    """What a system matrix has to offer: its shape, and its rows by channel.

    ``frequency_Hz`` is ``(row,)`` and ``snr`` ``(channel, row)`` or None; ``read`` returns ``(row, x[, y, z])`` complex64.
    """

    @property
    def channels(self) -> int:
        """Number of receive channels."""
        ...

    @property
    def frequency_Hz(self) -> npt.NDArray[np.float64]:
        """Frequency of each row, the same in all channels."""
        ...

    @property
    def snr(self) -> npt.NDArray[np.float64] | None:
        """Signal-to-noise ratio of each channel and row."""
        ...

    def read(self, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64]:
        """Return consecutive rows of a channel."""
        ...


@dataclass(frozen=True)
class ChosenRows:
    """Rows that take part.

    Attributes
    ----------
    source : RowSource
        Where they are read from.
    channel, row : (component,) ndarray of int64
        Channel and place in it, in order.
    voxels : int
        Columns.
    """

    source: RowSource
    channel: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    voxels: int

    @property
    def bytes(self) -> int:
        """Size of the rows in single precision."""
        return 8 * len(self.row) * self.voxels

    def blocks(self, most_bytes: int) -> Iterator[tuple[slice, npt.NDArray[np.complex64]]]:
        """Yield the rows ``(component, voxel)`` with their place, no more than so many bytes of the matrix at a time."""
        length = max(1, most_bytes // (8 * self.voxels))
        first = 0
        for channel in np.unique(self.channel):
            rows = self.row[self.channel == channel]
            for start in range(int(rows[0]), int(rows[-1]) + 1, length):
                inside = rows[(rows >= start) & (rows < start + length)]
                if not len(inside):
                    continue
                low, high = int(inside[0]), int(inside[-1]) + 1
                read = self.source.read(int(channel), low, high)
                yield slice(first, first + len(inside)), read.reshape(high - low, -1)[inside - low]
                first += len(inside)


def choose_rows(source: RowSource, voxels: int, selection: RowSelection) -> ChosenRows:
    """Return the rows that pass a selection.

    Raises
    ------
    InputError
        When none passes, or a signal-to-noise ratio is asked for that the source does not have.
    """
    count = len(source.frequency_Hz)
    channel = np.repeat(np.arange(source.channels), count)
    kept = select_rows(
        selection,
        components=len(channel),
        snr=None if source.snr is None else source.snr.reshape(-1),
        frequency_Hz=np.tile(source.frequency_Hz, source.channels),
        channel=channel,
    )
    chosen = np.flatnonzero(kept)
    return ChosenRows(source, channel[chosen], chosen % count, voxels)


def reconstruct_measured(
    rows: ChosenRows,
    signal: npt.NDArray[Any],
    method: str,
    config: RowSelection,
    grid: tuple[int, ...],
    *,
    noise_norm: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Reconstruction:
    """Reconstruct measurements with rows that are read as needed.

    Parameters
    ----------
    rows : ChosenRows
        Rows of the system matrix.
    signal : (batch, channel, frequency) ndarray of complex
        Measurements, laid out as the source.
    method : str
        Solver, a key of `mpipipe.reconstruction.methods.METHODS`.
    config : RowSelection
        Its settings.
    grid : tuple of int
        Shape of the image.
    noise_norm : float, optional
        Norm of the noise in these rows, for the ADMM methods; they estimate it by default.
    progress : callable, optional
        Called with finished passes over the matrix and their number, where it does not fit into memory.

    Returns
    -------
    Reconstruction
        Images ``(batch, x[, y, z])``.

    Raises
    ------
    InputError
        When shapes do not fit, values are not finite, or the rows are too large for a method other than ART.
    """
    solver = find_method(method)
    if noise_norm is not None and not solver.constrained:
        raise InputError(f"noise_norm: found a value, expected none: {method} has no bound on the residual")
    b = np.asarray(signal)[:, rows.channel, rows.row]
    if rows.bytes > WHOLE_BYTES:
        found = _streamed(rows, b, method, config, progress)
    else:
        matrix = np.empty((len(rows.row), rows.voxels), np.complex64)
        for place, values in rows.blocks(BLOCK_BYTES):
            matrix[place] = values
        extra = {"grid": grid, "noise_norm": noise_norm} if solver.constrained else {}
        found = solver.solve(matrix, b, config, **extra)
    return Reconstruction(found.image.reshape(len(b), *grid), found.relative_residual, found.iterations)


def _streamed(
    rows: ChosenRows,
    signal: npt.NDArray[Any],
    method: str,
    config: RowSelection,
    progress: Callable[[int, int], None] | None,
) -> Reconstruction:
    if not isinstance(config, KaczmarzConfig):
        raise InputError(
            f"method: found {method} for rows of {rows.bytes / 2**30:.1f} GiB, expected ART above "
            f"{WHOLE_BYTES / 2**30:.2f} GiB (or a higher --snr-threshold)"
        )

    def read() -> Iterator[RowBlock]:
        for place, matrix in rows.blocks(BLOCK_BYTES):
            yield RowBlock(matrix, signal[:, place], row_weights(matrix, config.weighting))

    return solve_streamed(read, config, progress=progress)
