"""A user's verbs on files: example, simulate, inspect and reconstruct, and what they refuse."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import xarray as xr

from mpipipe.cli.inspect_file import inspect_file
from mpipipe.cli.reconstruct_file import parsed_settings, reconstruct_file
from mpipipe.cli.simulate_file import simulate_file
from mpipipe.config.simulation import PhantomScan, Simulation
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.reconstruction import measured_rows
from mpipipe.storage.ensemble import Part
from mpipipe.storage.mdf_rules import check_mdf
from mpipipe.storage.mdf_write import write_mdf_measurement
from mpipipe.storage.yaml_section import write_section
from mpipipe.studies.simulated_scan import simulate_phantom

SMALL = Simulation(
    scanner=Scanner(divider=(48, 44, 46), drive_amplitude_mT=(12, 12, 0)),
    grid=Grid(shape=(12, 11), field_of_view_mm=(26, 24)),
    noise=1e-4,
    phantom=PhantomScan(name="snake", noise=1e-4),
)


@pytest.fixture(scope="module")
def files(module_path: Path) -> Path:
    """A folder with ``s.yaml``, ``matrix.mdf`` and ``phantom.mdf``."""
    folder = module_path
    write_section(folder / "s.yaml", SMALL, "small")
    simulate_file(folder / "s.yaml", folder / "matrix.mdf", folder / "phantom.mdf")
    return folder


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_what_is_simulated_keeps_the_specification(files: Path) -> None:
    assert check_mdf(files / "matrix.mdf") == [] and check_mdf(files / "phantom.mdf") == []


@pytest.mark.parametrize("method", ["ART", "ADMM_L1", "ADMM_TV"])
def test_the_image_shows_the_phantom(files: Path, tmp_path: Path, method: str) -> None:
    out = tmp_path / "image.nii.gz"
    reconstruct_file(files / "matrix.mdf", files / "phantom.mdf", out, method, {})
    image = np.asarray(nibabel.load(out).dataobj)[..., 0]
    assert correlation(image, simulate_phantom(SMALL).concentration) > 0.8


def test_a_matrix_that_is_read_in_blocks_gives_the_same_image(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, object] = {"iterations": 5}
    reconstruct_file(files / "matrix.mdf", files / "phantom.mdf", tmp_path / "a.npy", "ART", settings)
    monkeypatch.setattr(measured_rows, "WHOLE_BYTES", 0)
    monkeypatch.setattr(measured_rows, "BLOCK_BYTES", 10 * 8 * 132)
    reconstruct_file(files / "matrix.mdf", files / "phantom.mdf", tmp_path / "b.npy", "ART", settings)
    whole, blocks = np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy")
    np.testing.assert_allclose(blocks, whole, atol=1e-4 * whole.max())


def test_every_frame_is_an_image_of_its_own(files: Path, tmp_path: Path) -> None:
    signal = simulate_phantom(SMALL).signal
    write_mdf_measurement(tmp_path / "two.mdf", np.stack([signal, 2 * signal]), SMALL.scanner)
    out = tmp_path / "image.zarr"
    reconstruct_file(files / "matrix.mdf", tmp_path / "two.mdf", out, "ART", {}, every_frame=True)
    image = xr.open_zarr(out, consolidated=False)["concentration"]
    assert image.dims == ("frame", "x", "y") and image.attrs["method"] == "ART"
    np.testing.assert_allclose(image[1], 2 * image[0], atol=1e-4 * float(image.max()))


def test_a_picture_is_drawn(files: Path, tmp_path: Path) -> None:
    reconstruct_file(files / "matrix.mdf", files / "phantom.mdf", tmp_path / "i.png", "ART", {})
    inspect_file(files / "matrix.mdf", tmp_path / "c.png")
    assert all((tmp_path / name).read_bytes()[1:4] == b"PNG" for name in ("i.png", "c.png"))


def test_a_matrix_in_zarr_has_every_component(files: Path, tmp_path: Path) -> None:
    simulate_file(files / "s.yaml", tmp_path / "matrix.zarr")
    part = Part(tmp_path / "matrix.zarr")
    assert len(part) == 3 * SMALL.scanner.frequencies and len(part.matrices) == 1


def test_inspect_tells_what_is_in_a_file(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, expected in (
        ("matrix.mdf", ("system matrix", "12 × 11 × 1", "signal-to-noise", "every rule kept")),
        ("phantom.mdf", ("measurement", "every rule kept")),
    ):
        inspect_file(files / name)
        printed = capsys.readouterr().out
        assert all(text in printed for text in expected), printed


@pytest.mark.parametrize(
    ("matrix", "measurement", "out", "method", "settings", "expected"),
    [
        ("none.mdf", "phantom.mdf", "i.npy", "ART", {}, "none.mdf: found no file"),
        ("matrix.mdf", "none.mdf", "i.npy", "ART", {}, "none.mdf: found no file"),
        ("matrix.mdf", "matrix.mdf", "i.npy", "ART", {}, "expected the measurement"),
        ("phantom.mdf", "phantom.mdf", "i.npy", "ART", {}, "phantom.mdf"),
        ("s.yaml", "phantom.mdf", "i.npy", "ART", {}, "found no HDF5"),
        ("matrix.mdf", "phantom.mdf", "i.bmp", "ART", {}, "expected .nii"),
        ("matrix.mdf", "phantom.mdf", "i.npy", "art", {}, "expected one of ART"),
        ("matrix.mdf", "phantom.mdf", "i.npy", "ART", {"sweeps": 3}, "sweeps: found an unknown setting"),
        ("matrix.mdf", "phantom.mdf", "i.npy", "ART", {"iterations": 0}, "iterations: found 0"),
        ("matrix.mdf", "phantom.mdf", "i.npy", "ART", {"snr_threshold": 1e9}, "found none of"),
        ("matrix.mdf", "other.mdf", "i.npy", "ART", {}, "gradient"),
    ],
)
def test_what_cannot_be_reconstructed_is_one_line_and_nothing_is_written(
    files: Path, tmp_path: Path, matrix: str, measurement: str, out: str, method: str,
    settings: dict[str, object], expected: str,
) -> None:  # fmt: skip
    other = SMALL.scanner.model_copy(update={"gradient_T_per_m": (-2.0, -2.0, 4.0)})
    if measurement == "other.mdf" and not (files / measurement).exists():
        write_mdf_measurement(files / measurement, simulate_phantom(SMALL).signal, other)
    with pytest.raises(InputError) as error:
        reconstruct_file(files / matrix, files / measurement, tmp_path / out, method, settings)
    assert expected in str(error.value) and "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "measurement", "change", "expected"),
    [
        ("m.txt", None, {}, "m.txt: found the ending"),
        ("m.mdf", "p.zarr", {}, "p.zarr: found the ending"),
        ("m.mdf", "p.mdf", {"phantom": None}, "p.mdf: found no phantom"),
        ("matrix.mdf", None, {}, "--overwrite"),
    ],
)
def test_what_cannot_be_simulated_is_one_line_and_nothing_is_written(
    tmp_path: Path, out: str, measurement: str | None, change: dict, expected: str
) -> None:
    write_section(tmp_path / "s.yaml", SMALL, "small")
    if change:
        (tmp_path / "s.yaml").write_text("noise: 0")
    (tmp_path / "matrix.mdf").write_bytes(b"mine")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=expected):
        simulate_file(tmp_path / "s.yaml", tmp_path / out, measurement and tmp_path / measurement)
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / "matrix.mdf").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["empty.mdf", "text.safetensors", "half.nii.gz", "what.xyz", "none.mdf"])
def test_a_broken_file_is_one_line_of_inspect(tmp_path: Path, name: str) -> None:
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"" if name.startswith("empty") else b"nothing of use")
    with pytest.raises(InputError) as error:
        inspect_file(tmp_path / name)
    assert name in str(error.value) and "\n" not in str(error.value)


def test_settings_are_read_as_yaml() -> None:
    assert parsed_settings(["real=false", "mu=0.5", "channels=[0, 1]", "row_order=random"]) == {
        "real": False,
        "mu": 0.5,
        "channels": [0, 1],
        "row_order": "random",
    }
    for wrong in ("mu", "=3", "a b=3", "mu=[1"):
        with pytest.raises(InputError, match="--setting"):
            parsed_settings([wrong])
