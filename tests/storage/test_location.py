"""Parts in an object store: the same as here, trusted by the manifest, and one clear line for whatever is wrong."""

import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import fsspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.storage.ensemble import EnsembleReader, Part
from mpipipe.storage.location import ENSEMBLES_VARIABLE, remote_digest
from mpipipe.storage.manifest import content_digest, manifest_path
from tests.storage.test_ensemble import write

STORE = fsspec.filesystem("memory")
PART = Path("data/smoke/simulate/own/train-000.zarr")


@pytest.fixture
def bucket() -> Iterator[str]:
    yield "memory://bucket"
    STORE.store.clear()
    STORE.pseudo_dirs[:] = [""]


def send(part: Path, bucket: str, name: Path = PART) -> str:
    """Copy a part and its manifest by hand, file by file: independent of `mpipipe publish`."""
    for file in part.rglob("*"):
        if file.is_file():
            STORE.pipe_file(f"/bucket/{name}/{file.relative_to(part).as_posix()}", file.read_bytes())
    STORE.pipe_file(f"/bucket/{name}.manifest.json", manifest_path(part).read_bytes())
    return f"{bucket}/{name}"


def test_a_remote_part_equals_the_local_one(tmp_path: Path, bucket: str) -> None:
    write(tmp_path / "a.zarr", [(70, 3, 4), (90, 5, 2)], (5, 5))
    here = EnsembleReader([tmp_path / "a.zarr"])
    there = EnsembleReader([send(tmp_path / "a.zarr", bucket)])
    assert there.num_components == here.num_components and there.num_chunks == here.num_chunks
    for index in range(here.num_chunks):
        own, other = here.read_chunk(index), there.read_chunk(index)
        for name in ("values", "grid_shape", "matrix", "channel", "frequency"):
            np.testing.assert_array_equal(getattr(own, name), getattr(other, name))
    for own_matrix, other_matrix in zip(here.matrices(), there.matrices(), strict=True):
        np.testing.assert_array_equal(own_matrix.values, other_matrix.values)
        assert own_matrix.parameters == other_matrix.parameters


NAMES = st.text("ab-.0_~ ", min_size=1, max_size=4).filter(lambda name: name.strip(" .") == name)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map(tuple), st.binary(max_size=9), min_size=1))
def test_the_digest_of_a_remote_directory_is_that_of_the_local_one(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, ...], bytes]
) -> None:
    folder = tmp_path_factory.mktemp("digest")
    STORE.store.clear()
    for names, content in files.items():
        file = folder.joinpath(*names)
        if any(parent.is_file() for parent in file.parents) or file.is_dir():
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        STORE.pipe_file(str(PurePosixPath("/digest", *names)), content)
    (folder / ".snakemake_timestamp").touch()
    assert remote_digest("memory://digest") == content_digest(folder)
    STORE.store.clear()


def test_a_damaged_object_is_named(tmp_path: Path, bucket: str) -> None:
    write(tmp_path / "a.zarr", [(70, 4, 4)], (4, 4))
    url = send(tmp_path / "a.zarr", bucket)
    for name in STORE.find(f"/bucket/{PART}"):
        content = STORE.cat_file(name)
        STORE.pipe_file(name, content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(InputError, match=rf"^{url}: found content .* expected .* publish it again"):
            Part(url)
        STORE.rm_file(name)
        with pytest.raises(InputError, match=rf"^{url}: found content"):
            Part(url)
        STORE.pipe_file(name, content)
    assert len(Part(url)) == 70


@pytest.mark.parametrize(
    ("url", "phrase"),
    [
        ("memory://bucket/none.zarr", r"none\.zarr\.manifest\.json: found FileNotFoundError"),
        ("nosuch://bucket/a.zarr", "found ValueError .Protocol not known: nosuch"),
    ],
)
def test_what_is_not_there_is_one_line(url: str, phrase: str) -> None:
    with pytest.raises(InputError, match=phrase) as error:
        Part(url)
    assert "\n" not in str(error.value)


def test_a_remote_manifest_that_is_none_is_named(tmp_path: Path, bucket: str) -> None:
    write(tmp_path / "a.zarr", [(2, 4, 4)], (4, 4))
    url = send(tmp_path / "a.zarr", bucket)
    STORE.pipe_file(f"/bucket/{PART}.manifest.json", b'{"artifact": 3}')
    with pytest.raises(InputError, match=r"manifest\.json: artifact: found .* expected a manifest"):
        Part(url)


@pytest.fixture
def machine(tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a part of a run whose ensembles are in the bucket too; the machine names the bucket."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ENSEMBLES_VARIABLE, f"{bucket}/")
    PART.parent.mkdir(parents=True)
    write(PART, [(70, 4, 4)], (4, 4))
    send(PART, bucket)
    return PART


def test_a_part_that_is_not_here_is_read_in_the_store(machine: Path) -> None:
    expected = Part(machine).read_matrix(0).values
    shutil.rmtree(machine)
    np.testing.assert_array_equal(Part(machine).read_matrix(0).values, expected)


def test_a_part_that_is_here_is_read_here(machine: Path) -> None:
    STORE.store.clear()
    assert len(Part(machine)) == 70


def test_a_store_with_the_part_of_another_run_is_refused(machine: Path, bucket: str, tmp_path: Path) -> None:
    write(tmp_path / "other.zarr", [(71, 4, 4)], (4, 4))
    send(tmp_path / "other.zarr", bucket)
    shutil.rmtree(machine)
    with pytest.raises(InputError, match=rf"^{bucket}/{machine}: found content .* publish it again"):
        Part(machine)


def test_a_part_without_a_manifest_here_is_refused(machine: Path) -> None:
    shutil.rmtree(machine)
    manifest_path(machine).unlink()
    with pytest.raises(InputError, match=r"manifest\.json: found no manifest"):
        Part(machine)
