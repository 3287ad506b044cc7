"""A user's own MDF files: written here from a simulated scanner with noise of a known level, restored, reconstructed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mpipipe
from mpipipe.cli.measured_mdf import restore_mdf
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_system_matrix
from mpipipe.reconstruction.selection import row_snr
from mpipipe.storage.mdf import read_mdf_background, read_mdf_measurement, read_mdf_system_matrix
from mpipipe.studies.measured_mdf import calibration_of, reconstruct_rows
from tests.cli.runs import prepare_methods, small_params
from tests.storage.mdf_writer import contents, write

PLANE = Scanner(drive_amplitude_mT=(12, 10, 0), divider=(16, 12, 14))
SPACE = Scanner(drive_amplitude_mT=(12, 10, 9), divider=(8, 6, 7))
FLAT = Grid(shape=(9, 8), field_of_view_mm=(36, 32), centre_mm=(1, -2))
BLOCK = Grid(shape=(6, 5, 4), field_of_view_mm=(24, 20, 16))
FRAMES, LEVEL = 400, 0.02
SMALL = {"restoration.csv", "restoration.png", "restoration.svg", "README.md"}
IMAGES = {"restoration_images.png", "restoration_images.svg"}


def recorded(folder, grid, *, empty_frames=FRAMES, with_snr=False):
    """Write a calibration with noise and a phantom; returns both paths, the true matrix, σ and the phantom."""
    scanner = PLANE if len(grid.shape) == 2 else SPACE
    particle = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0.3, 0.5, 0.8))
    S = simulate_system_matrix(scanner, particle, grid)
    rng = np.random.default_rng(0)
    sigma = LEVEL * float(np.abs(S.values).max())

    def noise(*shape):
        return sigma / np.sqrt(2) * (rng.normal(size=shape) + 1j * rng.normal(size=shape))

    noisy = S.copy(data=(S.values + noise(*S.shape)).astype(np.complex64))
    empty = noise(*S.shape[:2], empty_frames).astype(np.complex64)
    calibration = contents(noisy, empty if empty_frames else None)
    if not with_snr:
        del calibration["/calibration/snr"]
    phantom = np.zeros(grid.shape)
    phantom[2:4, 1:3] = 1
    signal = S.values.reshape(*S.shape[:2], -1) @ phantom.ravel()
    measured = {name: value for name, value in contents(S).items() if not name.startswith("/calibration")} | {
        "/measurement/data": signal[None, :, :, None].astype(np.complex64),
        "/measurement/isBackgroundFrame": np.zeros(1, np.int8),
    }
    folder.mkdir(exist_ok=True)
    return (
        write(folder / "matrix.mdf", calibration),
        write(folder / "phantom.mdf", measured),
        S,
        sigma,
        phantom,
    )


def params_with(matrix, measurement=None, **kaczmarz):
    return small_params(
        measured_mdf={"system_matrix": str(matrix), "measurement": measurement and str(measurement)},
        reconstruct={"kaczmarz": {"snr_threshold": 5.0} | kaczmarz},
    )


@pytest.mark.parametrize(("grid", "problem"), [(FLAT, "denoising_2d"), (BLOCK, "denoising_3d")])
def test_a_plane_and_a_volume_before_and_after(tmp_path, monkeypatch, capsys, grid, problem):
    monkeypatch.chdir(tmp_path)
    matrix, measurement, *_ = recorded(tmp_path / "own", grid)
    params = params_with(matrix, measurement)
    prepare_methods(params, problem)
    restore_mdf(Path("out"), params)
    assert {path.name for path in Path("out").iterdir()} == SMALL | IMAGES
    table = pd.read_csv("out/restoration.csv").set_index("method")
    assert list(table.index) == ["Measured", "DCT-F", "DCT-F (0.3 σ)", "DnCNN"]
    assert table.loc["Measured", "removed_energy"] == 0
    # The filter takes away something like the noise, and a filter that is told less takes less.
    removed = table["removed_energy"] / table["noise_energy"]
    assert 0.3 < removed["DCT-F"] < 1.5 and removed["DCT-F (0.3 σ)"] < removed["DCT-F"]
    page = Path("out/README.md").read_text()
    assert "taken from the empty frames" in page and "noise level from the empty frames" in page
    assert "wrote out/README.md" in capsys.readouterr().out


def test_without_a_measurement_there_are_no_images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = params_with(recorded(tmp_path / "own", FLAT)[0])
    prepare_methods(params, "denoising_2d")
    restore_mdf(Path("out"), params)
    assert {path.name for path in Path("out").iterdir()} == SMALL
    assert "residual" not in Path("out/restoration.csv").read_text()


def test_rows_and_noise_level_from_empty_frames(tmp_path):
    path, _, S, sigma, _ = recorded(tmp_path / "own", FLAT)
    read, frames = read_mdf_system_matrix(path), read_mdf_background(path)
    found = calibration_of(read, frames, params_with(path).reconstruct.kaczmarz)
    # 400 frames: 1 / (2 sqrt(400)) = 2.5 %.
    np.testing.assert_allclose(found.sigma, sigma, rtol=0.12)
    flat = read.values.reshape(-1, *FLAT.shape)
    snr = row_snr(flat, frames.reshape(len(flat), -1), np.repeat(np.arange(3), S.shape[1]))
    np.testing.assert_array_equal(found.row, np.flatnonzero(snr >= 5))
    np.testing.assert_array_equal(found.matrix, flat[found.row])
    strong = np.flatnonzero(np.abs(S.values).reshape(len(flat), -1).max(axis=1) > 12 * sigma)
    assert set(strong) <= set(found.row) and len(found.row) < len(flat) == found.rows_of_file
    channel, frequency = divmod(int(found.row[0]), S.shape[1])
    assert found.label[0] == f"{'xyz'[channel]} coil\n{PLANE.frequency_Hz(frequency) / 1e3:.1f} kHz"


def test_without_empty_frames_the_level_is_estimated(tmp_path):
    """Of rows with signal in every second one, those stay; a row of noise has a root mean square of one σ."""
    path, _, S, sigma, _ = recorded(tmp_path / "own", FLAT, empty_frames=0)
    read = read_mdf_system_matrix(path)
    silent = np.arange(read.sizes["frequency"]) % 2 == 0
    read.values[:, silent] -= S.values[:, silent].astype(np.complex64)
    found = calibration_of(read, None, params_with(path, snr_threshold=1.8).reconstruct.kaczmarz)
    assert found.noise_from == "the finest cosine coefficients" and "root mean square" in found.snr_from
    assert np.median(found.sigma) == pytest.approx(sigma, rel=0.3)
    rms = np.sqrt(np.mean(np.abs(S.values) ** 2, axis=(2, 3)))
    rms[:, silent] = 0
    assert set(np.flatnonzero(rms > 4 * sigma)) <= set(found.row)
    noise_only = np.flatnonzero(rms == 0)
    # The estimate of σ from 20 coefficients varies by 19 %.
    assert len(noise_only) == 39 and len(set(noise_only) & set(found.row)) <= 2


def test_the_ratio_of_the_file_goes_first(tmp_path):
    path, *_ = recorded(tmp_path / "own", FLAT, with_snr=True)
    config = params_with(path, snr_threshold=30.0).reconstruct.kaczmarz
    found = calibration_of(read_mdf_system_matrix(path), read_mdf_background(path), config)
    # The writer numbers the rows.
    np.testing.assert_array_equal(found.row, np.arange(30, found.rows_of_file))
    assert found.snr_from == "the file"


def test_the_image_is_that_of_the_front_door(tmp_path):
    path, measurement, *_, phantom = recorded(tmp_path / "own", FLAT)
    settings = {"regularization": 1e-3, "iterations": 30}
    config = params_with(path, measurement, **settings).reconstruct.kaczmarz
    S, signal = read_mdf_system_matrix(path), read_mdf_measurement(measurement)
    found = calibration_of(S, read_mdf_background(path), config)
    image = reconstruct_rows(found.matrix, signal.reshape(-1)[found.row], found.sigma, config)
    snr = np.zeros(signal.size)
    snr[found.row] = 10
    expected = mpipipe.reconstruct(S, signal, snr=snr.reshape(signal.shape), snr_threshold=5.0, **settings)
    np.testing.assert_allclose(image.image, expected.values, atol=1e-5)
    assert image.relative_residual == pytest.approx(expected.attrs["relative_residual"], rel=1e-3)
    assert np.corrcoef(image.image.ravel(), phantom.ravel())[0, 1] > 0.8


def test_without_a_run_a_line_says_so_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path, *_ = recorded(tmp_path / "own", FLAT)
    restore_mdf(Path("out"), params_with(path))
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1 and "`make run` first" in said[0] and str(path) in said[0]
    assert not Path("out").exists()


def test_without_a_file_nothing_happens(tmp_path, capsys):
    restore_mdf(tmp_path / "out", small_params())
    assert capsys.readouterr().out == "" and not (tmp_path / "out").exists()


def test_files_that_do_not_fit_are_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matrix, measurement, *_ = recorded(tmp_path / "own", FLAT)
    _, other, *_ = recorded(tmp_path / "other", BLOCK)
    prepare_methods(params_with(matrix), "denoising_2d")
    for params, line in (
        (params_with(tmp_path / "none.mdf"), "none.mdf: found no file"),
        (params_with(matrix, tmp_path / "none.mdf"), "none.mdf: found no file"),
        (params_with(matrix, other), "phantom.mdf: found 3 channels with"),
        (params_with(measurement), "/calibration"),
        (params_with(matrix, measurement, snr_threshold=1e9), "row selection: found none"),
    ):
        with pytest.raises(InputError, match=line) as caught:
            restore_mdf(Path("out"), params)
        assert "\n" not in str(caught.value) and "expected" in str(caught.value)
    assert not Path("out").exists()


def test_a_measurement_needs_a_matrix():
    with pytest.raises(
        InputError, match=r"measured_mdf: measurement: found 'b\.mdf' without a system_matrix"
    ):
        small_params(measured_mdf={"measurement": "b.mdf"})
