"""What ends the process that walks through a file is one line for the one that reads it."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.storage import hdf5_walk, mdf_values
from mpipipe.storage.hdf5 import open_hdf5, overlapping
from mpipipe.storage.matlab import read_matlab_array
from mpipipe.storage.mdf_values import open_file


def write(path: Path) -> None:
    """A file with groups, links, a loop, attributes of each kind, chunks and a named type."""
    with h5py.File(path, "w") as file:
        file["A"] = np.eye(3)
        file["A"].attrs["text"], file["A"].attrs["numbers"] = "of any length", np.arange(3)
        file.create_dataset("inner/deflated", data=np.ones((64, 64)), chunks=(8, 8), compression="gzip")
        file["inner/loop"], file["inner/soft"] = file["/"], h5py.SoftLink("/nowhere")
        file["outside"], file["type"] = h5py.ExternalLink("nowhere.h5", "/"), np.dtype("f4")
        file.create_dataset("empty", dtype="f8")


@pytest.fixture
def damaged_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the other process runs in place of the walk."""
    script = tmp_path / "walk.py"
    monkeypatch.setattr(hdf5_walk, "__file__", str(script))
    return script


def test_a_sound_file_is_opened(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    with open_hdf5(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(file["A"], np.eye(3))


def test_a_name_that_looks_like_an_option_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("-x.h5"))
    with open_hdf5(Path("-x.h5")) as file:
        assert "A" in file


def test_the_reader_does_not_open_what_the_walk_dies_of(tmp_path: Path, damaged_walk: Path) -> None:
    write(tmp_path / "a.mat")
    damaged_walk.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(
        InputError, match=r"a\.mat: found .*the HDF5 library ends on it with SIGSEGV.*expected"
    ):
        read_matlab_array(tmp_path / "a.mat", "A")


def test_an_mdf_file_is_walked_through_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, walked = tmp_path / "a.mdf", []
    monkeypatch.setattr(mdf_values, "probe", walked.append)
    write(path)
    for _ in range(3):
        open_file(path).close()
    assert walked == [path]
    with h5py.File(path, "a") as file:
        file["more"] = np.ones(1000)
    open_file(path).close()
    assert walked == [path, path]


def test_what_the_walk_refuses_is_said_in_one_line(tmp_path: Path, damaged_walk: Path) -> None:
    damaged_walk.write_text("import sys; sys.exit('bad heap\\nof names')")
    with pytest.raises(OSError, match=r"^bad heap of names$"):
        open_hdf5(tmp_path / "a.h5")


def test_damage_is_found_by_the_walk(tmp_path: Path) -> None:
    """The addresses of the root group lie in the first hundred bytes."""
    write(tmp_path / "a.h5")
    content = bytearray((tmp_path / "a.h5").read_bytes())
    content[60:96] = bytes([255]) * 36
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(OSError, match=r"Unable|unable|failed"):
        open_hdf5(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("work", "end"),
    [("while True: pass", -24), ("bytes(2**29)", "MemoryError"), ("bytes(2**20)", 0)],
    ids=["for ever", "512 MiB", "1 MiB"],
)
def test_the_walk_is_limited(work: str, end: int | str) -> None:
    script = f"from mpipipe.storage.hdf5_walk import limit\nlimit(seconds=1)\n{work}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (end in done.stderr) if isinstance(end, str) else (done.returncode == end)


@pytest.mark.parametrize(
    ("offsets", "size", "shares"), [((0, 8), 16, False), ((8, 0), 24, False), ((0, 4), 16, True)]
)
def test_fields_that_share_bytes(offsets: tuple[int, int], size: int, shares: bool) -> None:
    dtype = np.dtype({"names": ["r", "i"], "formats": ["f8", "f8"], "offsets": offsets, "itemsize": size})
    assert overlapping(dtype) is shares
    assert overlapping(np.dtype([("outer", dtype)])) is shares
