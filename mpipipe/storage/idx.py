"""Images from IDX files, the format of MNIST (LeCun et al. 1998)."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

MAX_BYTES = 2**30
UNSIGNED_BYTE, AXES = 0x08, 3
HEADER = 4 * (1 + AXES)
BLOCK = 2**20
GZIP_MAGIC = b"\x1f\x8b"
READ_ERRORS = (OSError, EOFError, zlib.error)

Stream = IO[bytes] | gzip.GzipFile


def read_idx_images(path: Path, *, max_bytes: int = MAX_BYTES) -> npt.NDArray[np.uint8]:
    """Read images from an IDX file, plain or compressed by gzip.

    The header is the bytes 0, 0, 8 (unsigned bytes), 3 (axes), and three sizes as big-endian 32-bit integers.

    Parameters
    ----------
    path : Path
        File such as MNIST's ``train-images-idx3-ubyte``.
    max_bytes : int
        Largest array that is read; the header is checked before any memory is taken.

    Returns
    -------
    (image, row, column) ndarray of uint8
        Images.

    Raises
    ------
    InputError
        When the file is missing, truncated, longer than its header says, too large, or holds anything but 3-D unsigned
        bytes.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected images in IDX format")
    try:
        with _opened(path) as stream:
            shape = _shape(path, stream.read(HEADER), max_bytes)
            return _values(path, stream, shape)
    except READ_ERRORS as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: found a damaged or truncated file ({reason}), expected images in IDX format"
        ) from None


@contextmanager
def _opened(path: Path) -> Iterator[Stream]:
    """Open a file, decompressed where it begins as gzip does."""
    with path.open("rb") as file:
        compressed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        if not compressed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as stream:
            yield stream


def _shape(path: Path, header: bytes, max_bytes: int) -> tuple[int, int, int]:
    if len(header) >= 4 and header[:4] != bytes((0, 0, UNSIGNED_BYTE, AXES)):
        raise InputError(
            f"{path}: found magic number 0x{header[:4].hex()}, expected 0x{UNSIGNED_BYTE << 8 | AXES:08x} "
            "(3-D unsigned bytes)"
        )
    if len(header) < HEADER:
        raise InputError(f"{path}: found {len(header)} bytes, expected a header of {HEADER}")
    images, rows, columns = (int(size) for size in np.frombuffer(header, ">u4", AXES, offset=4))
    size = images * rows * columns
    if not 0 < size <= max_bytes:
        raise InputError(
            f"{path}: found sizes ({images}, {rows}, {columns}), expected positive ones of at most {max_bytes} bytes in all"
        )
    return images, rows, columns


def _values(path: Path, stream: Stream, shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Read block by block, so that a header that promises too much costs nothing."""
    size, data = shape[0] * shape[1] * shape[2], bytearray()
    while block := stream.read(min(BLOCK, size + 1 - len(data))):
        data += block
    if len(data) != size:
        found = "more" if len(data) > size else len(data)
        raise InputError(f"{path}: found {found} bytes of images, expected {size} for sizes {shape}")
    return np.frombuffer(data, np.uint8).reshape(shape)
