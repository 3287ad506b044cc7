"""System matrices in files of either format that says where the voxels lie: MDF, and Zarr."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.mdf_matrix import open_mdf_matrix
from mpipipe.storage.zarr_matrix import ZarrMatrix

ZARR = ".zarr"


class SystemMatrixFile(Protocol):
    """An open system matrix; what is what, :class:`mpipipe.storage.mdf_matrix.MdfMatrix` says."""

    path: Path
    channels: int
    frequency: npt.NDArray[np.int64]
    frequency_Hz: npt.NDArray[np.float64]
    grid: Grid
    snr: npt.NDArray[np.float64] | None
    scanner: Scanner | None
    header: MdfHeader
    unit: str

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Sizes of channel, row, x, y, z."""
        ...

    @property
    def background_frames(self) -> int:
        """Number of empty frames."""
        ...

    def read(self, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64]:
        """Read rows ``(row, x, y, z)`` of one channel."""
        ...

    def read_background(self, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64] | None:
        """Read the empty frames ``(row, frame)``, less their mean; None without."""
        ...

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """Yield channel, first row, and the row after the last, of blocks that fit into memory."""
        ...


@contextmanager
def open_system_matrix_file(path: Path) -> Iterator[SystemMatrixFile]:
    """Open a system matrix for reading: Zarr where the name ends with ``.zarr``, else MDF.

    Raises
    ------
    InputError
        When the file is missing, damaged, or not a system matrix.
    """
    if path.suffix == ZARR:
        yield ZarrMatrix(path)
        return
    with open_mdf_matrix(path) as matrix:
        yield matrix
