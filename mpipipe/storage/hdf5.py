"""HDF5 files that nobody vouches for, and their datasets, checked before anything of them is read."""

import signal
import subprocess
import sys
import zlib
from math import ceil, prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mpipipe.errors import InputError
from mpipipe.storage import hdf5_walk
from mpipipe.storage.limits import check_claim, one_line

MAX_CHUNKS = 2**17
SLACK = 64  # bytes of checksums in a chunk
SHUFFLE, DEFLATE, FLETCHER = h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32
READ_ERRORS = (*hdf5_walk.DAMAGE, zlib.error)
"""What h5py raises when bytes are missing or damaged, in the file or in a packed chunk."""


def open_hdf5(path: Path) -> h5py.File:
    """Open a file for reading, after another process has walked through all that it says of its values.

    Damage can end the process that opens a file, hold it for ever or take all of its memory; here it is the other process
    that does.

    Parameters
    ----------
    path : Path
        HDF5 file.

    Raises
    ------
    OSError
        When the other process refuses the file, or ends under it; the message says how.
    """
    probe(path)
    return h5py.File(path, "r")


def probe(path: Path) -> None:
    """Walk through a file in a process of its own: a tenth of a second, and longer for files of many chunks.

    Raises
    ------
    OSError
        As :func:`open_hdf5`.
    """
    command = [sys.executable, "-P", hdf5_walk.__file__, str(path.absolute())]
    done = subprocess.run(command, text=True, errors="replace", capture_output=True, check=False)
    if done.returncode < 0:
        raise OSError(f"the HDF5 library ends on it with {signal.Signals(-done.returncode).name}")
    if done.returncode:
        raise OSError(one_line(done.stderr))


def overlapping(dtype: np.dtype[Any]) -> bool:
    """Return whether fields of a compound share bytes, or lie beyond its end: HDF5 would write there."""
    end = 0
    for part, offset in sorted((dtype.fields or {}).values(), key=lambda field: field[1]):  # type: ignore[misc]
        if offset < end or overlapping(part):
            return True
        end = offset + part.itemsize
    return end > dtype.itemsize


def own_dataset(where: str, file: h5py.Group, name: str, max_bytes: int) -> h5py.Dataset:
    """Return a dataset of the file itself that can be read with bounded memory.

    Parameters
    ----------
    where : str
        File and dataset, for error messages.
    file : h5py.Group
        Open file.
    name : str
        Dataset at its top.
    max_bytes : int
        Most bytes that its values may take, and each of its chunks, compressed or not.

    Raises
    ------
    InputError
        When it is a link, no dataset or an empty one, keeps its values in other files, has fields that overlap, is encoded by
        another filter than shuffle, deflate and the Fletcher checksum, or claims or unpacks to too much.
    """
    link = file.get(name, getlink=True)
    if link is not None and not isinstance(link, h5py.HardLink):
        raise InputError(f"{where}: found a link, expected a dataset of the file itself")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise InputError(f"{where}: found no array of numbers, expected a dataset")
    if dataset.is_virtual or dataset.external:
        raise InputError(f"{where}: found values in other files, expected a dataset of the file itself")
    if overlapping(dataset.dtype):
        raise InputError(f"{where}: found fields that overlap, expected numbers or pairs of them")
    check_claim(where, prod(dataset.shape) * dataset.dtype.itemsize, max_bytes)
    if dataset.chunks is not None:
        _check_chunks(where, dataset, max_bytes)
    return dataset


def _check_chunks(where: str, dataset: h5py.Dataset, max_bytes: int) -> None:
    size = prod(dataset.chunks) * dataset.dtype.itemsize
    check_claim(f"{where}: chunk", size, max_bytes)
    count = prod(ceil(all_ / own) for all_, own in zip(dataset.shape, dataset.chunks, strict=True))
    if count > MAX_CHUNKS:
        raise InputError(f"{where}: found {count} chunks, expected at most {MAX_CHUNKS}")
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(position)[0] for position in range(properties.get_nfilters())]
    if filters != [code for code in (SHUFFLE, DEFLATE, FLETCHER) if code in filters]:
        raise InputError(
            f"{where}: found filters {filters}, expected shuffle, deflate, Fletcher checksum or none"
        )
    if DEFLATE in filters:
        _check_deflated(where, dataset, filters.index(DEFLATE), size)


def _check_deflated(where: str, dataset: h5py.Dataset, position: int, size: int) -> None:
    """Refuse a chunk that unpacks to more than a chunk: HDF5 takes as much memory as there is to unpack."""
    for number in range(dataset.id.get_num_chunks()):
        stored = dataset.id.get_chunk_info(number)
        check_claim(f"{where}: packed chunk", stored.size, size + size // 8 + SLACK)
        mask, packed = dataset.id.read_direct_chunk(stored.chunk_offset)
        if not mask & 1 << position and len(zlib.decompressobj().decompress(packed, size + 1)) > size:
            raise InputError(
                f"{where}: found a chunk that unpacks to more than its {size} bytes, expected one that fits"
            )
