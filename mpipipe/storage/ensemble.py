"""Ensembles of system matrices in chunked, sharded Zarr.

A part holds the components of several system matrices in one array `system_matrix` with the axes
``(component, x, y[, z])``, complex64. Grids differ between matrices, so each component stands at the origin of
the ensemble's largest grid and is NaN beyond its own. A chunk is the unit that is read (64 components), a shard
the unit that is written; one job owns whole parts, so that no two processes write the same shard.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BloscCodec

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole
from mpipipe.storage.described import described_matrices, read_index, require_own_rows
from mpipipe.storage.layout import open_array, open_group
from mpipipe.storage.location import Location, as_location, located, readable, verify_artifact

AXES = ("x", "y", "z")
MATRIX_ARRAY = "system_matrix"
INDEX_ARRAYS = ("matrix", "channel", "frequency")


@dataclass(frozen=True)
class ComponentChunk:
    """Consecutive components of an ensemble.

    Attributes
    ----------
    values : (component, x, y[, z]) ndarray of complex64
        Components at the origin of the ensemble's largest grid, NaN beyond their own grid.
    grid_shape : (component, axis) ndarray of int32
        Grid of each component.
    matrix, channel, frequency : (component,) ndarray of int32
        Row of the parameter table, receive channel, and frequency index.
    """

    values: npt.NDArray[np.complex64]
    grid_shape: npt.NDArray[np.int32]
    matrix: npt.NDArray[np.int32]
    channel: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]


@dataclass(frozen=True)
class StoredMatrix:
    """Kept components of one system matrix, and the parameters that it was simulated with.

    Attributes
    ----------
    values : (component, x, y[, z]) ndarray of complex64
        Components on the matrix's own grid.
    channel, frequency : (component,) ndarray of int32
        Receive channel and frequency index.
    matrix : int
        Row of the parameter table.
    parameters : dict
        ``scanner``, ``particle`` and ``grid`` as they were simulated.
    """

    values: npt.NDArray[np.complex64]
    channel: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]
    matrix: int
    parameters: dict[str, Any]

    @property
    def grid(self) -> tuple[int, ...]:
        """Number of voxels along each axis."""
        return self.values.shape[1:]


def write_part(
    path: Path,
    matrices: Sequence[StoredMatrix],
    largest_grid: tuple[int, ...],
    *,
    components_per_chunk: int = 64,
    chunks_per_shard: int = 512,
) -> None:
    """Write system matrices as one part; the directory appears when all of it is written.

    Parameters
    ----------
    path : Path
        Directory of the part, ``….zarr``.
    matrices : sequence of StoredMatrix
        Matrices in the order of the parameter table.
    largest_grid : tuple of int
        Grid that every component is padded to with NaN.
    components_per_chunk, chunks_per_shard : int
        Units of reading and of writing; a part with fewer chunks has one shard of just its size.

    Raises
    ------
    InputError
        When a matrix holds NaN or infinity, or is larger than `largest_grid`.
    """
    count = sum(len(matrix.values) for matrix in matrices)
    with whole(path) as partial:
        group = zarr.open_group(partial, mode="w-", zarr_format=3)
        group.attrs.update(_attributes(matrices))
        array = _create(group, count, largest_grid, components_per_chunk, chunks_per_shard)
        per_shard = array.shards[0] if array.shards else count
        rows = _padded_rows(matrices, largest_grid)
        for start in range(0, count, per_shard):
            stop = min(start + per_shard, count)
            array[start:stop] = np.stack([next(rows) for _ in range(start, stop)])
        for name, index in _index(matrices).items():
            stored = group.create_array(
                name, shape=index.shape, dtype="int32", chunks=index.shape, dimension_names=("component",)
            )
            stored[:] = index


def _create(
    group: zarr.Group, count: int, grid: tuple[int, ...], per_chunk: int, per_shard: int
) -> "zarr.Array[Any]":
    chunks = min(per_shard, -(-count // per_chunk))
    return group.create_array(
        MATRIX_ARRAY,
        shape=(count, *grid),
        dtype="complex64",
        chunks=(per_chunk, *grid),
        shards=(per_chunk * chunks, *grid),
        compressors=BloscCodec(cname="zstd", clevel=3, shuffle="shuffle", typesize=8),
        fill_value=complex(np.nan, np.nan),
        dimension_names=("component", *AXES[: len(grid)]),
        attributes={"units": "A m^2/s relative to the saturated moment; see docs/data.md"},
    )


def _attributes(matrices: Sequence[StoredMatrix]) -> dict[str, Any]:
    described = [
        {"matrix": m.matrix, "components": len(m.values), "shape": list(m.grid), **m.parameters}
        for m in matrices
    ]
    return {"matrices": described}


def _index(matrices: Sequence[StoredMatrix]) -> dict[str, npt.NDArray[np.int32]]:
    return {
        "matrix": np.concatenate([np.full(len(m.values), m.matrix, np.int32) for m in matrices]),
        "channel": np.concatenate([m.channel.astype(np.int32) for m in matrices]),
        "frequency": np.concatenate([m.frequency.astype(np.int32) for m in matrices]),
    }


def _padded_rows(
    matrices: Sequence[StoredMatrix], grid: tuple[int, ...]
) -> Iterator[npt.NDArray[np.complex64]]:
    for matrix in matrices:
        if not np.isfinite(matrix.values).all():
            raise InputError(
                f"system matrix {matrix.matrix}: found NaN or infinity, expected finite components"
            )
        if any(own > most for own, most in zip(matrix.grid, grid, strict=True)):
            raise InputError(
                f"system matrix {matrix.matrix}: found grid {matrix.grid}, expected at most {grid}"
            )
        own = tuple(slice(0, size) for size in matrix.grid)
        for row in matrix.values:
            padded = np.full(grid, complex(np.nan, np.nan), np.complex64)
            padded[own] = row
            yield padded


class Part:
    """One part of an ensemble, opened for reading."""

    def __init__(self, path: Location, *, check: bool = True) -> None:
        """Open a part.

        Parameters
        ----------
        path : Path or str
            Directory ``….zarr``, or its URL in an object store (``s3://bucket/….zarr``).
        check : bool
            Compare the bytes with the manifest first.

        Raises
        ------
        InputError
            When the part is missing, truncated, changed, not a part, or claims sizes that no part has: a chunk above 1 GiB,
            a matrix above 16 GiB.
        """
        self.path = as_location(path)
        if check:
            verify_artifact(self.path)
        self._place = place = located(self.path)
        with readable(place, "a part of system matrices"):
            group = open_group(place)
            self._array = open_array(place, group, MATRIX_ARRAY, "complex64", (3, 4))
            self.matrices = described_matrices(place, group, self._array)
            self._index = {name: read_index(place, group, name, len(self)) for name in INDEX_ARRAYS}
            require_own_rows(place, self.matrices, self._index["matrix"])
        self._grids = {m.matrix: np.array(m.shape, np.int32) for m in self.matrices}

    def __len__(self) -> int:
        return int(self._array.shape[0])

    @property
    def chunk_length(self) -> int:
        """Number of components in a chunk."""
        return int(self._array.chunks[0])

    def read(self, start: int, stop: int) -> ComponentChunk:
        """Read the components ``start`` to ``stop``."""
        matrix = self._index["matrix"][start:stop]
        with readable(self._place, f"the components {start} to {stop}"):
            values = np.asarray(self._array[start:stop])
        return ComponentChunk(
            values=values,
            grid_shape=np.stack([self._grids[int(m)] for m in matrix]),
            matrix=matrix,
            channel=self._index["channel"][start:stop],
            frequency=self._index["frequency"][start:stop],
        )

    def read_matrix(self, position: int) -> StoredMatrix:
        """Read one whole system matrix by its position in the part."""
        if not 0 <= position < len(self.matrices):
            raise InputError(
                f"{self.path}: found no matrix {position}, expected 0 to {len(self.matrices) - 1}"
            )
        described = self.matrices[position]
        start = sum(m.components for m in self.matrices[:position])
        chunk = self.read(start, start + described.components)
        own = tuple(slice(0, size) for size in described.shape)
        return StoredMatrix(
            values=np.ascontiguousarray(chunk.values[(slice(None), *own)]),
            channel=chunk.channel,
            frequency=chunk.frequency,
            matrix=described.matrix,
            parameters=described.parameters,
        )


class EnsembleReader:
    """Chunks of components over several parts, the source that training reads from."""

    def __init__(self, paths: Sequence[Location], *, check: bool = True) -> None:
        self.parts = [Part(path, check=check) for path in paths]
        self._chunks = [
            (part, start, min(start + part.chunk_length, len(part)))
            for part in self.parts
            for start in range(0, len(part), part.chunk_length)
        ]

    @property
    def num_chunks(self) -> int:
        """Number of chunks over all parts."""
        return len(self._chunks)

    @property
    def num_components(self) -> int:
        """Number of components over all parts."""
        return sum(len(part) for part in self.parts)

    def read_chunk(self, index: int) -> ComponentChunk:
        """Read the chunk with this index."""
        part, start, stop = self._chunks[index]
        return part.read(start, stop)

    def matrices(self) -> Iterator[StoredMatrix]:
        """Yield every system matrix, part by part."""
        for part in self.parts:
            for position in range(len(part.matrices)):
                yield part.read_matrix(position)
