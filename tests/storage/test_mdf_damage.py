"""Damaged and hostile MDF files: one line, bounded memory, no other file touched."""

import resource
import subprocess
import sys
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mpipipe
from mpipipe.errors import InputError
from mpipipe.storage.mdf_rules import check_mdf
from tests.storage.test_mdf_rules import calibration

MEMORY = 300 * 2**20


@cache
def whole():
    with TemporaryDirectory() as folder:
        return calibration(Path(folder) / "a.mdf").read_bytes()


def read_everything(path):
    """Return the lines of the errors that reading and checking give."""
    lines = []
    for read in (mpipipe.read_mdf, check_mdf):
        try:
            read(path)
        except InputError as error:
            lines.append(str(error))
    return lines


@given(
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=6),
    cut=st.floats(0, 1) | st.just(1.0),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_give_one_line_at_most(tmp_path, changes, cut):
    """Bytes changed anywhere, headers included, and the end cut off; memory stays within a bound."""
    content = bytearray(whole())
    for place, data in changes:
        start = int(place * (len(content) - len(data)))
        content[start : start + len(data)] = data
    path = tmp_path / "a.mdf"
    path.write_bytes(content[: max(1, int(cut * len(content)))])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = read_everything(path)
    assert all("\n" not in line and line.startswith(str(path)) for line in lines)
    assert 2**10 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MEMORY


def test_empty_and_foreign_files(tmp_path):
    (tmp_path / "empty.mdf").write_bytes(b"")
    (tmp_path / "text.mdf").write_text("not an MDF file")
    (tmp_path / "folder.mdf").mkdir()
    h5py.File(tmp_path / "bare.mdf", "w").close()
    for name in ("empty", "text", "folder", "bare"):
        with pytest.raises(InputError) as error:
            mpipipe.read_mdf(tmp_path / f"{name}.mdf")
        assert f"{name}.mdf: " in str(error.value) and "\n" not in str(error.value)


def replaced(tmp_path, key, make):
    path = tmp_path / "a.mdf"
    path.write_bytes(whole())
    with h5py.File(path, "a") as file:
        del file[key]
        make(file)
    return path


DATA = "/measurement/data"


@pytest.mark.parametrize(
    ("key", "make", "line"),
    [
        (DATA, lambda file: file.create_dataset(DATA, data=np.ones((1, 3, 4, 17), ">c8")), "big-endian"),
        (
            DATA,
            lambda file: file.create_dataset(DATA, data=np.ones((1, 3, 4, 17), [("re", "f4"), ("im", "f4")])),
            r"expected complex pairs \(r, i\)",
        ),
        (
            DATA,
            lambda file: file.create_dataset(DATA, data=np.ones((1, 3, 4, 17), [("r", "f4"), ("i", "f8")])),
            r"expected complex pairs \(r, i\)",
        ),
        (
            DATA,
            lambda file: file.create_dataset(DATA, (1, 3, 4, 17), "c8", external=[("/etc/passwd", 0, 4096)]),
            "other files",
        ),
        (DATA, lambda file: file.__setitem__(DATA, h5py.ExternalLink("/etc/passwd", "/x")), "a link at data"),
        (
            DATA,
            lambda file: file.create_dataset(DATA, (1, 3, 4, 2**40), "c8", chunks=(1, 1, 1, 1024)),
            "1099511627776 frames or samples, expected at most",
        ),
        (
            DATA,
            lambda file: file.create_dataset(DATA, (1, 3, 4, 2**26), "c8", chunks=(1, 1, 1, 2**26)),
            "chunks of 0.5 GiB, expected at most 0.25 GiB",
        ),
        (
            "/calibration/snr",
            lambda file: file.create_dataset("/calibration/snr", (1, 3, 2**40), "f8", chunks=(1, 1, 1024)),
            "/calibration/snr: found",
        ),
        (
            "/acquisition/drivefield/divider",
            lambda file: file.create_dataset(
                "/acquisition/drivefield/divider", (2**20, 2**20), "i8", chunks=(1, 1024)
            ),
            "8192.0 GiB, expected at most 0.25 GiB",
        ),
        (
            "/calibration",
            lambda file: file.__setitem__("calibration/method", "robot"),
            "/calibration/size: found none",
        ),
        ("/measurement", lambda file: None, "/measurement/.*: found none, expected a dataset"),
        ("/acquisition", lambda file: None, "/acquisition/.*: found none, expected a dataset"),
    ],
)
def test_hostile_files_are_refused_before_memory_is_taken(tmp_path, key, make, line):
    path = replaced(tmp_path, key, make)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=line) as error:
        mpipipe.read_mdf(path)
    assert "\n" not in str(error.value)
    check_mdf(path)
    assert 2**10 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MEMORY


def test_values_of_another_file_are_not_read(tmp_path):
    """A virtual dataset and a link that lead to a valid file."""
    (tmp_path / "other.mdf").write_bytes(whole())
    layout = h5py.VirtualLayout((1, 3, 4, 17), "c8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.mdf"), DATA, (1, 3, 4, 17))
    path = replaced(tmp_path, DATA, lambda file: file.create_virtual_dataset(DATA, layout))
    with pytest.raises(InputError, match=f"{DATA}: found values in other files"):
        mpipipe.read_mdf(path)
    link = h5py.ExternalLink(str(tmp_path / "other.mdf"), "/calibration")
    path = replaced(tmp_path, "/calibration", lambda file: file.__setitem__("calibration", link))
    with pytest.raises(InputError, match="found a link at calibration"):
        mpipipe.read_mdf(path)


def test_a_chunk_that_unpacks_to_more_than_its_size_is_refused(tmp_path):
    """Deflate packs up to 1032 to 1; HDF5 would take the memory that the chunk asks for."""

    def make(file):
        size = (1, 3, 4, 17)
        data = file.create_dataset(DATA, size, "c8", chunks=(1, 3, 4, 17), compression="gzip")
        data.id.write_direct_chunk((0, 0, 0, 0), zlib.compress(bytes(3 * 10**8), 1))

    path = replaced(tmp_path, DATA, make)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="a chunk that unpacks to more than its 1632 bytes"):
        mpipipe.read_mdf(path)
    assert 2**10 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MEMORY


@pytest.mark.parametrize("key", ["/version", "/study/name", "/scanner/_note"])
def test_a_text_that_claims_gigabytes_is_refused(tmp_path, key):
    """Its reference begins with its length; HDF5 would take the memory before it looks for the text."""

    def make(file):
        file.create_dataset(key, data="x" * 7, dtype=h5py.string_dtype())

    path = tmp_path / "a.mdf"
    path.write_bytes(whole())
    with h5py.File(path, "a") as file:
        if key in file:
            del file[key]
        make(file)
        place = file[key].id.get_offset()
    content = bytearray(path.read_bytes())
    assert content[place : place + 4] == (7).to_bytes(4, "little")
    content[place : place + 4] = (3 * 2**30).to_bytes(4, "little")
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for line in read_everything(path):
        assert f"{key}: found 3221225472 bytes of text, expected at most 16777216" in line
    with pytest.raises(InputError, match="bytes of text"):
        mpipipe.read_mdf(path)
    assert 2**10 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MEMORY


@pytest.mark.parametrize("length", [2**64 - 16, 2**64 - 1, 2**40, 0])
@pytest.mark.parametrize("number", range(3))
def test_a_damaged_heap_of_texts_is_refused(tmp_path, length, number):
    """HDF5 never comes back from a heap whose object has the length 2^64 - 16: with its header, that is 0."""
    content = bytearray(whole())
    place = content.index(b"GCOL") + 16
    for _ in range(number):
        place += 16 + -(-int.from_bytes(content[place + 8 : place + 16], "little") // 8) * 8
    assert content[place : place + 2] != b"\0\0"
    content[place + 8 : place + 16] = length.to_bytes(8, "little")
    path = tmp_path / "a.mdf"
    path.write_bytes(content)
    lines = read_everything(path)
    assert length == 0 or (lines and all("a damaged heap of texts, expected text" in line for line in lines))


PROGRAM = """
import resource, sys
from pathlib import Path
import numpy as np
from mpipipe import Grid, Scanner
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.mdf_matrix import open_mdf_matrix
from mpipipe.storage.mdf_measurement import open_mdf_measurement
from mpipipe.storage.mdf_write import write_mdf_matrix

what, path, gib = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
grid = Grid(shape=(37, 37, 37), field_of_view_mm=(37, 37, 37))
rows = int(gib * 2**30 / (8 * 3 * grid.voxels))
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if what == "write":
    ones = np.ones((64, 37, 37, 37), np.complex64)
    blocks = (
        (c, k, ones[: min(64, rows - k)] * (1 + c + 1j * k)) for c in range(3) for k in range(0, rows, 64)
    )
    header = MdfHeader.simulated(Scanner(drive_amplitude_mT=(12, 12, 12)))
    write_mdf_matrix(path, header, grid, np.arange(rows), blocks)
elif what == "matrix":
    with open_mdf_matrix(path) as S:
        for c, k, last in S.blocks():
            block = S.read(c, k, last)
            first = k - k % 64
            assert block[0, 0, 0, 0] == 1 + c + 1j * first, (c, k)
else:
    with open_mdf_measurement(path) as M:
        assert np.isclose(M.mean()[1, 70], 2 + 64j)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 2**10)
"""


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["fast frame axis", "frame by frame", "packed chunks"])
def test_a_gibibyte_in_bounded_memory(tmp_path, layout):
    """Writing and reading take less than 400 MiB besides what the modules take, whatever the size of the matrix."""
    path, other = tmp_path / "a.mdf", tmp_path / "b.mdf"

    def peak_MiB(*arguments):
        command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
        return float(done.stdout)

    assert peak_MiB("write", path, 1) < 400
    if layout != "fast frame axis":
        other_layout(path, other, packed=layout == "packed chunks")
        path.unlink()
        path = other
    assert peak_MiB("matrix", path, 1) < 400
    assert peak_MiB("measurement", path, 1) < 400


def other_layout(path, other, *, packed):
    """Copy a matrix frame by frame, or into packed chunks."""
    with h5py.File(path) as source, h5py.File(other, "w") as target:
        for key in source:
            source.copy(key, target)
        data = source[DATA]
        _, channels, rows, frames = data.shape
        del target[DATA], target["/measurement/isFastFrameAxis"]
        target["/measurement/isFastFrameAxis"] = np.int8(packed)
        if packed:
            copy = target.create_dataset(DATA, data.shape, "c8", chunks=(1, 1, 8, 4096), compression=1)
            for c in range(channels):
                for k in range(0, rows, 64):
                    copy[0, c, k : k + 64] = data[0, c, k : k + 64]
            return
        copy = target.create_dataset(DATA, (frames, 1, channels, rows), "c8")
        for c in range(channels):
            for n in range(0, frames, 8192):
                copy[n : n + 8192, 0, c] = data[0, c, :, n : n + 8192].T
