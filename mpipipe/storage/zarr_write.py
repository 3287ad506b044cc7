"""A system matrix written into a Zarr directory block by block, in the layout that :mod:`mpipipe.storage.zarr_matrix` reads."""

from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BloscCodec

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.atomic import whole
from mpipipe.storage.ensemble import INDEX_ARRAYS, MATRIX_ARRAY
from mpipipe.storage.header_json import header_to_json
from mpipipe.storage.limits import MIB
from mpipipe.storage.manifest import write_manifest
from mpipipe.storage.mdf_geometry import AXES, trim
from mpipipe.storage.mdf_header import OF_FRAMES, PERMUTATION, MdfHeader, Value
from mpipipe.storage.mdf_simulated import particle_of
from mpipipe.storage.mdf_stream import fitting
from mpipipe.storage.mdf_write import channel_count, of_frequencies
from mpipipe.storage.zarr_matrix import GRID_3D, HEADER, RECEIVER, SNR_ARRAY

CHUNK_BYTES = 8 * MIB
CHUNK_ROWS = 64


def write_zarr_matrix(
    path: Path,
    header: MdfHeader,
    grid: Grid,
    frequency: npt.ArrayLike,
    blocks: Iterable[tuple[int, int, npt.NDArray[Any]]],
    *,
    scanner: Scanner | None = None,
    snr: npt.ArrayLike | None = None,
    recipe: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a system matrix block by block, so that it never has to be in memory as a whole.

    Parameters
    ----------
    path : Path
        Directory to write, ``….zarr``; its manifest comes to lie beside it.
    header : MdfHeader
        What an MDF file would say besides the frames.
    grid : Grid
        3-D grid; last axes of one position are no axes of the array.
    frequency : (row,) int
        Increasing frequency indices from 0.
    blocks : iterable of (channel, first row, (row, x[, y, z]) complex)
        Every row of every channel once, stored as complex64.
    scanner : Scanner, optional
        Where :class:`Scanner` can describe the fields; :func:`mpipipe.open_system_matrix` needs it.
    snr : (channel, row) float, optional
        Signal-to-noise ratio.
    recipe : dict, optional
        What the manifest says of the origin.
    overwrite : bool
        Whether a directory that is there may be replaced.

    Raises
    ------
    InputError
        When something is there, or a row is missing, given twice, not finite or of another shape; nothing is written.
    """
    if path.exists() and not overwrite:
        raise InputError(f"{path}: found something, expected nothing (or to be told to overwrite it)")
    rows = np.asarray(frequency, np.int64)
    header = _of_grid(of_frequencies(header, rows), grid)
    channels = channel_count(header)
    with whole(path) as partial:
        group = zarr.open_group(partial, mode="w-", zarr_format=3)
        array = _create(group, channels * len(rows), _stored(grid).shape, header.text(f"{RECEIVER}/unit"))
        _fill(array, channels, len(rows), blocks)
        index = {
            "matrix": np.zeros(channels * len(rows), np.int32),
            "channel": np.repeat(np.arange(channels, dtype=np.int32), len(rows)),
            "frequency": np.tile(rows, channels).astype(np.int32),
        }
        for name in INDEX_ARRAYS:
            _put(group, name, index[name])
        if snr is not None:
            _put(group, SNR_ARRAY, fitting(SNR_ARRAY, snr, np.float64, (channels, len(rows))).reshape(-1))
        described: dict[str, Any] = {
            "matrix": 0,
            "components": channels * len(rows),
            "shape": list(_stored(grid).shape),
        }
        group.attrs["matrices"] = [described | _description(header, grid, scanner)]
    description = {"shape": list(array.shape), "dtype": "complex64", "units": header.text(f"{RECEIVER}/unit")}
    write_manifest(path, recipe or {}, description)


def _create(group: zarr.Group, count: int, shape: tuple[int, ...], unit: str) -> "zarr.Array[Any]":
    rows = max(1, min(CHUNK_ROWS, CHUNK_BYTES // (8 * prod(shape))))
    return group.create_array(
        MATRIX_ARRAY,
        shape=(count, *shape),
        dtype="complex64",
        chunks=(rows, *shape),
        compressors=BloscCodec(cname="zstd", clevel=3, shuffle="shuffle", typesize=8),
        fill_value=complex(np.nan, np.nan),
        dimension_names=("component", *AXES[: len(shape)]),
        attributes={"units": unit},
    )


def _fill(
    array: "zarr.Array[Any]",
    channels: int,
    rows: int,
    blocks: Iterable[tuple[int, int, npt.NDArray[Any]]],
) -> None:
    written = np.zeros((channels, rows), np.bool_)
    for channel, start, block in blocks:
        where = f"rows from {start} on of channel {channel}"
        stop = start + len(block)
        if not (0 <= channel < channels and 0 <= start < stop <= rows) or block[0].size != prod(
            array.shape[1:]
        ):
            raise InputError(
                f"{where}: found shape {block.shape}, expected rows of {rows} in {channels} channels, {array.shape[1:]} each"
            )
        if not np.isfinite(block).all():
            raise InputError(f"{where}: found NaN or infinity, expected finite complex numbers")
        if written[channel, start:stop].any():
            raise InputError(f"{where}: found a row twice, expected each once")
        written[channel, start:stop] = True
        first = channel * rows
        array[first + start : first + stop] = block.reshape(len(block), *array.shape[1:])
    if not written.all():
        raise InputError(f"system matrix: found {int((~written).sum())} missing rows, expected all")


def _put(group: zarr.Group, name: str, values: npt.NDArray[Any]) -> None:
    stored = group.create_array(
        name, shape=values.shape, dtype=values.dtype, chunks=values.shape, dimension_names=("component",)
    )
    stored[:] = values


def _description(header: MdfHeader, grid: Grid, scanner: Scanner | None) -> dict[str, Any]:
    """Return what the attributes say: for readers of ensembles, and all of the header."""
    found: dict[str, Any] = {"grid": _stored(grid).model_dump(mode="json"), **particle_of(header)}
    if scanner is not None:
        found["scanner"] = scanner.model_dump(mode="json")
    return found | {GRID_3D: grid.model_dump(mode="json"), HEADER: header_to_json(header)}


def _of_grid(header: MdfHeader, grid: Grid) -> MdfHeader:
    """Return the header without what belongs to the frames of another grid."""
    numbers = np.arange(grid.voxels) + 1
    fits = {
        key: len(values) == len(numbers) for key in OF_FRAMES if (values := header.array(key)) is not None
    }
    changes: dict[str, Value | None] = {key: None for key, one in fits.items() if not one}
    places = header.array(PERMUTATION)
    if places is None or len(places) != len(numbers):
        changes[PERMUTATION] = numbers
    return header.replace(changes)


def _stored(grid: Grid) -> Grid:
    """Return the grid of the array: a part of an ensemble has two or three axes."""
    kept = max(2, len(trim(grid).shape))
    return Grid(**{name: getattr(grid, name)[:kept] for name in ("shape", "field_of_view_mm", "centre_mm")})
