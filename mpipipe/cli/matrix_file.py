"""System matrices in files as the verbs ``restore`` and ``score`` take them: MDF, Zarr, or a plain array in ``.npy``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.storage.atomic import whole
from mpipipe.storage.mdf_write import write_mdf_matrix
from mpipipe.storage.system_matrix_file import ZARR, SystemMatrixFile, open_system_matrix_file
from mpipipe.storage.zarr_write import write_zarr_matrix
from mpipipe.studies.measured_noise import sigma_from_background

Complex = npt.NDArray[np.complex64]
NOTE = "/calibration/_restoration"
FEWEST_FRAMES = 10
"""Empty frames from which a noise level is taken; fewer give it with more than a quarter of error."""


class OpenMatrix(Protocol):
    """An open system matrix."""

    path: Path
    channels: int
    rows: int
    frequencies: tuple[int, ...]
    """Frequency indices of the rows; none where they are not known."""
    shape: tuple[int, ...]
    """Voxels of the grid, axes of one voxel among them."""

    @property
    def grid(self) -> Grid | None:
        """Where the voxels lie; None where that is not known."""
        ...

    def read(self, channel: int, start: int, stop: int) -> Complex:
        """Read rows ``(row, x, y[, z])`` of one channel."""
        ...

    def noise(self, channel: int, start: int, stop: int) -> npt.NDArray[np.float64] | None:
        """Return the noise level ``(row,)`` of rows from the file's empty frames, or None where it has too few."""
        ...

    def label(self, channel: int, row: int) -> str:
        """Return what a component is."""
        ...

    def write(
        self, out: Path, grid: Grid | None, shape: tuple[int, ...], blocks: Iterator[Complex], note: str
    ) -> None:
        """Write blocks of another matrix with the same components, in order, on a grid; whole or not at all.

        Files in MDF and Zarr have the header and the signal-to-noise ratios of this one, and the note in
        ``/calibration/_restoration``.
        """
        ...


def spans(matrix: OpenMatrix, step: int) -> Iterator[tuple[int, int, int]]:
    """Yield channel, first row and the row after the last of blocks of at most `step` rows, in order."""
    for channel in range(matrix.channels):
        for start in range(0, matrix.rows, step):
            yield channel, start, min(start + step, matrix.rows)


@contextmanager
def open_matrix(path: Path) -> Iterator[OpenMatrix]:
    """Open a system matrix for reading; a name that ends with ``.npy`` is an array, with ``.zarr`` Zarr, all others are MDF.

    Raises
    ------
    InputError
        When the file is missing or not a system matrix.
    """
    if path.suffix == ".npy":
        yield _NpyMatrix(path, _mapped(path))
        return
    with open_system_matrix_file(path) as matrix:
        yield _LabelledMatrix(path, matrix)


def check_output(out: Path, source: Path, *, overwrite: bool) -> None:
    """Refuse to write over a file unless told to, a Zarr source over itself, and formats that do not go together."""
    if out.exists() and not overwrite:
        raise InputError(f"{out}: found a file, expected none; --overwrite replaces it")
    if (out.suffix == ".npy") != (source.suffix == ".npy"):
        raise InputError(
            f"{out}: found another format than that of {source.name}, expected {_fitting(source)}"
        )
    if out.suffix == ZARR and out.resolve() == source.resolve():
        raise InputError(f"{out}: found the matrix that is read, expected another name")


def _fitting(source: Path) -> str:
    return source.suffix if source.suffix == ".npy" else "MDF or .zarr"


@dataclass
class _LabelledMatrix:
    path: Path
    matrix: SystemMatrixFile

    def __post_init__(self) -> None:
        self.channels = self.matrix.channels
        self.rows = len(self.matrix.frequency)
        self.frequencies = tuple(self.matrix.frequency.tolist())
        self.grid = self.matrix.grid
        self.shape: tuple[int, ...] = tuple(self.matrix.grid.shape)

    def read(self, channel: int, start: int, stop: int) -> Complex:
        return np.asarray(self.matrix.read(channel, start, stop), np.complex64)

    def noise(self, channel: int, start: int, stop: int) -> npt.NDArray[np.float64] | None:
        if self.matrix.background_frames < FEWEST_FRAMES:
            return None
        return sigma_from_background(np.asarray(self.matrix.read_background(channel, start, stop)))

    def label(self, channel: int, row: int) -> str:
        name = "xyz"[channel] if self.channels <= 3 else str(channel)
        return f"{name} coil\n{self.matrix.frequency_Hz[row] / 1e3:.1f} kHz"

    def write(
        self, out: Path, grid: Grid | None, shape: tuple[int, ...], blocks: Iterator[Complex], note: str
    ) -> None:
        del shape
        header, grid = self.matrix.header.replace({NOTE: note}), self.grid if grid is None else grid
        frequency, snr, placed = self.matrix.frequency, self.matrix.snr, self._placed(blocks)
        if out.suffix == ZARR:
            recipe = {"verb": "restore", "restoration": json.loads(note)}
            write_zarr_matrix(
                out, header, grid, frequency, placed,
                scanner=self.matrix.scanner, snr=snr, recipe=recipe, overwrite=True,
            )  # fmt: skip
        else:
            write_mdf_matrix(out, header, grid, frequency, placed, snr=snr, overwrite=True)

    def _placed(self, blocks: Iterator[Complex]) -> Iterator[tuple[int, int, Complex]]:
        done = 0
        for block in blocks:
            yield *divmod(done, self.rows), block
            done += len(block)


@dataclass
class _NpyMatrix:
    path: Path
    values: npt.NDArray[Any]

    def __post_init__(self) -> None:
        self.channels, self.rows = 1, len(self.values)
        self.frequencies: tuple[int, ...] = ()
        self.shape: tuple[int, ...] = self.values.shape[1:]
        self.grid: Grid | None = None

    def read(self, channel: int, start: int, stop: int) -> Complex:
        del channel
        return np.asarray(self.values[start:stop], np.complex64)

    def noise(self, channel: int, start: int, stop: int) -> None:
        del channel, start, stop

    def label(self, channel: int, row: int) -> str:
        del channel
        return f"component {row}"

    def write(
        self, out: Path, grid: Grid | None, shape: tuple[int, ...], blocks: Iterator[Complex], note: str
    ) -> None:
        del grid, note
        with whole(out) as partial:
            stored = np.lib.format.open_memmap(
                partial, mode="w+", dtype=np.complex64, shape=(self.rows, *shape)
            )
            start = 0
            for block in blocks:
                stored[start : start + len(block)] = block
                start += len(block)
            stored.flush()


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        values: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path}: found no file, expected a system matrix") from None
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: found {error}, expected an array of complex numbers") from None
    if values.ndim not in (3, 4) or 0 in values.shape or values.dtype.kind not in "fc":
        raise InputError(
            f"{path}: found {values.dtype} {values.shape}, expected complex (component, x, y[, z])"
        )
    return values
