"""System matrices in MDF files, read a few rows at a time: any size, bounded memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf import matrix_attributes, read_snr
from mpipipe.storage.mdf_file import MdfFile
from mpipipe.storage.mdf_frames import FrameReader
from mpipipe.storage.mdf_geometry import read_grid, storage_axes
from mpipipe.storage.mdf_header import FLAGS, OF_FRAMES, PERMUTATION, SELECTION, MdfHeader, Value, read_header
from mpipipe.storage.mdf_scanner import read_scanner
from mpipipe.storage.mdf_texts import check_texts
from mpipipe.storage.mdf_values import open_file, reading

BLOCK_BYTES = 2**27


@contextmanager
def open_mdf_matrix(path: Path) -> Iterator["MdfMatrix"]:
    """Open a calibration on a regular grid for reading.

    Parameters
    ----------
    path : Path
        MDF v2 file, one period a frame, in any layout, compressed or not.

    Yields
    ------
    MdfMatrix
        Valid within the block.

    Raises
    ------
    InputError
        When the file is missing, truncated, no MDF v2, or holds something that makes the matrix unreadable; the line names
        the file and the path in it.
    """
    path = Path(path)
    with reading(path):
        file = open_file(path)
    with file:
        with reading(path):
            opened = MdfFile(path, file)
            check_texts(opened)
            opened.check()
            matrix = MdfMatrix(opened)
        yield matrix


class MdfMatrix:
    """System matrix in an open file, the mean of the background frames subtracted unless the file says that it was.

    Attributes
    ----------
    path : Path
        The file.
    channels : int
        Receive channels.
    frequency : (row,) ndarray of int64
        Frequency indices from 0, the same in every channel.
    frequency_Hz : (row,) ndarray of float64
        Frequencies in Hz.
    grid : Grid
        3-D grid; axes of one position are kept.
    snr : (channel, row) ndarray of float64, or None
        The file's signal-to-noise ratio.
    unit : str
        Unit of the values.
    scanner : Scanner or None
        Where :class:`Scanner` can describe the fields.
    attributes : dict
        ``units``, ``calibration_method`` and ``is_transfer_function_corrected``.
    header : MdfHeader
        What else the file says. It is that of the matrix as :meth:`read` gives it: corrected, and without empty frames.
    """

    def __init__(self, file: MdfFile) -> None:
        self._file = file
        self.path = file.path
        self._frames = FrameReader(file)
        self.channels = file.sizes[0]
        self.frequency = file.frequency
        self.frequency_Hz = file.frequency_Hz
        self.grid = read_grid(file)
        self.snr = read_snr(file)
        self.scanner: Scanner | None = read_scanner(file)
        self.attributes: dict[str, Any] = matrix_attributes(file)
        self.unit = str(self.attributes["units"])
        self.header = self._header()

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Sizes of channel, row, x, y, z."""
        return (self.channels, len(self.frequency), *self._size)

    @property
    def background_frames(self) -> int:
        """Number of empty frames."""
        return len(self._frames.background)

    def read(self, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64]:
        """Read rows of one channel.

        Parameters
        ----------
        channel : int
            Receive channel.
        start, stop : int
            First row, and the one after the last.

        Returns
        -------
        (row, x, y, z) ndarray of complex64
            In the file's unit. Besides this array, memory is bounded (a few times 64 MiB).

        Raises
        ------
        InputError
            When there are no such rows, or bytes are missing, or a value is not finite.
        """
        self._check(channel, start, stop)
        with reading(self.path):
            values = np.empty((stop - start, *self._size), np.complex64)
            flat = values.reshape(stop - start, prod(self._size))
            self._frames.fill(flat, self._places, channel, start)
        return values

    def read_background(self, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64] | None:
        """Read the empty frames ``(row, frame)`` in the order in which they were acquired, less their mean; None without."""
        self._check(channel, start, stop)
        if not self.background_frames:
            return None
        with reading(self.path):
            frames = self._frames.empty_frames(channel, start, stop)
        frames -= frames.mean(axis=1, keepdims=True, dtype=np.complex128)
        return frames

    def blocks(self, bytes_of_block: int = BLOCK_BYTES) -> Iterator[tuple[int, int, int]]:
        """Yield channel, first row, and the row after the last, of blocks of about a size, in the order of the matrix."""
        rows = max(1, bytes_of_block // (8 * prod(self._size)))
        for channel in range(self.channels):
            for start in range(0, len(self.frequency), rows):
                yield channel, start, min(start + rows, len(self.frequency))

    # ------------------------------------------------------------------ order

    @property
    def _size(self) -> tuple[int, int, int]:
        x, y, z = self.grid.shape
        return x, y, z

    @cached_property
    def _places(self) -> npt.NDArray[np.int64]:
        """Place of each stored foreground frame in an array of axes x, y, z."""
        axes = storage_axes(self._file)
        voxels = np.arange(prod(self._size)).reshape(self._size)
        return voxels.transpose(axes).ravel()

    def _header(self) -> MdfHeader:
        """Return the header, with what belongs to frames in the order that a file has that is written: x fastest."""
        header = read_header(self._file)
        voxels = np.arange(prod(self._size)).reshape(self._size)
        order = np.argsort(self._places)[
            voxels.transpose(2, 1, 0).ravel()
        ]  # stored frame of each written one
        times = self._file.acquisition_order[self._frames.foreground][order]
        changes: dict[str, Value | None] = {
            SELECTION: self.frequency + 1,
            PERMUTATION: np.argsort(np.argsort(times)) + 1,
            FLAGS[0]: bool(self.background_frames or self._file.is_background_corrected),
            "/acquisition/receiver/dataConversionFactor": None,
        }
        for key in OF_FRAMES:
            found = header.array(key)
            if found is not None:
                changes[key] = found[order] if len(found) == len(order) else None
        return header.replace(changes)

    def _check(self, channel: int, start: int, stop: int) -> None:
        if not (0 <= channel < self.channels and 0 <= start <= stop <= len(self.frequency)):
            raise InputError(
                f"{self.path}: found rows {start} to {stop} of channel {channel}, expected rows of "
                f"{len(self.frequency)} in {self.channels} channels"
            )
