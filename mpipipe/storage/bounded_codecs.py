"""Codecs of Zarr that look at what a chunk claims before they unpack it; the library's own believe it.

Blosc reads as far as a chunk says that it reaches, Zstandard takes as much memory as a frame asks for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING

import zarr
from zarr.codecs import BloscCodec, ZstdCodec
from zarr.registry import register_codec

if TYPE_CHECKING:
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer

BLOSC_HEADER_BYTES = 16
ZSTD_HEADER_BYTES = 18
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
DICTIONARY_BYTES = (0, 1, 2, 4)


class BoundedBlosc(BloscCodec):
    """Blosc of chunks that are as long as they say, and unpack to a chunk."""

    def _decode_sync(self, chunk_bytes: "Buffer", chunk_spec: "ArraySpec") -> "Buffer":
        header = chunk_bytes[:BLOSC_HEADER_BYTES].to_bytes()
        unpacked, packed = (int.from_bytes(header[start : start + 4], "little") for start in (4, 12))
        if len(header) < BLOSC_HEADER_BYTES or packed != len(chunk_bytes):
            raise ValueError(f"{len(chunk_bytes)} bytes of a Blosc chunk of {packed}")
        _require_chunk(unpacked, chunk_spec)
        return super()._decode_sync(chunk_bytes, chunk_spec)


class BoundedZstd(ZstdCodec):
    """Zstandard of frames that name their size, and unpack to a chunk (RFC 8878, section 3.1.1.1)."""

    def _decode_sync(self, chunk_bytes: "Buffer", chunk_spec: "ArraySpec") -> "Buffer":
        _require_chunk(_content_size(chunk_bytes[:ZSTD_HEADER_BYTES].to_bytes()), chunk_spec)
        return super()._decode_sync(chunk_bytes, chunk_spec)


@contextmanager
def bounded_codecs() -> Iterator[None]:
    """Arrays that are opened in this context are unpacked by the bounded codecs."""
    names = {name: f"{__name__}.{kind.__qualname__}" for name, kind in CODECS.items()}
    with zarr.config.set({f"codecs.{name}": path for name, path in names.items()}):
        yield


def _require_chunk(unpacked: int, spec: "ArraySpec") -> None:
    expected = prod(spec.shape) * spec.dtype.to_native_dtype().itemsize
    if unpacked != expected:
        raise ValueError(f"a chunk that claims {unpacked} bytes, not {expected}")


def _content_size(header: bytes) -> int:
    """Return the content size that the header of a Zstandard frame names."""
    if len(header) < 6 or not header.startswith(ZSTD_MAGIC):
        raise ValueError("no Zstandard frame")
    flags = header[4]
    single_segment, field = flags >> 5 & 1, flags >> 6
    length = (single_segment, 2, 4, 8)[field]
    if not length:
        raise ValueError("a Zstandard frame of unknown size")
    start = 5 + (1 - single_segment) + DICTIONARY_BYTES[flags & 3]
    return int.from_bytes(header[start : start + length], "little") + (256 if length == 2 else 0)


CODECS = {"blosc": BoundedBlosc, "zstd": BoundedZstd}
for _name, _kind in CODECS.items():
    register_codec(_name, _kind)
