"""Chunks of a dataset that can be read with bounded memory: HDF5 reads and unpacks whole ones."""

import zlib
from math import prod

import h5py

MAX_CHUNK_BYTES = 2**28
MAX_UNPACKED_BYTES = 2**30
DEFLATE_RATIO = 1032  # the most that deflate packs
DEFLATE = h5py.h5z.FILTER_DEFLATE
FILTERS = (h5py.h5z.FILTER_SHUFFLE, DEFLATE, h5py.h5z.FILTER_FLETCHER32)


def chunk_violation(dataset: h5py.Dataset) -> tuple[str, str] | None:
    """Return what was found and what was expected where chunks could take too much memory, else None.

    HDF5 gives a packed chunk as much memory as it unpacks to, whatever the size of a chunk. So those that could unpack to
    more than 1 GiB are unpacked here, up to the size of a chunk.
    """
    if dataset.chunks is None:
        return None
    size = prod(dataset.chunks) * dataset.dtype.itemsize
    if size > MAX_CHUNK_BYTES:
        return f"chunks of {size / 2**30:.1f} GiB", f"at most {MAX_CHUNK_BYTES / 2**30:g} GiB"
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(position)[0] for position in range(properties.get_nfilters())]
    if not set(filters) <= set(FILTERS) or len(set(filters)) < len(filters):
        return f"filters {filters}", "shuffle, deflate, Fletcher checksum or none"
    if DEFLATE not in filters:
        return None
    packed: list[tuple[int, ...]] = []

    def remember(stored: h5py.h5d.StoreInfo) -> None:
        if stored.size * DEFLATE_RATIO > MAX_UNPACKED_BYTES:
            packed.append(stored.chunk_offset)

    dataset.id.chunk_iter(remember)
    for offset in packed:
        mask, data = dataset.id.read_direct_chunk(offset)
        unpacker = zlib.decompressobj()
        if not mask & 1 << filters.index(DEFLATE) and len(unpacker.decompress(data, size + 1)) > size:
            return f"a chunk that unpacks to more than its {size} bytes", "one that fits"
    return None
