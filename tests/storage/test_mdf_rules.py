"""Every rule of the MDF specification, broken one at a time."""

import h5py
import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.mdf_rules import check_mdf
from mpipipe.storage.mdf_write import write_mdf_matrix, write_mdf_measurement
from tests.storage.mdf_specification import ROWS

SCANNER = Scanner(drive_amplitude_mT=(12, 10, 0), divider=(16, 12, 14))
GRID = Grid(shape=(4, 3), field_of_view_mm=(24, 20))
ROWS_WRITTEN = (2, 5, 11, 20)
M, A = "/measurement", "/acquisition"
COMPRESSION = (f"{M}/sparsityTransformation", f"{M}/subsamplingIndices")


def calibration(path):
    """Write a calibration with every dataset of the specification but those of a compression."""
    rng = np.random.default_rng(0)
    header = MdfHeader.simulated(SCANNER, Particle(), GRID).replace(
        {
            "/study/time": "2020-02-29T23:59:59.999",
            "/tracer/injectionTime": np.array(["2021-01-01T00:00:00.000"], object),
            "/scanner/boreSize": 0.119,
            f"{A}/receiver/dataConversionFactor": np.array([[1.0, 0.0]] * 3),
            f"{A}/receiver/inductionFactor": rng.normal(size=3),
            f"{A}/receiver/transferFunction": rng.normal(size=(3, 25)) + 1j,
            "/calibration/deltaSampleSize": np.full(3, 1e-3),
            "/calibration/positions": rng.normal(size=(12, 3)),
            "/calibration/offsetFields": rng.normal(size=(12, 3)),
        }
    )
    blocks = [(channel, 0, np.ones((4, 4, 3), np.complex64)) for channel in range(3)]
    background = np.ones((3, 4, 5), np.complex64)
    write_mdf_matrix(path, header, GRID, ROWS_WRITTEN, blocks, snr=np.ones((3, 4)), background=background)
    return path


def broken(tmp_path, changes):
    """Return the violations of a calibration in which some datasets are others, or missing where None."""
    path = calibration(tmp_path / "a.mdf")
    with h5py.File(path, "a") as file:
        for key, value in changes.items():
            if key in file:
                del file[key]
            if value is not None:
                text = isinstance(value, str) or (isinstance(value, np.ndarray) and value.dtype == object)
                file.create_dataset(key, data=value, dtype=h5py.string_dtype() if text else None)
    return check_mdf(path)


def test_the_whole_calibration_breaks_no_rule(tmp_path):
    assert check_mdf(calibration(tmp_path / "a.mdf")) == []
    with h5py.File(tmp_path / "a.mdf") as file:
        absent = [key for key in ROWS if key not in file]
    assert absent == list(COMPRESSION)


REQUIRED = [key for key, (_, _, optional) in ROWS.items() if optional == "no"]
OPTIONAL = [key for key, (_, _, optional) in ROWS.items() if optional == "yes"]


@pytest.mark.parametrize("key", REQUIRED)
def test_required_datasets(tmp_path, key):
    assert f"{key}: found none, expected a dataset" in broken(tmp_path, {key: None})


@pytest.mark.parametrize("key", OPTIONAL)
def test_optional_datasets(tmp_path, key):
    assert broken(tmp_path, {key: None}) == []


@pytest.mark.parametrize("key", [f"{M}/framePermutation", f"{M}/frequencySelection"])
def test_conditional_datasets(tmp_path, key):
    flag = f"{M}/is{key.rpartition('/')[2][0].upper()}{key.rpartition('/')[2][1:]}"
    assert f"{key}: found none, expected a dataset as {flag} is 1" in broken(tmp_path, {key: None})
    (tmp_path / "sub").mkdir()
    without = broken(tmp_path / "sub", {key: None, flag: np.int8(0)})
    assert not any(line.startswith(key) for line in without)


WRONG_TYPE = {
    "String": 3.5,
    "Int8": np.int64(0),
    "Int64": np.int32(1),
    "Float64": np.float32(1),
    "Complex128": np.complex64(1),
    "Number": np.uint16(1),
}


@pytest.mark.parametrize("key", [key for key in ROWS if key not in COMPRESSION])
def test_types(tmp_path, key):
    kind, dims, _ = ROWS[key]
    lines = broken(
        tmp_path, {key: np.full((1,) * (0 if dims == "1" else len(dims.split(","))), WRONG_TYPE[kind])}
    )
    assert any(line.startswith(f"{key}: found") and "expected" in line for line in lines)


@pytest.mark.parametrize(
    "key", [key for key, (kind, _, _) in ROWS.items() if kind in ("Int64", "Float64", "Number")]
)
def test_byte_order(tmp_path, key):
    path = calibration(tmp_path / "a.mdf")
    with h5py.File(path, "a") as file:
        values = file[key][()]
        del file[key]
        file.create_dataset(key, data=values, dtype=values.dtype.newbyteorder(">"))
    (line,) = check_mdf(path)
    assert line.startswith(f"{key}: found big-endian")


@pytest.mark.parametrize("key", [key for key in ROWS if key not in COMPRESSION])
def test_shapes(tmp_path, key):
    """One more axis, and one more entry along each axis of a size that another dataset states."""
    path = calibration(tmp_path / "a.mdf")
    with h5py.File(path, "a") as file:
        values, dtype = file[key][()], file[key].dtype
        del file[key]
        file.create_dataset(key, data=np.broadcast_to(values, (2, *np.shape(values))), dtype=dtype)
    assert any(line.startswith(f"{key}: found") for line in check_mdf(path))
    for axis, name in enumerate(ROWS[key][1].split(",")):
        if name in ("1", "Y", "A", "F", "data"):
            continue
        with h5py.File(path, "a") as file:
            del file[key]
            longer = np.concatenate([values, np.take(values, [0], axis)], axis)
            file.create_dataset(key, data=longer, dtype=dtype)
        lines = check_mdf(path)
        assert any("shape" in line and "expected" in line for line in lines), (key, name)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"/version": "1.0.5"}, "/version: found '1.0.5', expected 2.0.x or 2.1.x"),
        ({"/uuid": "42"}, "/uuid: found '42', expected a UUID"),
        ({"/study/uuid": "3170fdf8f8e14cbfac7341520b41f6ee"}, "/study/uuid: found"),
        ({"/time": "2024-13-01T00:00:00.000"}, "/time: found '2024-13-01T00:00:00.000', expected yyyy"),
        ({"/time": "2024-01-01 00:00:00.000"}, "/time: found"),
        ({"/time": "2024-01-01T00:00:00.000Z"}, "/time: found"),
        ({f"{A}/startTime": "now"}, f"{A}/startTime: found 'now'"),
        (
            {"/experiment/isSimulation": np.int8(2)},
            "/experiment/isSimulation: found other values, expected 0 or 1",
        ),
        ({f"{M}/isBackgroundFrame": np.full(17, -1, np.int8)}, f"{M}/isBackgroundFrame: found other values"),
        (
            {f"{A}/drivefield/waveform": np.array([["sinus"]] * 3, object)},
            "waveform: found 'sinus', expected one of",
        ),
        (
            {f"{A}/drivefield/phase": np.full((1, 3, 1), np.pi)},
            f"{A}/drivefield/phase: found 3.14159, expected values in",
        ),
        (
            {f"{A}/drivefield/phase": np.full((1, 3, 1), -4.0)},
            f"{A}/drivefield/phase: found -4, expected values in",
        ),
        (
            {f"{A}/drivefield/cycle": 1.0},
            "cycle: found 1 s, expected lcm(divider) / baseFrequency = 1.92e-05 s",
        ),
        ({f"{A}/drivefield/baseFrequency": -1.0}, "baseFrequency: found -1, expected a positive number"),
        ({f"{A}/receiver/bandwidth": 0.0}, "bandwidth: found 0, expected a positive number"),
        ({f"{A}/receiver/bandwidth": np.nan}, "bandwidth: found NaN or infinity"),
        ({f"{A}/numAverages": np.int64(0)}, "numAverages: found 0, expected a whole number of at least 1"),
        (
            {f"{A}/drivefield/divider": np.array([[0], [12], [14]])},
            "divider: found 0, expected integers from 1",
        ),
        ({f"{A}/receiver/dataConversionFactor": np.zeros((3, 2))}, "dataConversionFactor: found a factor 0"),
        ({f"{M}/framePermutation": np.ones(17, np.int64)}, "framePermutation: found an index twice"),
        (
            {f"{M}/framePermutation": np.arange(17)},
            "framePermutation: found 0, expected integers from 1 to 17",
        ),
        ({f"{M}/frequencySelection": np.array([1, 2, 2, 3])}, "frequencySelection: found an index twice"),
        (
            {f"{M}/frequencySelection": np.array([1, 2, 3, 26])},
            "frequencySelection: found 26, expected integers from 1 to 25",
        ),
        (
            {"/calibration/size": np.array([4, 3, 2])},
            "/calibration/size: found [4, 3, 2], expected a product of O = 12",
        ),
        ({"/calibration/order": "xyx"}, "/calibration/order: found 'xyx', expected one of xyz"),
        ({"/calibration/fieldOfView": -np.ones(3)}, "/calibration/fieldOfView: found [-1.0, -1.0, -1.0]"),
        ({"/calibration/snr": -np.ones((1, 3, 4))}, "/calibration/snr: found a negative number"),
        ({f"{M}/isFourierTransformed": np.int8(0)}, f"{M}/data: found complex64, expected real numbers"),
        ({f"{M}/data": np.ones((1, 3, 4, 17))}, f"{M}/data: found float64, expected pairs (r, i) as"),
        (
            {f"{M}/isFastFrameAxis": np.int8(0)},
            f"{M}/data: found shape (1, 3, 4, 17), expected N x J x C x K = (17, 1, 3, 4)",
        ),
        ({f"{M}/data": np.ones((1, 3, 4, 16), complex)}, f"{M}/data: found shape"),
        ({f"{M}/isSparsityTransformed": np.int8(1)}, f"{M}/subsamplingIndices: found none"),
        (
            {f"{M}/note": "mine"},
            f"{M}/note: found a name that is not of the specification, expected the prefix _",
        ),
        ({"/room/temperature": 21.0}, "/room/temperature: found a name that is not of the specification"),
        (
            {"/reconstruction/data": np.ones((1, 12, 1)), "/reconstruction/size": np.array([4, 4, 1])},
            "product of P = 12",
        ),
        ({"/reconstruction/size": np.array([4, 4, 1])}, "/reconstruction/data: found none"),
    ],
)
def test_values(tmp_path, changes, line):
    lines = broken(tmp_path, changes)
    assert any(line in one for one in lines), lines
    assert all("\n" not in one and one.startswith("/") for one in lines)


@pytest.mark.parametrize(
    "changes",
    [
        {"/_room/temperature": 21.0},
        {f"{M}/_note": "mine"},
        {"/time": "2024-01-01T00:00:00"},
        {"/version": "2.0.1"},
        {"/version": "2.0.0", f"{M}/isSparsityTransformed": None},
        {f"{M}/data": np.ones((1, 3, 4, 17), [("r", "i2"), ("i", "i2")])},
        {
            "/reconstruction/data": np.ones((1, 12, 1)),
            "/reconstruction/isOverscanRegion": np.zeros(12, np.int8),
        },
        {f"{A}/drivefield/divider": np.array([[16], [12], [99]])},
    ],
)
def test_what_is_allowed(tmp_path, changes):
    assert broken(tmp_path, changes) == []


def test_compressed_data(tmp_path):
    """B = 9 coefficients and E = 5 empty frames of N = 17."""
    good = {
        f"{M}/isSparsityTransformed": np.int8(1),
        f"{M}/sparsityTransformation": "DCT-II",
        f"{M}/subsamplingIndices": np.tile(np.arange(1, 10, dtype=np.int16), (1, 3, 4, 1)),
        f"{M}/data": np.ones((1, 3, 4, 14), np.complex64),
    }
    assert broken(tmp_path, good) == []
    for number, (change, line) in enumerate(
        [
            (
                {f"{M}/sparsityTransformation": "FFT"},
                "found 'FFT', expected one of DCT-I, DCT-II, DCT-III, DCT-IV",
            ),
            (
                {f"{M}/subsamplingIndices": good[f"{M}/subsamplingIndices"] - 1},
                "found 0 to 8, expected indices",
            ),
            ({f"{M}/subsamplingIndices": good[f"{M}/subsamplingIndices"][..., 1:]}, "expected as many as"),
            ({f"{M}/subsamplingIndices": np.ones((1, 3, 4, 9))}, "found float64, expected int8 or"),
            ({f"{M}/data": np.ones((1, 3, 4, 18), np.complex64)}, "expected J x C x K x (B+E)"),
            ({f"{M}/isFastFrameAxis": np.int8(0)}, "expected 0 where isFastFrameAxis is 0"),
            ({f"{M}/isBackgroundFrame": np.repeat([1, 0], [5, 12]).astype(np.int8)}, "expected it last"),
        ]
    ):
        (folder := tmp_path / str(number)).mkdir()
        lines = broken(folder, good | change)
        assert any(line in one for one in lines), (line, lines)


def test_a_calibration_without_data(tmp_path):
    path = calibration(tmp_path / "a.mdf")
    with h5py.File(path, "a") as file:
        del file[M]
    assert f"{M}: found none, expected the data of /calibration" in check_mdf(path)


def test_a_measurement_and_links(tmp_path):
    path = tmp_path / "a.mdf"
    write_mdf_measurement(path, np.ones((3, 25), complex), SCANNER)
    assert check_mdf(path) == []
    with h5py.File(path, "a") as file:
        del file["/study"], file[f"{M}/data"]
        file["/study"] = h5py.ExternalLink("other.h5", "/study")
        file[f"{M}/data"] = h5py.SoftLink("/nowhere")
    lines = check_mdf(path)
    assert "/study/name: found a link at study, expected a dataset of the file itself" in lines
    assert f"{M}/data: found a link at data, expected a dataset of the file itself" in lines


def test_files_that_are_none(tmp_path):
    (tmp_path / "a.mdf").write_text("MDF")
    for name, line in (("a.mdf", "found no HDF5 data"), ("b.mdf", "found no file")):
        with pytest.raises(InputError, match=line):
            check_mdf(tmp_path / name)
