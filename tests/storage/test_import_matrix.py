"""System matrices from arrays in NumPy, HDF5 and MATLAB files, in every order of axes."""

import itertools

import h5py
import numpy as np
import pytest

import mpipipe
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.import_matrix import import_matrix

GRID = Grid(shape=(4, 3), field_of_view_mm=(20, 15), centre_mm=(1, 2))
SCANNER = Scanner(drive_amplitude_mT=(12, 10, 0), divider=(16, 12, 14))
RNG = np.random.default_rng(0)
S = (RNG.normal(size=(2, 5, 4, 3)) + 1j * RNG.normal(size=(2, 5, 4, 3))).astype(np.complex64)
AXES = ("channel", "frequency", "x", "y")


def save(path, values, name="S"):
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez_compressed(path, **{name: values})
    else:
        matlab = path.suffix == ".mat"
        pair = ("real", "imag") if matlab else ("r", "i")
        if values.dtype.kind == "c":
            part = values.real.dtype
            values = np.ascontiguousarray(values).view([(one, part) for one in pair]).reshape(values.shape)
        with h5py.File(path, "w") as file:
            file[name] = values.T if matlab else values
            if matlab:
                file[name].attrs["MATLAB_class"] = np.bytes_("single")
    return path


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".mat"])
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_every_order_of_axes(tmp_path, suffix, order):
    path = save(tmp_path / f"S{suffix}", S.transpose(order))
    found = import_matrix(path, layout=",".join(AXES[axis] for axis in order), grid=GRID, units="V")
    assert found.dims == AXES and found.dtype == np.complex64 and found.attrs["units"] == "V"
    np.testing.assert_array_equal(found, S)
    np.testing.assert_allclose(found["x"], GRID.axes_m()[0], atol=1e-15)
    assert Grid.model_validate(found.attrs["grid"]) == GRID and "frequency_Hz" not in found.coords


def test_parts_voxels_and_a_single_channel(tmp_path):
    parts = np.stack([S.real, S.imag], axis=-1)
    path = save(tmp_path / "S.npy", parts)
    found = import_matrix(path, layout="channel, frequency, x, y, part", grid=GRID)
    np.testing.assert_array_equal(found, S)
    fastest_x = S[0].transpose(0, 2, 1).reshape(5, 12)
    found = import_matrix(
        save(tmp_path / "S.mat", fastest_x), dataset="S", layout="frequency,voxel", grid=GRID
    )
    np.testing.assert_array_equal(found, S[:1])


def test_a_scanner_gives_frequencies_and_the_matrix_can_be_written(tmp_path):
    index = [3, 4, 7, 8, 11]
    path = save(tmp_path / "S.npy", S)
    found = import_matrix(path, layout=",".join(AXES), grid=GRID, scanner=SCANNER, frequency=index)
    np.testing.assert_allclose(found["frequency_Hz"], np.array(index) * 2.5e6 / 48)
    mpipipe.write_mdf(tmp_path / "S.mdf", found)
    again = mpipipe.read_mdf(tmp_path / "S.mdf")
    np.testing.assert_array_equal(again, S)
    np.testing.assert_array_equal(again["mixing_order_x"], found["mixing_order_x"])
    hertz = import_matrix(path, layout=",".join(AXES), grid=GRID, frequency_Hz=np.arange(5) * 10.0)
    assert hertz["frequency_Hz"].values.tolist() == [0, 10, 20, 30, 40]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"layout": "channel,frequency,x"}, "layout: found 'channel,frequency,x', expected frequency, x, y"),
        ({"layout": "channel,frequency,x,y,z"}, "layout: found"),
        ({"layout": "channel,frequency,x,x,y"}, "layout: found"),
        ({"layout": "coil,frequency,x,y"}, "layout: found"),
        ({"layout": "frequency,x,y"}, r"found 4 axes \(2, 5, 4, 3\), expected frequency, x, y"),
        ({"layout": "channel,frequency,y,x"}, "expected the grid"),
        ({"layout": "part,frequency,x,y"}, "expected 2 real numbers along part"),
        ({"frequency": [1, 2]}, "frequency: found 2 indices, expected 5 increasing ones"),
        ({"frequency": [5, 4, 3, 2, 1]}, "expected 5 increasing ones"),
        ({"frequency_Hz": [1.0]}, "frequency_Hz: found 1 values"),
        ({"max_bytes": 100}, "found a claim of 960 bytes, expected at most 100"),
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5"])
def test_what_does_not_fit_is_one_line(tmp_path, arguments, line, suffix):
    path = save(tmp_path / f"S{suffix}", S)
    with pytest.raises(InputError, match=line) as error:
        import_matrix(path, **{"layout": ",".join(AXES), "grid": GRID} | arguments)
    assert "\n" not in str(error.value)


def test_files_that_are_none_or_damaged(tmp_path):
    for suffix in (".npy", ".npz", ".h5", ".mat"):
        whole = save(tmp_path / f"S{suffix}", S).read_bytes()
        for content in (b"", b"text", whole[: len(whole) // 2], whole[:40]):
            (tmp_path / f"cut{suffix}").write_bytes(content)
            with pytest.raises(InputError, match=rf"cut\{suffix}: .*found") as error:
                import_matrix(tmp_path / f"cut{suffix}", layout=",".join(AXES), grid=GRID)
            assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="found no file"):
        import_matrix(tmp_path / "none.npy", layout=",".join(AXES), grid=GRID)


def test_the_array_has_to_be_named_where_there_are_several(tmp_path):
    np.savez(tmp_path / "S.npz", a=S, b=S)
    with h5py.File(tmp_path / "S.h5", "w") as file:
        file["group/a"], file["b"], file["c"] = 2 * S, S, S
        file["outside"] = h5py.ExternalLink("other.h5", "/a")
        file["text"] = "S"
    for path, line in ((tmp_path / "S.npz", "found arrays a, b"), (tmp_path / "S.h5", "found arrays b, c")):
        with pytest.raises(InputError, match=f"{line}.*, expected the name of one"):
            import_matrix(path, layout=",".join(AXES), grid=GRID)
        np.testing.assert_array_equal(import_matrix(path, dataset="b", layout=",".join(AXES), grid=GRID), S)
    found = import_matrix(tmp_path / "S.h5", dataset="group/a", layout=",".join(AXES), grid=GRID)
    np.testing.assert_array_equal(found, 2 * S)
    for name in ("outside", "text", "none", "group"):
        with pytest.raises(InputError, match=f"S.h5: {name}: found"):
            import_matrix(tmp_path / "S.h5", dataset=name, layout=",".join(AXES), grid=GRID)


def test_objects_and_values_that_are_not_finite(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", S=np.array([{}], object))
    np.save(tmp_path / "b.npy", np.where(S[0, 0, 0, 0] == S, np.nan, S))
    np.save(tmp_path / "c.npy", np.full(S.shape, "a"))
    for name, line in (
        ("a.npy", "damaged"),
        ("a.npz", "damaged"),
        ("b.npy", "NaN"),
        ("c.npy", "expected numbers"),
    ):
        with pytest.raises(InputError, match=line):
            import_matrix(tmp_path / name, layout=",".join(AXES), grid=GRID)
