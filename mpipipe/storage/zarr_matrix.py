"""One whole system matrix in a Zarr directory, read a few rows at a time.

The layout is that of a part of an ensemble (:mod:`mpipipe.storage.ensemble`) with one matrix, of which every channel has the same
frequencies. Besides, the description of the matrix holds the header of an MDF file, and an array ``snr`` the signal-to-noise
ratios, where they are known.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.described import read_index
from mpipipe.storage.ensemble import Part
from mpipipe.storage.header_json import header_from_json
from mpipipe.storage.layout import open_array, open_group
from mpipipe.storage.location import readable
from mpipipe.storage.mdf_export import to_model
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.mdf_stream import fitting

BLOCK_BYTES = 2**27
SNR_ARRAY = "snr"
HEADER, GRID_3D = "header", "grid_3d"
RECEIVER = "/acquisition/receiver"


class ZarrMatrix:
    """System matrix in Zarr with the attributes and methods of :class:`mpipipe.storage.mdf_matrix.MdfMatrix`; no empty frames."""

    background_frames = 0

    def __init__(self, path: Path) -> None:
        """Open a matrix, after a check of its bytes against its manifest.

        Raises
        ------
        InputError
            When it is missing, truncated or changed, or is not one whole matrix with a header or a scanner.
        """
        self.path = Path(path)
        self._part = Part(self.path)
        if len(self._part.matrices) != 1:
            raise InputError(
                f"{path}: found an ensemble of {len(self._part.matrices)} system matrices, expected a single one"
            )
        self._own = (slice(None), *map(slice, self._part.matrices[0].shape))
        try:
            with readable(self.path, "a system matrix with its header"):
                self._describe(open_group(self.path))
        except InputError as error:
            named = str(error).startswith(str(self.path))
            raise InputError(str(error) if named else f"{self.path}: {error}") from None

    def _describe(self, group: zarr.Group) -> None:
        """Take over what the group says of its matrix."""
        described = self._part.matrices[0]
        extra: dict[str, Any] = group.attrs["matrices"][0]  # type: ignore[index,assignment]
        self.channels, self.frequency = self._rows(group)
        self.scanner = to_model(Scanner, "scanner", described.scanner) if described.scanner else None
        self.grid = _grid(extra, described.shape, described.grid)
        self.header = self._header(extra, described.particle)
        self.frequency_Hz: npt.NDArray[np.float64] = self.frequency * np.float64(_step_Hz(self.header))
        self.snr = self._snr(group) if SNR_ARRAY in group else None
        self.unit = self.header.text(f"{RECEIVER}/unit")

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Sizes of channel, row, x, y, z."""
        x, y, z = self.grid.shape
        return self.channels, len(self.frequency), x, y, z

    def read(self, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64]:
        """Read rows ``(row, x, y, z)`` of one channel.

        Raises
        ------
        InputError
            When there are no such rows, or a value is not finite.
        """
        rows = len(self.frequency)
        if not (0 <= channel < self.channels and 0 <= start <= stop <= rows):
            raise InputError(
                f"{self.path}: found rows {start} to {stop} of channel {channel}, expected rows of {rows} in "
                f"{self.channels} channels"
            )
        first = channel * rows
        values = self._part.read(first + start, first + stop).values[self._own]
        if not np.isfinite(values).all():
            raise InputError(
                f"{self.path}: channel {channel}, rows {start} to {stop}: found NaN or infinity, expected finite values"
            )
        return values.reshape(stop - start, *self.grid.shape)

    def read_background(self, channel: int, start: int, stop: int) -> None:
        """Return None: there are no empty frames."""
        del channel, start, stop

    def blocks(self, bytes_of_block: int = BLOCK_BYTES) -> Iterator[tuple[int, int, int]]:
        """Yield channel, first row, and the row after the last, of blocks of about a size, in the order of the matrix."""
        rows = max(1, bytes_of_block // (8 * self.grid.voxels))
        for channel in range(self.channels):
            for start in range(0, len(self.frequency), rows):
                yield channel, start, min(start + rows, len(self.frequency))

    def _rows(self, group: zarr.Group) -> tuple[int, npt.NDArray[np.int64]]:
        """Return the number of channels, and the frequencies that each of them has."""
        count = len(self._part)
        channel, index = (read_index(self.path, group, name, count) for name in ("channel", "frequency"))
        channels = int(channel[-1]) + 1
        rows = count // channels
        frequency = index[:rows].astype(np.int64)
        whole_channels = rows * channels == count and bool(
            (channel == np.repeat(np.arange(channels), rows)).all()
            and (index == np.tile(frequency, channels)).all()
        )
        if not whole_channels or (np.diff(frequency) <= 0).any():
            raise InputError(
                f"{self.path}: found selected components, expected the same frequencies in every channel, in order"
            )
        return channels, frequency

    def _header(self, extra: dict[str, Any], particle: dict[str, Any]) -> MdfHeader:
        """Return the header: the one that is stored, or that of the simulation that is described."""
        if HEADER in extra:
            return header_from_json(extra[HEADER])
        if self.scanner is None:
            raise InputError(f"{self.path}: found neither a header nor a scanner, expected one of them")
        samples = self.scanner.samples * max(1, -(-2 * int(self.frequency[-1]) // self.scanner.samples))
        made = to_model(Particle, "particle", particle) if particle else None
        return MdfHeader.simulated(self.scanner, made, self.grid, samples=samples, channels=self.channels)

    def _snr(self, group: zarr.Group) -> npt.NDArray[np.float64]:
        stored = open_array(self.path, group, SNR_ARRAY, "float64", (1,))
        if stored.shape != (len(self._part),):
            raise InputError(f"{SNR_ARRAY}: found {stored.shape}, expected one number for each component")
        return fitting(SNR_ARRAY, stored[:], np.float64, (len(self._part),)).reshape(self.channels, -1)


def holds_header(path: Path) -> bool:
    """Return whether a Zarr directory says of itself that it is one system matrix with a header."""
    try:
        found = open_group(path).attrs["matrices"]
        return isinstance(found, list) and len(found) == 1 and HEADER in found[0]
    except Exception:  # whatever is wrong with it, opening it will say
        return False


def _grid(extra: dict[str, Any], shape: tuple[int, ...], plain: dict[str, Any]) -> Grid:
    """Return the 3-D grid; where a file has one of fewer axes, the others have one position, as long as a voxel."""
    grid = to_model(Grid, "grid", extra.get(GRID_3D, plain))
    missing = 3 - len(grid.shape)
    if missing:
        voxel = min(length / size for length, size in zip(grid.field_of_view_mm, grid.shape, strict=True))
        grid = Grid(
            shape=(*grid.shape, *(1,) * missing),
            field_of_view_mm=(*grid.field_of_view_mm, *(voxel,) * missing),
            centre_mm=(*grid.centre_mm, *(0.0,) * missing),
        )
    if grid.shape != (*shape, *(1,) * (3 - len(shape))):
        raise InputError(f"grid: found {grid.shape}, expected {shape} as the array has")
    return grid


def _step_Hz(header: MdfHeader) -> float:
    """Return the distance of frequencies: the sampling rate, twice the bandwidth, over the samples of a period."""
    bandwidth, samples = (header.get(f"{RECEIVER}/{name}") for name in ("bandwidth", "numSamplingPoints"))
    if not isinstance(bandwidth, float) or not isinstance(samples, int) or bandwidth <= 0 or samples < 1:
        raise InputError(f"{RECEIVER}: found bandwidth {bandwidth} and {samples} samples, expected both")
    return 2 * bandwidth / samples
