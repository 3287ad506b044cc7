"""What the metadata of a Zarr store claim, checked before anything is allocated."""

import math
from typing import Any

import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, ShardingCodec, ZstdCodec

from mpipipe.errors import InputError
from mpipipe.storage.bounded_codecs import bounded_codecs
from mpipipe.storage.limits import GIB, JSON_BYTES, check_claim
from mpipipe.storage.location import Location, file_size, join

CHUNK_BYTES = GIB
MATRIX_BYTES = 16 * GIB
MAX_CHUNKS = 2**17
PLAIN_CODECS = (BytesCodec, BloscCodec, ZstdCodec, Crc32cCodec)


def open_group(place: Location) -> zarr.Group:
    """Open a Zarr v3 group for reading, if its metadata are of a size that metadata have."""
    _check_metadata(place)
    return zarr.open_group(str(place), mode="r", zarr_format=3, use_consolidated=False)


def open_array(
    place: Location, group: zarr.Group, name: str, dtype: str, num_axes: tuple[int, ...]
) -> "zarr.Array[Any]":
    """Open an array of a group, if what it claims can be read with bounded memory.

    Parameters
    ----------
    place : Path or str
        Location of the group.
    group : zarr.Group
        The opened group.
    name : str
        Name of the array.
    dtype : str
        Expected type of the values.
    num_axes : tuple of int
        Numbers of axes that are allowed.

    Raises
    ------
    InputError
        When the array is of another type or number of axes, is empty, has chunks above 1 GiB or more than 131072 of them,
        or is encoded by another codec than bytes, Blosc, Zstandard, CRC-32C and sharding.
    """
    _check_metadata(join(place, name))
    with bounded_codecs():
        array = group[name]
    if not isinstance(array, zarr.Array):
        raise InputError(f"{place}: {name}: found a group, expected an array")
    if str(array.dtype) != dtype or array.ndim not in num_axes or 0 in array.shape:
        axes = " or ".join(map(str, num_axes))
        raise InputError(
            f"{place}: {name}: found {array.dtype} {array.shape}, expected {dtype} with {axes} axes, none empty"
        )
    check_values(place, f"chunks of {name}", array.chunks, array.dtype.itemsize, CHUNK_BYTES)
    _require_few_chunks(place, name, array)
    _require_known_codecs(place, name, array)
    return array


def check_values(place: Location, what: str, shape: tuple[int, ...], item_bytes: int, limit: int) -> None:
    """Refuse values of a shape that take more bytes than allowed."""
    check_claim(f"{place}: {what} {shape}", math.prod(shape) * item_bytes, limit)


def _check_metadata(place: Location) -> None:
    check_claim(f"{place}: zarr.json", file_size(join(place, "zarr.json")), JSON_BYTES)


def _require_few_chunks(place: Location, name: str, array: "zarr.Array[Any]") -> None:
    units = (array.shape, array.shards or array.chunks)
    found = max(
        math.prod(-(-all_ // own) for all_, own in zip(unit, array.chunks, strict=True)) for unit in units
    )
    if found > MAX_CHUNKS:
        raise InputError(f"{place}: {name}: found {found} chunks, expected at most {MAX_CHUNKS}")


def _require_known_codecs(place: Location, name: str, array: "zarr.Array[Any]") -> None:
    codecs = list(array.metadata.codecs)  # type: ignore[union-attr]
    if len(codecs) == 1 and isinstance(codecs[0], ShardingCodec):
        codecs = [*codecs[0].codecs, *codecs[0].index_codecs]
    unknown = [type(codec).__name__ for codec in codecs if not isinstance(codec, PLAIN_CODECS)]
    if unknown:
        raise InputError(
            f"{place}: {name}: found {unknown[0]}, expected bytes, blosc, zstd, crc32c or one sharding_indexed"
        )
