"""System matrices in Zarr: what is written comes back, and what does not fit is one line."""

import json
from pathlib import Path

import numpy as np
import pytest
import zarr

import mpipipe
from mpipipe.errors import InputError
from mpipipe.storage.ensemble import StoredMatrix, write_part
from mpipipe.storage.header_json import header_from_json, header_to_json
from mpipipe.storage.manifest import manifest_path, write_manifest
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.zarr_matrix import ZarrMatrix, holds_header
from mpipipe.storage.zarr_write import write_zarr_matrix
from tests.restorers.matrices import PARTICLE, PLANE, SPACE

GRID = mpipipe.Grid(shape=(5, 4, 1), field_of_view_mm=(20.5, 16, 3), centre_mm=(1, 0, -7))
ROWS = np.array([3, 4, 9])
HEADER = MdfHeader.simulated(PLANE, PARTICLE, GRID, time="2026-01-02T03:04:05.678").replace(
    {
        "/_own/single": np.array([[1.1, 2.0]], np.float32),
        "/_own/complex": np.array([1 / 3 + 2j], np.complex64),
        "/acquisition/receiver/transferFunction": np.full((3, 3), 0.1 - 1j / 3),
        "/tracer/name": np.array(["Tracer – µ"], object),
        "/_own/none": np.zeros((0, 3)),
        "/calibration/positions": np.arange(60.0).reshape(20, 3),
        "/measurement/framePermutation": np.roll(np.arange(20), 3) + 1,
        "/measurement/frequencySelection": ROWS + 1,
    }
)


def values(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(3, 3, 5, 4)) + 1j * rng.normal(size=(3, 3, 5, 4))).astype(np.complex64)


def write(path: Path, **changes: object) -> None:
    S = values()
    blocks = [(0, 0, S[0]), (2, 1, S[2, 1:]), (2, 0, S[2, :1]), (1, 0, S[1])]  # in any order
    given = {"header": HEADER, "grid": GRID, "frequency": ROWS, "blocks": blocks, "scanner": PLANE} | changes
    write_zarr_matrix(path, **given)  # type: ignore[arg-type]


def test_values_and_labels_come_back_to_the_bit(tmp_path: Path) -> None:
    snr = np.random.default_rng(1).uniform(0, 9, (3, 3))
    write(tmp_path / "S.zarr", snr=snr)
    found = ZarrMatrix(tmp_path / "S.zarr")
    assert found.shape == (3, 3, 5, 4, 1) and found.grid == GRID and found.scanner == PLANE
    read = np.stack([found.read(channel, 0, 3) for channel in range(3)])
    np.testing.assert_array_equal(read[..., 0], values())
    np.testing.assert_array_equal(found.read(2, 1, 3)[..., 0], values()[2, 1:])
    np.testing.assert_array_equal(found.snr, snr)
    np.testing.assert_array_equal(found.frequency, ROWS)
    np.testing.assert_allclose(found.frequency_Hz, ROWS / PLANE.period_s, rtol=1e-12)
    assert found.header.values.keys() == HEADER.values.keys()
    for key, value in HEADER.values.items():
        back = found.header.values[key]
        assert type(back) is type(value), key
        assert np.asarray(back).dtype == np.asarray(value).dtype and np.shape(back) == np.shape(value), key
        np.testing.assert_array_equal(back, value)


def test_blocks_are_all_rows_once_and_no_larger_than_asked(tmp_path: Path) -> None:
    write(tmp_path / "S.zarr")
    found = ZarrMatrix(tmp_path / "S.zarr")
    assert list(found.blocks(2 * 8 * 20)) == [(c, *rows) for c in range(3) for rows in ((0, 2), (2, 3))]


def test_a_chunk_is_small_however_large_the_grid(tmp_path: Path) -> None:
    grid = mpipipe.Grid(shape=(64, 64, 64), field_of_view_mm=(20, 20, 20))
    rows = [(0, n, np.full((1, 64, 64, 64), n + 1, np.complex64)) for n in range(6)]
    header = MdfHeader.simulated(SPACE, PARTICLE, grid, channels=1)
    write(tmp_path / "S.zarr", header=header, grid=grid, frequency=range(6), blocks=rows, scanner=SPACE)
    stored = zarr.open_array(str(tmp_path / "S.zarr/system_matrix"), mode="r")
    assert stored.chunks == (4, 64, 64, 64)
    assert [float(ZarrMatrix(tmp_path / "S.zarr").read(0, n, n + 1).real.max()) for n in (0, 3, 5)] == [
        1,
        4,
        6,
    ]


def test_what_belongs_to_other_rows_and_another_grid_is_left_out(tmp_path: Path) -> None:
    grid = mpipipe.Grid(shape=(5, 2, 1), field_of_view_mm=(20.5, 16, 3))
    blocks = [(channel, 0, values()[channel, :2, :, :2]) for channel in range(3)]
    write(tmp_path / "S.zarr", grid=grid, frequency=[4, 9], blocks=blocks)
    header = ZarrMatrix(tmp_path / "S.zarr").header
    assert header.get("/calibration/positions") is None
    assert header.array("/measurement/framePermutation").tolist() == list(range(1, 11))
    assert header.array("/measurement/frequencySelection").tolist() == [5, 10]
    assert header.array("/acquisition/receiver/transferFunction").shape == (3, 2)


def test_the_studies_reader_opens_it(tmp_path: Path) -> None:
    write(tmp_path / "S.zarr")
    S = mpipipe.open_system_matrix(tmp_path / "S.zarr")
    assert S.dims == ("component", "x", "y") and S["frequency"].values.tolist() == [3, 4, 9] * 3
    np.testing.assert_array_equal(S.values, values().reshape(9, 5, 4))
    write(tmp_path / "unknown.zarr", scanner=None)
    with pytest.raises(InputError, match=r"unknown\.zarr: matrix 0: found no scanner"):
        mpipipe.open_system_matrix(tmp_path / "unknown.zarr")


def part(path: Path, channel: list[int], frequency: list[int], count: int = 1, **parameters: object) -> Path:
    """Write a part of an ensemble as the studies do."""
    kept = StoredMatrix(values()[0, : len(channel)], np.array(channel), np.array(frequency), 5, parameters)
    both = [kept, StoredMatrix(kept.values, kept.channel, kept.frequency, 6, parameters)]
    write_part(path, both[:count], (6, 6))
    write_manifest(path, {}, {})
    return path


SIMULATED = {
    "scanner": PLANE.model_dump(mode="json"),
    "particle": PARTICLE.model_dump(mode="json"),
    "grid": mpipipe.Grid(shape=(5, 4), field_of_view_mm=(20, 12)).model_dump(mode="json"),
}


def test_a_part_with_one_whole_matrix_is_one_too(tmp_path: Path) -> None:
    found = ZarrMatrix(part(tmp_path / "p.zarr", [0, 0], [7, 8], **SIMULATED))
    assert found.grid.field_of_view_mm == (20, 12, 3) and found.grid.shape == (5, 4, 1)
    np.testing.assert_array_equal(found.read(0, 0, 2)[..., 0], values()[0, :2])
    assert found.header.get("/acquisition/receiver/numChannels") == 1 and found.snr is None
    assert not holds_header(tmp_path / "p.zarr")


@pytest.mark.parametrize(
    ("channel", "frequency", "count", "parameters", "line"),
    [
        ([0, 0], [7, 8], 2, SIMULATED, "found an ensemble of 2 system matrices, expected a single one"),
        ([0, 1], [7, 8], 1, SIMULATED, "found selected components"),
        ([0, 0, 1], [7, 8, 7], 1, SIMULATED, "found selected components"),
        ([0, 0], [8, 7], 1, SIMULATED, "found selected components"),
        ([0, 0], [7, 8], 1, {"grid": SIMULATED["grid"]}, "found neither a header nor a scanner"),
        ([0, 0], [7, 8], 1, SIMULATED | {"scanner": {"divider": "x"}}, "attribute scanner: found"),
        ([0, 0], [7, 8], 1, SIMULATED | {"header": {"/scanner/name": 3}}, "/scanner/name: found 3, expected text"),
        ([0, 0], [7, 8], 1, SIMULATED | {"header": {}}, "found bandwidth None and None samples"),
        ([0, 0], [7, 8], 1, SIMULATED | {"grid_3d": {"shape": [5]}}, "attribute grid: found"),
    ],
)  # fmt: skip
def test_another_part_is_one_line(
    tmp_path: Path, channel: list, frequency: list, count: int, parameters: dict, line: str
) -> None:
    path = part(tmp_path / "p.zarr", channel, frequency, count, **parameters)
    with pytest.raises(InputError) as error:
        ZarrMatrix(path)
    assert str(error.value).startswith(f"{path}: ") and line in str(error.value)
    assert "\n" not in str(error.value)


def test_a_changed_byte_a_lost_chunk_and_a_lost_manifest_are_one_line(tmp_path: Path) -> None:
    for number, damage in enumerate(("change", "lose", "manifest", "none")):
        path = tmp_path / f"{number}.zarr"
        if damage != "none":
            write(path)
            chunk = path / "system_matrix/c/0/0/0"
            content = bytearray(chunk.read_bytes())
            content[-1] ^= 1
            chunk.write_bytes(content)
            if damage == "lose":
                chunk.unlink()
            if damage == "manifest":
                manifest_path(path).unlink()
        with pytest.raises(InputError) as error:
            ZarrMatrix(path)
        assert path.name in str(error.value) and "\n" not in str(error.value)


def test_ratios_of_another_matrix_are_one_line(tmp_path: Path) -> None:
    write(tmp_path / "S.zarr", snr=np.ones((3, 3)))
    group = zarr.open_group(str(tmp_path / "S.zarr"))
    del group["snr"]
    group.create_array(
        "snr", shape=(2**40,), dtype="float64", chunks=(2**20,), dimension_names=("component",)
    )
    write_manifest(tmp_path / "S.zarr", {}, {})
    with pytest.raises(InputError, match="snr: found"):
        ZarrMatrix(tmp_path / "S.zarr")


def test_a_header_without_channels_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="numChannels: found None"):
        write(tmp_path / "S.zarr", header=HEADER.replace({"/acquisition/receiver/numChannels": None}))
    assert list(tmp_path.iterdir()) == []


def test_rows_beyond_the_matrix_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "S.zarr")
    for rows in ((3, 0, 1), (0, 0, 4), (0, 2, 1), (-1, 0, 1)):
        with pytest.raises(InputError, match="expected rows of 3 in 3 channels"):
            ZarrMatrix(tmp_path / "S.zarr").read(*rows)


@pytest.mark.parametrize(
    ("blocks", "line"),
    [
        ([(0, 0, values()[0])], "found 6 missing rows"),
        ([(0, 0, values()[0]), (0, 2, values()[0, :1])], "rows from 2 on of channel 0: found a row twice"),
        ([(3, 0, values()[0])], "rows from 0 on of channel 3: found shape"),
        ([(0, 2, values()[0])], "rows from 2 on of channel 0: found shape"),
        ([(0, 0, values()[0, :, :, :3])], "rows from 0 on of channel 0: found shape"),
        ([(0, 0, np.full((3, 5, 4), np.nan))], "found NaN or infinity"),
    ],
)
def test_what_is_no_whole_matrix_is_not_written(tmp_path: Path, blocks: list, line: str) -> None:
    with pytest.raises(InputError, match=line):
        write(tmp_path / "S.zarr", blocks=blocks)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_there_stays_until_its_successor_is_whole(tmp_path: Path) -> None:
    write(tmp_path / "S.zarr")
    with pytest.raises(InputError, match="found something, expected nothing"):
        write(tmp_path / "S.zarr")
    with pytest.raises(InputError, match="missing rows"):
        write(tmp_path / "S.zarr", blocks=[], overwrite=True)
    np.testing.assert_array_equal(ZarrMatrix(tmp_path / "S.zarr").read(0, 0, 3)[..., 0], values()[0])
    twice = [(channel, 0, 2 * rows) for channel, rows in enumerate(values())]
    write(tmp_path / "S.zarr", blocks=twice, overwrite=True)
    np.testing.assert_array_equal(ZarrMatrix(tmp_path / "S.zarr").read(0, 0, 3)[..., 0], 2 * values()[0])


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("/scanner/nothing", "x", "found an unknown path"),
        ("/scanner/name", 3, "found 3, expected text with 0 axes"),
        ("/study/number", True, "found True, expected integer"),
        ("/acquisition/receiver/bandwidth", 3, "found 3, expected real"),
        ("/acquisition/gradient", 3.0, "found 3.0, expected real with 4 axes"),
        ("/acquisition/gradient", {"dtype": "int64", "shape": [1, 1, 3, 3], "values": [1] * 9}, "int64"),
        ("/acquisition/gradient", {"dtype": "float64", "shape": [1, 1, 3, 2], "values": [1.0] * 6}, "3, 2"),
        ("/acquisition/gradient", {"dtype": "float64", "shape": [1, 9], "values": [1.0]}, "found no value"),
        ("/acquisition/gradient", {"dtype": "float64", "shape": [1], "values": ["a"]}, "found no value"),
        ("/acquisition/gradient", {"dtype": "O", "shape": [1], "values": ["a"]}, "found no value"),
        ("/acquisition/gradient", [1.0], "found no value"),
        ("/acquisition/gradient", None, "found no value"),
    ],
)
def test_a_header_of_another_kind_is_one_line(key: str, value: object, line: str) -> None:
    with pytest.raises(InputError) as error:
        header_from_json(header_to_json(HEADER) | {key: value})
    assert str(error.value).startswith(f"header: {key}: ") and line in str(error.value)


def test_the_header_is_json() -> None:
    assert json.loads(json.dumps(header_to_json(HEADER), allow_nan=False)) == header_to_json(HEADER)
