"""Zarr parts: exact round trips, and one clear line for a part that cannot be trusted."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.storage.ensemble import EnsembleReader, Part, StoredMatrix, write_part
from mpipipe.storage.manifest import content_digest, manifest_path, write_manifest


def matrices(sizes: list[tuple[int, ...]], seed: int = 0) -> list[StoredMatrix]:
    rng = np.random.default_rng(seed)
    stored = []
    for number, (count, *grid) in enumerate(sizes):
        values = (rng.normal(size=(count, *grid)) + 1j * rng.normal(size=(count, *grid))).astype(np.complex64)
        index = np.arange(count, dtype=np.int32)
        parameters = {"scanner": {"n": number}, "particle": {}, "grid": {"shape": list(grid)}}
        stored.append(StoredMatrix(values, index % 3, index, number, parameters))
    return stored


def write(
    path: Path, sizes: list[tuple[int, ...]], largest: tuple[int, ...], **units: int
) -> list[StoredMatrix]:
    stored = matrices(sizes)
    write_part(path, stored, largest, **units)
    write_manifest(path, {"recipe": 1}, {})
    return stored


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=4),
    st.integers(1, 9),
    st.integers(1, 4),
)
def test_round_trip_is_exact_for_any_chunks_and_shards(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[tuple[int, ...]], per_chunk: int, per_shard: int
) -> None:
    path = tmp_path_factory.mktemp("part") / "part.zarr"
    stored = write(path, sizes, (6, 6), components_per_chunk=per_chunk, chunks_per_shard=per_shard)
    for written, read in zip(stored, EnsembleReader([path]).matrices(), strict=True):
        np.testing.assert_array_equal(read.values, written.values)
        np.testing.assert_array_equal(read.frequency, written.frequency)
        assert read.matrix == written.matrix and read.parameters == written.parameters


def test_chunks_cover_every_component_once_and_are_nan_beyond_the_grid(tmp_path: Path) -> None:
    stored = write(tmp_path / "a.zarr", [(70, 3, 4), (90, 5, 2)], (5, 5))
    reader = EnsembleReader([tmp_path / "a.zarr"])
    chunks = [reader.read_chunk(index) for index in range(reader.num_chunks)]
    assert sum(len(chunk.values) for chunk in chunks) == reader.num_components == 160
    expected = np.concatenate([np.full(len(m.values), m.values[0].size) for m in stored])
    found = np.concatenate([np.isfinite(chunk.values).sum(axis=(1, 2)) for chunk in chunks])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found, np.concatenate([chunk.grid_shape.prod(axis=1) for chunk in chunks]))


def test_xarray_opens_a_part(tmp_path: Path) -> None:
    stored = write(tmp_path / "a.zarr", [(4, 3, 4, 2)], (3, 4, 2))
    with xr.open_zarr(tmp_path / "a.zarr", consolidated=False) as dataset:
        assert dataset["system_matrix"].dims == ("component", "x", "y", "z")
        np.testing.assert_array_equal(dataset["system_matrix"].values, stored[0].values)


def test_a_part_is_a_handful_of_files_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("a.zarr", "b.zarr"):
        write(tmp_path / name, [(200, 12, 12)] * 3, (30, 30))
    assert content_digest(tmp_path / "a.zarr") == content_digest(tmp_path / "b.zarr")
    assert sum(p.is_file() for p in (tmp_path / "a.zarr").rglob("*")) < 12


def test_nan_in_a_matrix_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    stored = matrices([(4, 3, 3)])
    stored[0].values[1, 2, 0] = np.nan
    with pytest.raises(InputError, match="system matrix 0: found NaN or infinity"):
        write_part(tmp_path / "a.zarr", stored, (3, 3))
    assert list(tmp_path.iterdir()) == []


def test_a_grid_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found grid \(4, 3\), expected at most \(3, 3\)"):
        write_part(tmp_path / "a.zarr", matrices([(2, 4, 3)]), (3, 3))


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.zarr: found nothing"):
        Part(tmp_path / "gone.zarr")


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_a_truncated_or_changed_part_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("part") / "a.zarr"
    write(path, [(70, 4, 4)], (4, 4))
    file = data.draw(st.sampled_from(sorted(p for p in path.rglob("*") if p.is_file())))
    content = bytearray(file.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[position:]
    else:
        content[position] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"a\.zarr: found content .* expected"):
        Part(path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.zarr", [(2, 2, 2)], (2, 2))
    manifest_path(tmp_path / "a.zarr").unlink()
    with pytest.raises(InputError, match=r"manifest\.json: found no manifest"):
        Part(tmp_path / "a.zarr")


def test_a_matrix_out_of_range_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.zarr", [(2, 2, 2)], (2, 2))
    with pytest.raises(InputError, match="found no matrix 3, expected 0 to 0"):
        Part(tmp_path / "a.zarr").read_matrix(3)
