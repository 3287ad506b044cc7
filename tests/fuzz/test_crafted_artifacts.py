"""Artifacts that were made to mislead, behind manifests that vouch for them: weights, tables, JSON, arrays."""

import json
import os
import pickle
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numcodecs import zstd

from mpipipe.errors import InputError
from mpipipe.storage.arrays import read_arrays, write_arrays
from mpipipe.storage.limits import check_size
from mpipipe.storage.perceptual_weights import convert_vgg16
from mpipipe.storage.tables import read_json, read_table
from mpipipe.storage.weights import read_weights
from tests.fuzz.readers import vouched, write_series

MIB, GIB = 2**20, 2**30


def refused(read: Callable[[Path], object], path: Path, line: str) -> None:
    """One line that names the file, and next to no memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=line) as caught:
        read(path)
    assert str(caught.value).startswith(str(path.parent)) and "\n" not in str(caught.value)
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 64 * MIB


def safetensors(header: object, length: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text


def tensor(shape: list[int], end: int, kind: str = "F32") -> dict[str, object]:
    return {"a": {"dtype": kind, "shape": shape, "data_offsets": [0, end]}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02\0\0\0\0\0\0",
        safetensors({}, 2**63),
        safetensors({}, 90 * MIB),
        safetensors(tensor([2**40], 2**42)),
        safetensors(tensor([2**40, 2**40], 4)) + bytes(4),
        safetensors(tensor([1], 8)) + bytes(8),
        safetensors(tensor([1], 4, "F3")) + bytes(4),
        safetensors({**tensor([1], 4), "b": {"dtype": "F32", "shape": [1], "data_offsets": [2, 6]}})
        + bytes(6),
        safetensors([1]),
    ],
    ids=[
        "empty",
        "short",
        "length",
        "large header",
        "claim",
        "overflow",
        "offsets",
        "type",
        "overlap",
        "list",
    ],
)
def test_weights(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "w.safetensors").write_bytes(data)
    refused(
        vouched("mpipipe.storage.weights.read_weights"), tmp_path / "w.safetensors", "found a damaged file"
    )


class Harmful:
    """Creates a folder when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = str(target)

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self.target,)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_no_pickle_is_ever_run(tmp_path: Path, name: str) -> None:
    for number, save in enumerate((torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, 2)))):
        (folder := tmp_path / str(number)).mkdir()
        save({"a": Harmful(tmp_path / "made")}, folder / name)
        refused(
            lambda path: convert_vgg16(path, path.with_name("out")), folder / name, "found a damaged file"
        )
        if name.endswith("safetensors"):
            refused(vouched("mpipipe.storage.weights.read_weights"), folder / name, "found a damaged file")
    assert not (tmp_path / "made").exists() and not list(tmp_path.rglob("out"))


def test_published_weights_that_unpack_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpipipe.storage.perceptual_weights.MAX_BYTES", 8 * MIB)
    torch.save({"a": torch.zeros(4)}, tmp_path / "small.pth")
    with (
        zipfile.ZipFile(tmp_path / "small.pth") as source,
        zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for entry in source.infolist():
            bomb.writestr(
                entry.filename, bytes(32 * MIB) if "/data/" in entry.filename else source.read(entry)
            )
    line = f"found a claim of .* bytes, expected at most {8 * MIB}"
    refused(lambda path: convert_vgg16(path, path.with_name("out")), tmp_path / "bomb.pth", line)


def test_tables_that_claim_more_than_they_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpipipe.storage.tables.TABLE_BYTES", 32 * MIB)
    read = vouched("mpipipe.storage.tables.read_table")
    pq.write_table(pa.table({"n": np.zeros(10**7, np.int8)}), tmp_path / "rows.parquet")
    assert (tmp_path / "rows.parquet").stat().st_size < MIB
    refused(read, tmp_path / "rows.parquet", "found a claim of 160000000 bytes")
    word = pa.DictionaryArray.from_arrays(pa.array(np.zeros(2000, np.int32)), pa.array(["x" * 50_000]))
    pq.write_table(pa.table({"w": word}), tmp_path / "words.parquet", store_schema=False)
    assert (tmp_path / "words.parquet").stat().st_size < MIB
    refused(read, tmp_path / "words.parquet", "found a claim of 100000000 bytes")
    pq.write_table(pa.table({"l": [[1, 2], [3]]}), tmp_path / "lists.parquet")
    refused(read, tmp_path / "lists.parquet", "l: found list<element: int64>, expected numbers or words")


@pytest.mark.parametrize("text", [b"[" * 100_000, b"9" * 5000, b"\xff", b"", b"{"])
def test_json(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.json").write_bytes(text)
    refused(vouched("mpipipe.storage.tables.read_json"), tmp_path / "a.json", "found no JSON")


@pytest.fixture
def group(tmp_path: Path) -> Path:
    write_arrays(tmp_path / "a.zarr", {"x": np.ones((3, 4))}, {})
    return tmp_path / "a.zarr"


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_arrays_that_claim_more_than_they_hold(group: Path) -> None:
    read = vouched("mpipipe.storage.arrays.read_arrays")
    edit(group / "x/zarr.json", shape=[2**40, 2**40])
    refused(read, group / "zarr.json", "found ValueError .array is too big")
    edit(
        group / "x/zarr.json",
        shape=[2**20, 2**14],
        chunk_grid={"name": "regular", "configuration": {"chunk_shape": [3, 4]}},
    )
    refused(read, group / "zarr.json", f"found a claim of {2**37} bytes")


def test_array_chunks_that_unpack_to_more_than_a_chunk(group: Path) -> None:
    read = vouched("mpipipe.storage.arrays.read_arrays")
    (group / "x/c/0/0").write_bytes(zstd.compress(bytes(128 * MIB), 1))
    refused(read, group / "zarr.json", f"found ValueError .a chunk that claims {128 * MIB} bytes, not 96")
    (group / "x/c/0/0").write_bytes(b"\x28\xb5\x2f\xfd\x00" + bytes(20))
    refused(read, group / "zarr.json", "a Zstandard frame of unknown size")
    (group / "x/c/0/0").write_bytes(bytes(50))
    refused(read, group / "zarr.json", "no Zstandard frame")


@pytest.mark.parametrize("claim", [0, 4, 12], ids=["nothing", "unpacked", "packed"])
def test_blosc_chunks_that_claim_more_than_they_hold(tmp_path: Path, claim: int) -> None:
    write_series(tmp_path)
    shard = tmp_path / "s.zarr/background/c/0/0/0"
    data = bytearray(shard.read_bytes())
    if claim:
        data[claim : claim + 4] = (2**24).to_bytes(4, "little")
    shard.write_bytes(data)
    read = vouched("mpipipe.storage.series.read_series")
    if claim:
        refused(
            read,
            tmp_path / "s.zarr/zarr.json",
            "found ValueError .*(Blosc chunk of 16777216|claims 16777216 bytes)",
        )
    else:
        read(tmp_path / "s.zarr/zarr.json")


@pytest.mark.parametrize("size", [1, 255, 256, 300, 65791, 65792, 10**6])
def test_the_claim_of_a_frame_is_read_right(tmp_path: Path, size: int) -> None:
    """One, two or four bytes hold the size: a chunk of exactly that size is read."""
    values = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    write_arrays(tmp_path / "a.zarr", {"x": values}, {})
    arrays, _ = vouched("mpipipe.storage.arrays.read_arrays")(tmp_path / "a.zarr/zarr.json")
    np.testing.assert_array_equal(arrays["x"], values)


def test_other_codecs_are_refused(group: Path) -> None:
    codecs = [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "gzip", "configuration": {"level": 1}},
    ]
    edit(group / "x/zarr.json", codecs=codecs)
    refused(
        vouched("mpipipe.storage.arrays.read_arrays"),
        group / "zarr.json",
        "GzipCodec, expected bytes and zstd",
    )


def test_pipes_in_an_artifact_are_refused(group: Path) -> None:
    """To read one would wait for ever."""
    (group / "x/c/0/0").unlink()
    os.mkfifo(group / "x/c/0/0")
    refused(
        vouched("mpipipe.storage.arrays.read_arrays"), group / "zarr.json", "found neither file nor directory"
    )


def test_files_beyond_a_bound_are_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5 * GIB)
    with pytest.raises(InputError, match=f"found {5 * GIB} bytes, expected at most {4 * GIB}"):
        check_size(tmp_path / "sparse", 4 * GIB)
    assert check_size(tmp_path / "sparse", 5 * GIB) == check_size(tmp_path, 5 * GIB) == 5 * GIB


def test_artifacts_without_a_manifest_are_never_parsed(tmp_path: Path) -> None:
    for name, read in (
        ("w.safetensors", read_weights),
        ("t.parquet", read_table),
        ("j.json", read_json),
        ("a.zarr", read_arrays),
    ):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(InputError, match=r"manifest\.json: found no manifest"):
            read(tmp_path / name)
