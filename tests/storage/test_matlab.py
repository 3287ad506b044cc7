import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.storage.matlab import read_encoding_array, read_matlab_array

VALUES = np.arange(24.0).reshape(2, 3, 4) + 1j * np.linspace(-1, 1, 24).reshape(2, 3, 4)


def write_matlab(path, kind="double", **variables):
    """Write arrays as MATLAB 7.3 does: 512-byte header, reversed axes, pairs (real, imag)."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in variables.items():
            stored = values.T
            if np.iscomplexobj(stored):
                part = stored.real.dtype
                pairs = np.empty(stored.shape, [("real", part), ("imag", part)])
                pairs["real"], pairs["imag"] = stored.real, stored.imag
                stored = pairs
            file.create_dataset(name, data=stored).attrs["MATLAB_class"] = np.bytes_(kind)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: test".ljust(124) + b"\x00\x02IM")
    return path


@pytest.mark.parametrize(
    "values", [VALUES, VALUES.real, VALUES.astype(np.complex64), np.arange(6, dtype=np.int16).reshape(3, 2)]
)
def test_arrays_have_matlabs_axis_order(tmp_path, values):
    kind = {"c": "double", "f": "double", "i": "int16"}[values.dtype.kind]
    found = read_matlab_array(write_matlab(tmp_path / "a.mat", kind, A=values), "A")
    np.testing.assert_array_equal(found, values)
    assert found.dtype == values.dtype
    assert found.flags.c_contiguous


def mistakes(folder):
    """Files that cannot be read, with the variable asked for and a word of the message."""
    text = folder / "text.mat"
    text.write_text("MATLAB 5.0 MAT-file")
    nothing = folder / "empty.mat"
    nothing.touch()
    with h5py.File(folder / "group.mat", "w") as file:
        file.create_group("A").attrs["MATLAB_class"] = np.bytes_("struct")
    with h5py.File(folder / "cell.mat", "w") as file:
        cell = file.create_dataset("A", (2,), dtype=h5py.ref_dtype)
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
    with h5py.File(folder / "other.mat", "w") as file:
        file.create_dataset("A", data=np.zeros(2, [("real", float), ("other", float)]))
    with h5py.File(folder / "null.mat", "w") as file:
        file.create_dataset("A", data=np.array([0, 0])).attrs["MATLAB_empty"] = 1
    with h5py.File(folder / "scalar_space.mat", "w") as file:
        file.create_dataset("A", data=h5py.Empty("f8"))
    letters = write_matlab(folder / "char.mat", "char", A=np.array([[77, 80, 73]], dtype=np.uint16))
    good = write_matlab(folder / "good.mat", B=VALUES)
    return [
        (folder / "absent.mat", "found no file"),
        (folder, "found no file"),
        (text, "found no HDF5 data"),
        (nothing, "found no HDF5 data"),
        (good, "found variables B, expected A"),
        (letters, "found a MATLAB char"),
        (folder / "group.mat", "found a MATLAB struct"),
        (folder / "cell.mat", "found a MATLAB cell"),
        (folder / "other.mat", "found dtype"),
        (folder / "null.mat", "no full array"),
        (folder / "scalar_space.mat", "found"),
    ]


def test_mistakes_are_named_in_one_line(tmp_path):
    for path, line in mistakes(tmp_path):
        with pytest.raises(InputError, match=line) as error:
            read_matlab_array(path, "A")
        assert "\n" not in str(error.value)
        assert str(path) in str(error.value)


def test_size_is_checked_before_memory_is_taken(tmp_path):
    with h5py.File(tmp_path / "huge.mat", "w") as file:
        file.create_dataset("A", shape=(2**24, 2**24), dtype="f8", chunks=(1024, 1024))
    with pytest.raises(InputError, match=f"found a claim of {2**51} bytes, expected at most"):
        read_matlab_array(tmp_path / "huge.mat", "A")
    small = write_matlab(tmp_path / "small.mat", A=VALUES)
    with pytest.raises(InputError, match="found a claim of 384 bytes, expected at most 383"):
        read_matlab_array(small, "A", max_bytes=383)
    assert read_matlab_array(small, "A", max_bytes=384).shape == (2, 3, 4)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncated_files_are_refused(tmp_path, share):
    whole = tmp_path / "whole.mat"
    if not whole.exists():
        write_matlab(whole, A=VALUES)
    data = whole.read_bytes()
    cut = tmp_path / "cut.mat"
    cut.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError):
        read_matlab_array(cut, "A")


def test_encoding_array_layout(tmp_path):
    """Component m at MATLAB position (x, y) of 8 x 8 is column x + 8 y of S."""
    m, x, y = np.meshgrid(np.arange(40), np.arange(8), np.arange(8), indexing="ij")
    expected = m + 0.01 * x + 1j * y
    S = np.zeros((40, 64), complex)
    S[m, x + 8 * y] = expected
    write_matlab(tmp_path / "S.mat", S=S)
    for name in ("b1", "b2"):
        write_matlab(tmp_path / f"{name}.mat", **{name: S[:, :1]})
    data = read_encoding_array(tmp_path)
    np.testing.assert_array_equal(data.system_matrix, expected)
    np.testing.assert_array_equal(data.signals["b2"], S[:, 0])
    write_matlab(tmp_path / "b2.mat", b2=S[:5, :1])
    with pytest.raises(InputError, match=r"b2.mat: b2: found shape \(5, 1\), expected \(40, 1\)"):
        read_encoding_array(tmp_path)


def test_measured_files(measured_dir, tmp_path):
    data = read_encoding_array(measured_dir / "encoding_array")
    assert data.system_matrix.shape == (40, 8, 8)
    assert data.system_matrix.dtype == np.complex128
    assert set(data.signals) == {"b1", "b2"}
    whole = (measured_dir / "encoding_array" / "S.mat").read_bytes()
    cuts = np.random.default_rng(0).integers(0, len(whole), 60)
    for cut in cuts:
        (tmp_path / "S.mat").write_bytes(whole[:cut])
        with pytest.raises(InputError):
            read_matlab_array(tmp_path / "S.mat", "S")
