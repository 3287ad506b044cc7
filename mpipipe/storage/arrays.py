"""Small sets of named arrays as one Zarr group: scenes and reconstructed images."""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BytesCodec

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole
from mpipipe.storage.bounded_codecs import BoundedZstd, bounded_codecs
from mpipipe.storage.layout import open_group
from mpipipe.storage.limits import ARRAYS_BYTES, GIB, check_claim, check_size
from mpipipe.storage.location import readable
from mpipipe.storage.manifest import verify

NAMES = "arrays"
KINDS = "biufc"
CHUNK_BYTES = 2 * GIB


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]], attributes: Mapping[str, Any]) -> None:
    """Write named arrays, each in one chunk, with JSON attributes."""
    with whole(path) as partial:
        group = zarr.open_group(partial, mode="w-", zarr_format=3)
        group.attrs.update({**attributes, NAMES: sorted(arrays)})
        for name, values in sorted(arrays.items()):
            stored = group.create_array(name, shape=values.shape, dtype=values.dtype, chunks=values.shape)
            stored[...] = values


def read_arrays(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Read all arrays and attributes of a group, after a check against its manifest.

    Raises
    ------
    InputError
        When the group is missing, truncated or changed, or claims more than `ARRAYS_BYTES`.
    """
    verify(path)
    check_size(path, ARRAYS_BYTES)
    with readable(path, "a group of arrays"):
        group = open_group(path)
        described = dict(group.attrs)
        names: list[str] = described.pop(NAMES)  # type: ignore[assignment]
        arrays = {name: _array(path, group, name) for name in names}
        check_claim(str(path), sum(array.nbytes for array in arrays.values()), ARRAYS_BYTES)
        return {name: np.asarray(array[...]) for name, array in arrays.items()}, described


def _array(path: Path, group: zarr.Group, name: str) -> "zarr.Array[Any]":
    with bounded_codecs():
        array = group[name]
    if not isinstance(array, zarr.Array) or array.dtype.kind not in KINDS:
        raise InputError(f"{path}: {name}: found {type(array).__name__}, expected an array of numbers")
    codecs = [type(codec) for codec in array.metadata.codecs]  # type: ignore[union-attr]
    if codecs != [BytesCodec, BoundedZstd]:
        raise InputError(f"{path}: {name}: found {codecs[-1].__name__}, expected bytes and zstd")
    check_claim(f"{path}: {name}: chunk", prod(array.chunks) * array.dtype.itemsize, CHUNK_BYTES)
    return array
