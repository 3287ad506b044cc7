"""MDF files written here from simulated matrices, read back; and files with one thing wrong."""

from functools import cache

import h5py
import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_system_matrix
from mpipipe.storage.mdf import read_mdf_background, read_mdf_measurement, read_mdf_system_matrix
from tests.storage.mdf_writer import contents, write

PLANE = Scanner(drive_amplitude_mT=(12, 10, 0), divider=(16, 12, 14))
SPACE = Scanner(drive_amplitude_mT=(12, 10, 9), divider=(8, 6, 7))
PARTICLE = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0.3, 0.5, 0.8))
FLAT = Grid(shape=(4, 3), field_of_view_mm=(24, 20), centre_mm=(1, -2))
BLOCK = Grid(shape=(4, 3, 2), field_of_view_mm=(24, 20, 10), centre_mm=(1, -2, 3))
EMPTY = 5


def simulated(grid):
    return simulate_system_matrix(PLANE if len(grid.shape) == 2 else SPACE, PARTICLE, grid)


def noise(S, frames, seed=0):
    """Empty frames with an offset that is much larger than their noise."""
    rng = np.random.default_rng(seed)
    shape = (*S.shape[:2], frames)
    offset = rng.normal(size=(*S.shape[:2], 1)) + 1j * rng.normal(size=(*S.shape[:2], 1))
    drawn = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return (1e3 * offset + drawn).astype(np.complex64)


@pytest.mark.parametrize("grid", [FLAT, BLOCK])
def test_a_simulated_matrix_comes_back(tmp_path, grid):
    S = simulated(grid)
    found = read_mdf_system_matrix(write(tmp_path / "a.mdf", contents(S)))
    assert found.dims == S.dims and found.dtype == np.complex64
    np.testing.assert_array_equal(found.values, S.values)
    for name in S.coords:
        if S[name].dtype.kind == "U":
            assert list(found[name].values) == list(S[name].values)
        else:
            np.testing.assert_allclose(found[name], S[name], rtol=1e-12, atol=1e-15)
        assert found[name].attrs == S[name].attrs
    for name, value in S.attrs["scanner"].items():
        assert found.attrs["scanner"][name] == (value if name == "waveform" else pytest.approx(value))
    read_grid = Grid.model_validate(found.attrs["grid"])
    np.testing.assert_allclose(read_grid.positions_m(), grid.positions_m(), atol=1e-15)
    assert found["snr"].dims == ("channel", "frequency") and found["snr"].values[1, 2] == S.shape[1] + 2
    assert found.attrs["units"] == "V" and found.attrs["calibration_method"] == "simulation"
    assert read_mdf_background(tmp_path / "a.mdf") is None


def test_a_flat_grid_keeps_its_height(tmp_path):
    datasets = contents(simulated(FLAT)) | {"/calibration/fieldOfViewCenter": np.array([1e-3, -2e-3, 7e-3])}
    found = read_mdf_system_matrix(write(tmp_path / "a.mdf", datasets))
    assert found.dims == ("channel", "frequency", "x", "y") and float(found["z"]) == pytest.approx(7e-3)


@pytest.mark.parametrize("order", ["xyz", "zyx", "yxz", "zxy"])
@pytest.mark.parametrize("fast", [True, False])
def test_every_storage_order(tmp_path, order, fast):
    S = simulated(BLOCK)
    datasets = contents(S, order=order)
    if not fast:
        datasets["/measurement/data"] = np.moveaxis(datasets["/measurement/data"], 3, 0)
        datasets["/measurement/isFastFrameAxis"] = np.int8(0)
    np.testing.assert_array_equal(
        read_mdf_system_matrix(write(tmp_path / "a.mdf", datasets)).values, S.values
    )


def test_the_older_name_of_the_fast_frame_axis(tmp_path):
    S = simulated(FLAT)
    datasets = contents(S)
    datasets["/measurement/isTransposed"] = datasets.pop("/measurement/isFastFrameAxis")
    np.testing.assert_array_equal(
        read_mdf_system_matrix(write(tmp_path / "a.mdf", datasets)).values, S.values
    )


def recorded(S, seed=0):
    """Return a calibration with its offset in every frame, the empty frames, and their mean."""
    empty = noise(S, EMPTY, seed)
    mean = empty.astype(np.complex128).mean(axis=2)
    return S.copy(data=(S.values + mean[..., None, None]).astype(np.complex64)), empty, mean


def test_the_mean_background_is_subtracted_unless_it_was(tmp_path):
    S = simulated(FLAT)
    measured, empty, mean = recorded(S)
    datasets = contents(measured, empty)
    found = read_mdf_system_matrix(write(tmp_path / "a.mdf", datasets))
    np.testing.assert_allclose(found, S, atol=1e-3 + 1e-6 * np.abs(mean).max())
    corrected = datasets | {"/measurement/isBackgroundCorrected": np.int8(1)}
    np.testing.assert_array_equal(read_mdf_system_matrix(write(tmp_path / "b.mdf", corrected)), measured)


def test_reordered_frames(tmp_path):
    """Stored frames say when each was acquired; background frames come back in time."""
    S = simulated(FLAT)
    measured, empty, mean = recorded(S)
    places = np.random.default_rng(1).permutation(FLAT.voxels + EMPTY) + 1
    datasets = contents(measured, empty) | {
        "/measurement/isFramePermutation": np.int8(1),
        "/measurement/framePermutation": places,
    }
    path = write(tmp_path / "a.mdf", datasets)
    in_time = empty[..., np.argsort(places[FLAT.voxels :])]
    np.testing.assert_allclose(read_mdf_background(path), in_time - mean[..., None], atol=1e-3)
    np.testing.assert_allclose(read_mdf_system_matrix(path), S, atol=1e-3 + 1e-6 * np.abs(mean).max())
    # Without the flag the stored order is that of time.
    plain = read_mdf_background(write(tmp_path / "b.mdf", contents(measured, empty)))
    np.testing.assert_allclose(plain, empty - mean[..., None], atol=1e-3)
    np.testing.assert_allclose(plain.mean(axis=2), 0, atol=1e-3)


def test_background_frames_between_the_others(tmp_path):
    S = simulated(FLAT)
    measured, empty, _ = recorded(S)
    datasets = contents(measured, empty)
    shuffled = np.array([12, 0, 1, 2, 13, 14, 3, 4, 5, 6, 7, 8, 15, 9, 10, 11, 16])
    expected = read_mdf_system_matrix(write(tmp_path / "a.mdf", datasets))
    datasets["/measurement/data"] = datasets["/measurement/data"][..., shuffled]
    datasets["/measurement/isBackgroundFrame"] = datasets["/measurement/isBackgroundFrame"][shuffled]
    path = write(tmp_path / "b.mdf", datasets)
    np.testing.assert_array_equal(read_mdf_system_matrix(path), expected)
    np.testing.assert_array_equal(read_mdf_background(path), read_mdf_background(tmp_path / "a.mdf"))


def test_selected_frequencies_count_from_one(tmp_path):
    S = simulated(FLAT)
    selected = np.array([2, 5, 11, 20])
    datasets = contents(S)
    datasets["/measurement/data"] = datasets["/measurement/data"][:, :, selected]
    datasets["/calibration/snr"] = datasets["/calibration/snr"][:, :, selected]
    datasets |= {
        "/measurement/isFrequencySelection": np.int8(1),
        "/measurement/frequencySelection": selected + 1,
    }
    found = read_mdf_system_matrix(write(tmp_path / "a.mdf", datasets))
    np.testing.assert_array_equal(found, S.sel(frequency=selected))
    np.testing.assert_allclose(found["frequency_Hz"], PLANE.frequency_Hz(selected))
    np.testing.assert_array_equal(found["mixing_order_y"], S["mixing_order_y"].sel(frequency=selected))


@pytest.mark.parametrize("fast", [True, False])
def test_a_measurement_in_time_is_the_transform_of_its_mean(tmp_path, fast):
    rng = np.random.default_rng(0)
    samples, frames = PLANE.samples, 6
    counts = rng.integers(-3000, 3000, (frames, 1, 3, samples)).astype(np.int16)
    factor = np.array([[2e-3, 0.5], [1e-3, -0.25], [4e-3, 0.0]])
    mark = np.array([0, 0, 1, 0, 0, 1], np.int8)
    datasets = {
        key: value for key, value in contents(simulated(FLAT)).items() if not key.startswith("/calibration")
    } | {
        "/measurement/data": np.moveaxis(counts, 0, 3) if fast else counts,
        "/measurement/isFastFrameAxis": np.int8(fast),
        "/measurement/isFourierTransformed": np.int8(0),
        "/measurement/isBackgroundFrame": mark,
        "/acquisition/receiver/dataConversionFactor": factor,
    }
    volts = factor[:, :1] * counts[:, 0] + factor[:, 1:]
    expected = np.fft.rfft(volts[mark == 0].mean(axis=0) - volts[mark == 1].mean(axis=0))
    found = read_mdf_measurement(write(tmp_path / "a.mdf", datasets))
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())
    datasets["/measurement/isBackgroundCorrected"] = np.int8(1)
    kept = read_mdf_measurement(write(tmp_path / "b.mdf", datasets))
    expected = np.fft.rfft(volts[mark == 0].mean(axis=0))
    np.testing.assert_allclose(kept, expected, atol=1e-6 * np.abs(expected).max())
    empty = np.fft.rfft(volts[mark == 1]).transpose(1, 2, 0)
    expected = empty - empty.mean(axis=2, keepdims=True)
    np.testing.assert_allclose(
        read_mdf_background(tmp_path / "a.mdf"), expected, atol=1e-6 * np.abs(empty).max()
    )


def test_a_measured_spectrum_is_taken_as_it_is(tmp_path):
    S = simulated(FLAT)
    found = read_mdf_measurement(write(tmp_path / "a.mdf", contents(S)))
    np.testing.assert_allclose(found, S.values.mean(axis=(2, 3)), rtol=1e-5, atol=1e-6 * np.abs(S).max())


def test_fields_that_a_scanner_cannot_describe(tmp_path):
    """Such a matrix is read too, without a scanner; a sine drive is not taken for a cosine."""
    datasets = contents(simulated(FLAT))
    tilted = datasets["/acquisition/gradient"].copy()
    tilted[0, 0, 0, 1] = 0.1
    for changed in (
        {"/acquisition/gradient": tilted},
        {"/acquisition/drivefield/waveform": [["triangle"]] * 3},
        {"/acquisition/drivefield/divider": np.array([[17], [12], [14]])},
    ):
        found = read_mdf_system_matrix(write(tmp_path / "a.mdf", datasets | changed))
        assert "scanner" not in found.attrs and "mixing_order_x" not in found.coords
        np.testing.assert_allclose(found["frequency_Hz"][1], PLANE.frequency_Hz(1))
    sine = datasets | {"/acquisition/drivefield/phase": np.array([[[0.3], [0.0], [0.0]]])}
    scanner = read_mdf_system_matrix(write(tmp_path / "b.mdf", sine)).attrs["scanner"]
    assert scanner["waveform"] == "sine" and scanner["phase_rad"] == [0.3, 0.0, 0.0]


def read_all(path):
    """Read all that a calibration holds."""
    return read_mdf_system_matrix(path), read_mdf_background(path), read_mdf_measurement(path)


@cache
def full_file():
    S = simulated(FLAT)
    measured, empty, _ = recorded(S)
    return contents(measured, empty) | {
        "/measurement/isFramePermutation": np.int8(1),
        "/measurement/framePermutation": np.arange(FLAT.voxels + EMPTY) + 1,
        "/measurement/isFrequencySelection": np.int8(1),
        "/measurement/frequencySelection": np.arange(S.shape[1]) + 1,
    }


OPTIONAL = {
    "/acquisition/gradient",
    "/acquisition/receiver/unit",
    "/measurement/isFramePermutation",
    "/measurement/isFrequencySelection",
    "/measurement/isSparsityTransformed",
    "/measurement/isTransferFunctionCorrected",
    "/calibration/fieldOfViewCenter",
    "/calibration/method",
    "/calibration/order",
    "/calibration/snr",
}


@pytest.mark.parametrize("missing", sorted(full_file()))
def test_without_one_dataset_it_is_read_or_the_line_names_it(tmp_path, missing):
    path = write(tmp_path / "a.mdf", {key: value for key, value in full_file().items() if key != missing})
    if missing in OPTIONAL:
        assert read_all(path)[0].shape == (3, 25, 4, 3)
        return
    with pytest.raises(InputError, match=f"{missing}: found none, expected a dataset") as error:
        read_all(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize("damaged", sorted(full_file()))
@pytest.mark.parametrize("value", [np.zeros((2, 5)), h5py.Empty("f8"), np.array(np.nan), "nonsense"])
def test_a_dataset_of_another_kind_is_named(tmp_path, damaged, value):
    path = tmp_path / "a.mdf"
    write(path, {key: values for key, values in full_file().items() if key != damaged})
    with h5py.File(path, "a") as file:
        file.create_dataset(damaged, data=value)
    try:
        read_all(path)
    except InputError as error:
        assert f"{path}: {damaged}: found" in str(error) and "\n" not in str(error)
    else:
        assert damaged in OPTIONAL | {"/acquisition/drivefield/waveform"}


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("/version", "1.0.5", "found 1.0.5, expected 2"),
        ("/measurement/isSparsityTransformed", np.int8(1), "not compressed"),
        ("/measurement/isFastFrameAxis", np.int8(3), "integers from 0 to 1"),
        ("/measurement/data", np.zeros((2, 3, 25, 17), np.complex64), "J = 1 period"),
        ("/measurement/data", np.zeros((1, 3, 25), np.complex64), "J = 1 period"),
        ("/measurement/data", np.zeros((1, 3, 25, 17)), "complex pairs"),
        ("/measurement/data", np.full((1, 3, 25, 17), np.nan, np.complex64), "NaN or infinity"),
        ("/measurement/isBackgroundFrame", np.zeros(16, np.int8), r"shape \(17\)"),
        ("/measurement/isBackgroundFrame", np.ones(17, np.int8), "a foreground frame at least"),
        ("/measurement/framePermutation", np.arange(17), "found 0, expected integers from 1 to 17"),
        ("/measurement/framePermutation", np.ones(17), "an index twice"),
        ("/measurement/frequencySelection", np.arange(25) + 2, "integers from 1 to 25"),
        ("/measurement/frequencySelection", np.arange(25)[::-1] + 1, "do not increase"),
        ("/acquisition/receiver/bandwidth", -1.0, "a positive number"),
        ("/acquisition/drivefield/divider", np.array([[0], [12], [14]]), "divider"),
        ("/calibration/size", np.array([4, 3, 2]), "a product of 12 foreground frames"),
        ("/calibration/size", np.array([4, 3, 0]), "integers from 1"),
        ("/calibration/fieldOfView", np.array([0.1, -0.1, 0.1]), "positive lengths"),
        ("/calibration/order", "xy", "the letters x, y and z"),
        ("/calibration/snr", np.zeros((1, 3, 9)), r"shape \(1, 3, 25\)"),
    ],
)
def test_values_that_do_not_fit_are_named(tmp_path, key, value, line):
    path = write(tmp_path / "a.mdf", full_file() | {key: value})
    with pytest.raises(InputError, match=line) as error:
        read_all(path)
    parent = key.rsplit("/", 1)[0]
    assert str(error.value).startswith(f"{path}: {parent}") and "\n" not in str(error.value)


def test_unselected_frequencies_have_to_be_complete(tmp_path):
    datasets = full_file() | {"/measurement/isFrequencySelection": np.int8(0)}
    datasets["/measurement/data"] = datasets["/measurement/data"][:, :, :9]
    with pytest.raises(InputError, match="/measurement/data: found 9 frequencies, expected 25"):
        read_mdf_system_matrix(write(tmp_path / "a.mdf", datasets))


def test_size_is_checked_before_memory_is_taken(tmp_path):
    path = write(tmp_path / "a.mdf", full_file())
    with h5py.File(path, "a") as file:
        del file["/measurement/data"]
        file.create_dataset("/measurement/data", (1, 3, 25, 2**32), "c8", chunks=(1, 1, 25, 64))
    with pytest.raises(InputError, match=r"/measurement/data: found 2400\.0 GiB, expected at most 16 GiB"):
        read_mdf_system_matrix(path)


@pytest.mark.parametrize("reader", [read_mdf_system_matrix, read_mdf_background, read_mdf_measurement])
def test_files_that_are_none(tmp_path, reader):
    (tmp_path / "text.mdf").write_text("MDF")
    for path, line in (
        (tmp_path / "absent.mdf", "found no file"),
        (tmp_path / "text.mdf", "found no HDF5 data"),
    ):
        with pytest.raises(InputError, match=line):
            reader(path)


def test_truncated_files_are_refused(tmp_path):
    whole = write(tmp_path / "whole.mdf", full_file()).read_bytes()
    for cut in np.random.default_rng(0).integers(0, len(whole) - 1, 60):
        (tmp_path / "cut.mdf").write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"cut\.mdf: found"):
            read_all(tmp_path / "cut.mdf")
