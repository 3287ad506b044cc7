"""Texts of variable length in an MDF file, checked before HDF5 reads them.

Such a text is a reference: its length, and the heap in the file that holds it. HDF5 takes the memory that a reference states
before it looks into the heap, and does not come back from a heap whose objects have a damaged length. So both are checked here,
in the bytes of the file (HDF5 File Format Specification 3.0, section III.E, Global Heap).
"""

from pathlib import Path
from struct import unpack, unpack_from
from typing import BinaryIO

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.storage.mdf_table import RULES
from mpipipe.storage.mdf_values import MdfValues

MAX_TEXT_BYTES = 2**24
KINDS = ("text", "time", "uuid")
REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])
HEAP_HEADER, OBJECT_HEADER = 16, 16


def check_texts(file: MdfValues) -> None:
    """Refuse a file of which a text of the specification is longer than 16 MiB, damaged, or cannot be checked."""
    for rule in RULES:
        if rule.kind in KINDS and file.has(rule.path):
            check_text(file, rule.path, file.dataset(rule.path))


def check_text(file: MdfValues, key: str, dataset: h5py.Dataset) -> None:
    """Refuse a text that is too long or damaged; one of a fixed length is neither."""
    text = h5py.check_string_dtype(dataset.dtype)
    if text is None or text.length is not None or dataset.id.get_storage_size() == 0:
        return
    file.check_size(key, dataset)
    if dataset.id.get_offset() is None or dataset.id.get_storage_size() != dataset.size * REFERENCE.itemsize:
        raise file.error(key, "texts in another layout", "texts in one contiguous block, or fixed lengths")
    with Path(dataset.file.filename).open("rb") as raw:
        raw.seek(dataset.id.get_offset())
        references = np.frombuffer(raw.read(dataset.size * REFERENCE.itemsize), REFERENCE)
        total = int(references["length"].sum(dtype=np.uint64))
        if total > MAX_TEXT_BYTES:
            raise file.error(key, f"{total} bytes of text", f"at most {MAX_TEXT_BYTES}")
        if not all(_is_whole(raw, address) for address in _heaps(references, dataset.file.userblock_size)):
            raise file.error(key, "a damaged heap of texts", "text")


def _heaps(references: npt.NDArray[np.void], base: int) -> list[int]:
    """Return the places of the heaps in the file; an empty text has none."""
    addresses = references["address"][references["length"] > 0]
    return [base + int(address) for address in np.unique(addresses)]


def _is_whole(raw: BinaryIO, place: int) -> bool:
    """Return whether the objects of a heap follow one another to its end."""
    end = raw.seek(0, 2)
    if place + HEAP_HEADER > end:
        return False
    raw.seek(place)
    signature, version, size = unpack("<4sB3xQ", raw.read(HEAP_HEADER))
    if signature != b"GCOL" or version != 1 or size > min(MAX_TEXT_BYTES + 2**16, end - place):
        return False
    heap = raw.read(size - HEAP_HEADER) if size > HEAP_HEADER else b""
    position = 0
    while position + OBJECT_HEADER <= len(heap):
        index, length = unpack_from("<H6xQ", heap, position)
        taken = (
            OBJECT_HEADER + -(-length // 8) * 8 if index else length
        )  # index 0 is what is free, header included
        if taken < OBJECT_HEADER or position + taken > len(heap):
            return False
        position += taken
    return True
