"""HDF5 files that were made to mislead: links, claims, chunks that unpack to too much."""

import resource
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.storage.line_sessions import read_line_session
from mpipipe.storage.matlab import read_matlab_array
from mpipipe.storage.receive_chain import read_transfer_function

SHAPE = (30, 152)
MIB = 2**20


def other_file(folder: Path) -> str:
    with h5py.File(folder / "other.h5", "w") as file:
        file["matrix"] = np.ones(SHAPE)
    (folder / "raw").write_bytes(np.ones(SHAPE).tobytes())
    return str(folder / "other.h5")


def external_link(folder: Path, file: h5py.File) -> None:
    file["matrix"] = h5py.ExternalLink(other_file(folder), "/matrix")


def soft_link(folder: Path, file: h5py.File) -> None:
    file["inner"], file["matrix"] = h5py.ExternalLink(other_file(folder), "/"), h5py.SoftLink("/inner/matrix")


def dangling_link(folder: Path, file: h5py.File) -> None:
    file["matrix"] = h5py.SoftLink("/matrix")


def external_storage(folder: Path, file: h5py.File) -> None:
    other_file(folder)
    size = h5py.h5f.UNLIMITED
    file.create_dataset("matrix", SHAPE, "f8", external=[(str(folder / "raw"), 0, size)])


def virtual_dataset(folder: Path, file: h5py.File) -> None:
    layout = h5py.VirtualLayout(SHAPE, "f8")
    layout[...] = h5py.VirtualSource(other_file(folder), "matrix", SHAPE)
    file.create_virtual_dataset("matrix", layout)


def other_filter(folder: Path, file: h5py.File) -> None:
    file.create_dataset("matrix", data=np.ones(SHAPE), chunks=SHAPE, compression="lzf")


def packed_chunk(content: bytes) -> Callable[[Path, h5py.File], None]:
    def write(folder: Path, file: h5py.File) -> None:
        dataset = file.create_dataset("matrix", SHAPE, "f8", chunks=SHAPE, compression="gzip")
        dataset.id.write_direct_chunk((0, 0), content)

    return write


def group(folder: Path, file: h5py.File) -> None:
    file.create_group("matrix")


def pairs_of_text(folder: Path, file: h5py.File) -> None:
    file.create_dataset("matrix", SHAPE, np.dtype([("real", "S8"), ("imag", "f8")]))


def arrays_in_arrays(folder: Path, file: h5py.File) -> None:
    file.create_dataset("matrix", SHAPE, np.dtype(("f8", (2,))))


def words(folder: Path, file: h5py.File) -> None:
    file.create_dataset("matrix", SHAPE, h5py.string_dtype())


def overlapping_fields(folder: Path, file: h5py.File) -> None:
    """Eight bytes with the exponent of a long double, which NumPy needs sixteen for: it would write beyond the array."""
    wide, pair = h5py.h5t.IEEE_F64LE.copy(), h5py.h5t.create(h5py.h5t.COMPOUND, 16)
    wide.set_fields(63, 48, 15, 0, 48)
    wide.set_ebias(16383)
    pair.insert(b"real", 0, wide)
    pair.insert(b"imag", 8, h5py.h5t.IEEE_F64LE)
    h5py.h5d.create(file.id, b"matrix", pair, h5py.h5s.create_simple(SHAPE))


CRAFTED = {
    overlapping_fields: "found fields that overlap",
    external_link: "found a link",
    soft_link: "found a link",
    dangling_link: "found a link",
    external_storage: "found values in other files",
    virtual_dataset: "found values in other files",
    other_filter: "found filters .32000., expected shuffle, deflate",
    packed_chunk(zlib.compress(bytes(512 * MIB), 9)): "found a claim of .* bytes, expected at most",
    packed_chunk(zlib.compress(bytes(40_000 * 1000), 9)): "unpacks to more than its 36480 bytes",
    packed_chunk(b"no deflate"): "found .*incorrect header check",
    group: "found",
    pairs_of_text: "found",
    arrays_in_arrays: "found",
    words: "found",
}


@pytest.mark.parametrize("read", [read_line_session, lambda path: read_matlab_array(path, "matrix")])
@pytest.mark.parametrize("write", CRAFTED)
def test_crafted_files_are_refused(
    tmp_path: Path, write: Callable[[Path, h5py.File], None], read: Callable[[Path], object]
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        write(tmp_path, file)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=CRAFTED[write]) as caught:
        read(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 16 * MIB


def test_packed_chunks_that_fit_are_read(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=SHAPE)
    for number, options in enumerate(
        (
            {"compression": "gzip"},
            {"compression": "gzip", "shuffle": True, "fletcher32": True},
            {"fletcher32": True},
        )
    ):
        path = tmp_path / f"{number}.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("matrix", data=values, chunks=(7, 50), **options)
        np.testing.assert_array_equal(read_matlab_array(path, "matrix"), values.T)


def test_many_tiny_chunks_are_refused(tmp_path: Path) -> None:
    """Each chunk costs the library hundreds of bytes, whether it is in the file or not."""
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file.create_dataset("A", (2**13, 2**13), "f8", chunks=(1, 1))
    with pytest.raises(InputError, match=f"found {2**26} chunks, expected at most {2**17}"):
        read_matlab_array(tmp_path / "a.mat", "A")


def test_big_endian_numbers_are_numbers(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["matrix"] = np.full(SHAPE, 2.5, ">f4")
    assert (read_line_session(tmp_path / "a.h5").signals == 2.5).all()


@pytest.mark.parametrize(
    "frequency, gain",
    [
        ([1.0, np.nan], np.ones((3, 2, 2))),
        ([1.0, 1.0], np.ones((3, 2, 2))),
        ([1.0, 2.0], np.full((3, 2, 2), np.inf)),
    ],
)
def test_values_that_are_no_transfer_function_are_refused(
    tmp_path: Path, frequency: list[float], gain: np.ndarray
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["frequencies"], file["transferFunction"] = frequency, gain
    with pytest.raises(InputError, match=r"a\.h5: .*found .* expected"):
        read_transfer_function(tmp_path / "a.h5")
