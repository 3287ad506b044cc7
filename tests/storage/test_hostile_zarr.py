"""Zarr stores with metadata that lie: one line, no hang, and no memory taken for what is only claimed."""

import json
import tracemalloc
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.storage.ensemble import Part
from mpipipe.storage.manifest import content_digest, manifest_path
from mpipipe.storage.series import read_series, write_series
from tests.storage.test_ensemble import write

MOST = 64 * 2**20
Json = dict[str, Any]


@pytest.fixture(scope="module")
def part(module_path: Path) -> Path:
    path = module_path / "part" / "a.zarr"
    path.parent.mkdir()
    write(path, [(70, 3, 4), (90, 5, 2)], (5, 5), components_per_chunk=16, chunks_per_shard=3)
    return path


@pytest.fixture(scope="module")
def series(module_path: Path) -> Path:
    path = module_path / "series" / "a.zarr"
    path.parent.mkdir()
    write_series(path, np.ones((2, 5, 3), np.complex64))
    return path


def read_all(path: Path) -> None:
    """Read a part or a series from end to end; no manifest finds the damage first."""
    if path.parent.name == "series":
        manifest = {"artifact": path.name, "content": content_digest(path), "recipe": {}, "provenance": ""}
        manifest_path(path).write_text(json.dumps(manifest))
        read_series(path)
        return
    opened = Part(path, check=False)
    for position in range(len(opened.matrices)):
        opened.read_matrix(position)


def damaged(path: Path, name: str, content: str) -> str | None:
    """Return the error of reading with this content in one file, None when it could be read all the same."""
    file = path / name / "zarr.json"
    before = file.read_text()
    file.write_text(content)
    tracemalloc.start()
    try:
        read_all(path)
    except InputError as error:
        assert "\n" not in str(error)
        return str(error)
    finally:
        file.write_text(before)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MOST, f"{peak} bytes taken"
    return None


def set_at(*keys: str | int, value: object) -> Callable[[Json], None]:
    def change(metadata: Json) -> None:
        inner: Any = metadata
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value

    return change


def shape(*sizes: int, chunk: tuple[int, ...] | None = None) -> Callable[[Json], None]:
    def change(metadata: Json) -> None:
        metadata["shape"] = list(sizes)
        if chunk:
            metadata["chunk_grid"]["configuration"]["chunk_shape"] = list(chunk)
            if metadata["codecs"][0]["name"] == "sharding_indexed":
                metadata["codecs"][0]["configuration"]["chunk_shape"] = list(chunk)

    return change


MATRICES = ("attributes", "matrices")
CLAIMS = [
    ("system_matrix", shape(10**12, 5, 5), "chunks, expected at most 131072"),
    ("system_matrix", shape(160, 10**5, 10**5, chunk=(16, 10**5, 10**5)), "claim of 1280000000000 bytes"),
    ("system_matrix", shape(160, 5, 5, chunk=(10**9, 5, 5)), "claim of 200000000000 bytes"),
    ("system_matrix", shape(160, 5, 5, chunk=(16, 1, 1)), "expected whole components"),
    ("system_matrix", shape(0, 5, 5), "none empty"),
    ("system_matrix", shape(-1, 5, 5), "found"),
    ("system_matrix", shape(161, 5, 5), "do not add up to 161 components"),
    ("system_matrix", set_at("data_type", value="complex128"), "found complex128"),
    ("system_matrix", set_at("data_type", value="float32"), "found"),
    ("system_matrix", set_at("node_type", value="group"), "found"),
    ("system_matrix", set_at("codecs", value=[{"name": "numcodecs.pickle"}]), "found"),
    ("channel", shape(10**12, chunk=(10**12,)), "claim of 4000000000000 bytes"),
    ("channel", shape(10**6), "chunks of"),
    ("channel", shape(160, chunk=(1,)), "expected one chunk"),
    ("matrix", set_at("data_type", value="int64"), "found int64"),
    ("", set_at("attributes", value={}), "found KeyError"),
    ("", set_at(*MATRICES, 0, "components", value=69), "do not add up to 160"),
    ("", set_at(*MATRICES, 0, "components", value=-70), "matrices.0.components"),
    ("", set_at(*MATRICES, 0, "matrix", value=1), "expected each once"),
    ("", set_at(*MATRICES, 0, "matrix", value=7), "rows of other matrices"),
    ("", set_at(*MATRICES, 0, "shape", value=[6, 4]), r"found grid (6, 4), expected at most (5, 5)"),
    ("", set_at(*MATRICES, 0, "shape", value=[3, 4, 1]), "found grid"),
    ("", set_at(*MATRICES, 0, "shape", value=[0, 4]), "matrices.0.shape"),
    ("", set_at(*MATRICES, value={"0": 1}), "matrices"),
]


@pytest.mark.parametrize(("name", "change", "phrase"), CLAIMS)
def test_a_claim_that_no_part_makes_is_refused(
    part: Path, name: str, change: Callable[[Json], None], phrase: str
) -> None:
    metadata = json.loads((part / name / "zarr.json").read_text())
    change(metadata)
    found = damaged(part, name, json.dumps(metadata))
    assert found is not None and phrase in found, found


@pytest.mark.parametrize("content", ["", "[" * 10**5, "{}", "null", '{"zarr_format": 2}', "\x00", "1e999"])
@pytest.mark.parametrize("name", ["", "system_matrix", "channel"])
def test_metadata_that_are_none_are_refused(part: Path, name: str, content: str) -> None:
    assert damaged(part, name, content) is not None


def test_metadata_of_gigabytes_are_not_read(part: Path) -> None:
    file = part / "system_matrix/zarr.json"
    before = file.read_bytes()
    with file.open("ab") as stream:
        stream.truncate(3 * 2**30)  # a sparse file: no disk is used
    try:
        with pytest.raises(InputError, match=r"zarr\.json: found a claim of 3221225472 bytes"):
            Part(part, check=False)
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize("name", ["system_matrix", "matrix", "channel", "frequency"])
def test_a_missing_array_is_named(part: Path, name: str) -> None:
    (part / name).rename(part / "away")
    try:
        with pytest.raises(InputError, match=rf"FileNotFoundError .*{name}"):
            Part(part, check=False)
    finally:
        (part / "away").rename(part / name)


def test_negative_channels_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.zarr", [(6, 3, 4)], (3, 4))
    zarr.open_array(tmp_path / "a.zarr/channel")[2] = -5
    with pytest.raises(InputError, match="channel: found -5, expected no negative number"):
        Part(tmp_path / "a.zarr", check=False)


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (shape(2, 10**9, 3), "chunks, expected at most 131072"),
        (shape(2, 10**5, 10**5, chunk=(1, 10**3, 10**5)), "claim of 160000000000 bytes"),
        (shape(2, 5, 10**9, chunk=(1, 5, 10**9)), "claim of 40000000000 bytes"),
        (shape(5, 3), "found"),
        (set_at("data_type", value="float64"), "found"),
        (set_at("attributes", value={}), "found KeyError"),
        (set_at("attributes", "num_frequencies", value=4), "num_frequencies 4, expected at least 5"),
        (set_at("attributes", "num_frequencies", value="many"), "num_frequencies 'many'"),
    ],
)
def test_a_claim_that_no_series_makes_is_refused(
    series: Path, change: Callable[[Json], None], phrase: str
) -> None:
    metadata = json.loads((series / "background/zarr.json").read_text())
    change(metadata)
    found = damaged(series, "background", json.dumps(metadata))
    assert found is not None and phrase in found, found


VALUES = st.one_of(
    st.sampled_from([None, True, -1, 0, 1, 63, 2**31, 2**40, 10**30, 1.5, "NaN", "int32", "gzip", "../../x"]),
    st.lists(st.sampled_from([-1, 0, 1, 16, 10**9, 10**12]), max_size=4),
    st.sampled_from([{}, [], {"name": "bytes"}, [{"name": "transpose", "configuration": {"order": [0]}}]]),
    st.text(max_size=5),
)


def places(tree: object, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the keys to every value in a JSON tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = [(*above, key) for key, _ in items]
    return found + [deeper for key, value in items for deeper in places(value, (*above, key))]


@pytest.mark.parametrize(
    ("kind", "names"),
    [("part", ("", "system_matrix", "matrix", "channel", "frequency")), ("series", ("", "background"))],
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_metadata_never_crash(
    request: pytest.FixtureRequest, kind: str, names: tuple[str, ...], data: st.DataObject
) -> None:
    path: Path = request.getfixturevalue(kind)
    name = data.draw(st.sampled_from(names))
    metadata = json.loads((path / name / "zarr.json").read_text())
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(places(metadata)))
        inner = metadata
        for key in above:
            inner = inner[key]
        if data.draw(st.booleans()):
            inner[last] = deepcopy(data.draw(VALUES))  # a later place may be within it
        else:
            del inner[last]
        if not places(metadata):
            break
    damaged(path, name, json.dumps(metadata))
