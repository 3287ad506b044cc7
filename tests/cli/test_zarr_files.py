"""System matrices in Zarr as the verbs take them: the same results as in MDF, and one line for what cannot be."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mpipipe.cli.main import app
from mpipipe.cli.reconstruct_file import reconstruct_file
from mpipipe.cli.simulate_file import simulate_file
from mpipipe.storage.mdf_matrix import open_mdf_matrix
from mpipipe.storage.system_matrix_file import open_system_matrix_file
from mpipipe.storage.yaml_section import write_section
from mpipipe.storage.zarr_write import write_zarr_matrix
from tests.cli.test_user_verbs import SMALL

DCT = ("--method", "DCT-F")


@pytest.fixture(scope="module")
def files(module_path: Path) -> Path:
    """A folder with ``matrix.mdf``, ``phantom.mdf``, and ``matrix.zarr``, which is the MDF file copied."""
    folder = module_path
    write_section(folder / "s.yaml", SMALL, "small")
    simulate_file(folder / "s.yaml", folder / "matrix.mdf", folder / "phantom.mdf")
    with open_mdf_matrix(folder / "matrix.mdf") as S:
        blocks = ((channel, start, S.read(channel, start, stop)) for channel, start, stop in S.blocks(50_000))
        write_zarr_matrix(
            folder / "matrix.zarr", S.header, S.grid, S.frequency, blocks, scanner=S.scanner, snr=S.snr
        )
    return folder


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.output


def content(path: Path) -> tuple[np.ndarray, np.ndarray, dict]:
    """Return values, signal-to-noise ratios and header, but for what names the source and the file."""
    with open_system_matrix_file(path) as S:
        values = np.stack([S.read(channel, 0, len(S.frequency)) for channel in range(S.channels)])
        header = dict(S.header.values)
    note = json.loads(str(header.pop("/calibration/_restoration", "{}")))
    own = {"note": {key: value for key, value in note.items() if key != "source"}, "grid": S.grid}
    assert S.snr is not None
    return values, S.snr, {key: value for key, value in header.items() if key != "/uuid"} | own


def same(first: Path, second: Path) -> None:
    (a, snr_a, header_a), (b, snr_b, header_b) = content(first), content(second)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(snr_a, snr_b)
    assert header_a.keys() == header_b.keys()
    assert all(np.array_equal(header_a[key], header_b[key]) for key in header_a)


@pytest.mark.parametrize(
    ("task", "arguments"),
    [("denoise", DCT), ("upsample", ("--method", "Bicubic", "--factor", 2))],
    ids=["denoise", "upsample"],
)
def test_a_zarr_copy_is_restored_as_the_mdf_file(
    files: Path, tmp_path: Path, task: str, arguments: tuple
) -> None:
    expected = tmp_path / "expected.mdf"
    run("restore", task, files / "matrix.mdf", "--out", expected, *arguments)
    for source, out in (("matrix.zarr", "a.mdf"), ("matrix.zarr", "b.zarr"), ("matrix.mdf", "c.zarr")):
        said = run("restore", task, files / source, "--out", tmp_path / out, *arguments)
        assert f"components of {source} with" in said
        same(tmp_path / out, expected)
    assert not np.array_equal(content(expected)[0], content(files / "matrix.mdf")[0])


def test_simulated_in_zarr_is_what_is_simulated_in_mdf(files: Path, tmp_path: Path) -> None:
    simulate_file(files / "s.yaml", tmp_path / "matrix.zarr")
    (a, snr_a, _), (b, snr_b, _) = content(tmp_path / "matrix.zarr"), content(files / "matrix.mdf")
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(snr_a, snr_b)


def test_the_image_and_the_score_are_those_of_the_mdf_file(files: Path, tmp_path: Path) -> None:
    for name in ("mdf", "zarr"):
        reconstruct_file(files / f"matrix.{name}", files / "phantom.mdf", tmp_path / f"{name}.npy", "ART", {})
    image = np.load(tmp_path / "mdf.npy")
    assert image.max() > 0.1
    np.testing.assert_array_equal(np.load(tmp_path / "zarr.npy"), image)
    assert "∞" in run("score", files / "matrix.zarr", files / "matrix.mdf")


def test_inspect_tells_the_same_and_draws_components(files: Path, tmp_path: Path) -> None:
    told = {
        name: run("inspect", files / f"matrix.{name}", "--figure", tmp_path / f"{name}.png")
        for name in ("mdf", "zarr")
    }
    rows = [line for line in told["mdf"].splitlines() if line.startswith("│") and "specification" not in line]
    assert len(rows) > 10 and all(row.split() in map(str.split, told["zarr"].splitlines()) for row in rows)
    assert "system matrix in Zarr" in " ".join(told["zarr"].split())
    assert (tmp_path / "zarr.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize(
    ("source", "out", "line"),
    [
        ("matrix.zarr", "out.npy", "found another format than that of matrix.zarr, expected MDF or .zarr"),
        ("own.npy", "out.zarr", "found another format than that of own.npy, expected .npy"),
        ("none.zarr", "out.zarr", "none.zarr: found nothing"),
        ("damaged.zarr", "out.zarr", "damaged.zarr: found content"),
        ("damaged.zarr", "out.mdf", "damaged.zarr: found content"),
        ("matrix.zarr", "there.zarr", "there.zarr: found a file, expected none; --overwrite replaces it"),
    ],
)
def test_what_cannot_be_restored_is_one_line_and_nothing_is_written(
    files: Path, tmp_path: Path, source: str, out: str, line: str
) -> None:
    shutil.copytree(files / "matrix.zarr", tmp_path / "damaged.zarr")
    shutil.copy(files / "matrix.zarr.manifest.json", tmp_path / "damaged.zarr.manifest.json")
    (tmp_path / "damaged.zarr/system_matrix/c/0/0/0").unlink()
    (tmp_path / "there.zarr").mkdir()
    before = sorted(tmp_path.rglob("*"))
    folder = files if source == "matrix.zarr" else tmp_path
    done = CliRunner().invoke(
        app, ["restore", "denoise", str(folder / source), "--out", str(tmp_path / out), *DCT]
    )
    assert done.exit_code != 0 and line in str(done.exception) and "\n" not in str(done.exception)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_zarr_matrix_is_not_restored_over_itself(files: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.zarr"
    shutil.copytree(files / "matrix.zarr", own)
    shutil.copy(files / "matrix.zarr.manifest.json", tmp_path / "own.zarr.manifest.json")
    before = content(own)[0]
    arguments = [
        "restore",
        "denoise",
        str(own),
        "--out",
        str(tmp_path / "." / "own.zarr"),
        "--overwrite",
        *DCT,
    ]
    done = CliRunner().invoke(app, arguments)
    assert "found the matrix that is read, expected another name" in str(done.exception)
    np.testing.assert_array_equal(content(own)[0], before)


def test_a_measurement_of_another_scanner_is_one_line(files: Path, tmp_path: Path) -> None:
    write_section(
        tmp_path / "s.yaml",
        SMALL.model_copy(
            update={"scanner": SMALL.scanner.model_copy(update={"gradient_T_per_m": (-2.0, -2.0, 4.0)})}
        ),
        "other",
    )
    simulate_file(tmp_path / "s.yaml", tmp_path / "matrix.mdf", tmp_path / "other.mdf")
    arguments = [
        "reconstruct",
        str(files / "matrix.zarr"),
        str(tmp_path / "other.mdf"),
        "--out",
        str(tmp_path / "i.npy"),
    ]
    done = CliRunner().invoke(app, arguments)
    assert "/acquisition/gradient: found gradient in T/m" in str(done.exception)
    assert not (tmp_path / "i.npy").exists()
