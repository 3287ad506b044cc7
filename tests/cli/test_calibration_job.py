"""Job ``calibration`` with a measured file in place of the simulation."""

import json

import numpy as np
import pytest
import yaml

from mpipipe.cli.jobs import calibration
from mpipipe.config.params import resolve
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_system_matrix
from mpipipe.storage.arrays import read_arrays
from mpipipe.studies.plan import Plan
from tests.storage.mdf_writer import contents, write

SCANNER = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 12), divider=(6, 5, 4))
BLOCK = Grid(shape=(5, 4, 3), field_of_view_mm=(20, 16, 6))


@pytest.fixture
def file(tmp_path):
    """A 3-D calibration; the SNR of a row is its number in the file."""
    S = simulate_system_matrix(
        SCANNER, Particle(core_diameter_nm=22, anisotropy_J_per_m3=1000), BLOCK
    ).fillna(0)
    return S, write(tmp_path / "calibration.mdf", contents(S))


def recipe(root, path, **changes):
    raw = yaml.safe_load((root / "params.yaml").read_text())
    plain = Plan(resolve(raw))
    raw["reconstruction"]["calibrations"]["openmpi"] |= {"file": str(path), "components": 7, "z_slice": 1}
    raw["reconstruction"]["calibrations"]["openmpi"]["grid"] = {"shape": [5, 4], "field_of_view_mm": [20, 16]}
    raw["reconstruction"]["calibrations"]["openmpi"] |= changes
    plan = Plan(resolve(raw))
    return plain, plan, json.loads(plan.recipe(plan.reconstruction.calibration("openmpi")))


def test_the_rows_of_highest_snr_of_one_slice_are_kept(root, file, tmp_path):
    S, path = file
    _, _, found = recipe(root, path)
    out = tmp_path / "calibration-openmpi.zarr"
    calibration.run(calibration.Recipe.model_validate(found), out)
    arrays, described = read_arrays(out)
    rows = S.values.reshape(-1, 5, 4, 3)
    np.testing.assert_array_equal(arrays["matrix"], rows[-7:, :, :, 1])
    assert described["threshold"] == len(rows) - 7
    np.testing.assert_array_equal(arrays["channel"], 2)


def test_phantoms_of_a_measured_calibration_are_left_out(root, file):
    plain, plan, _ = recipe(root, file[1])
    gone = set(plain.artifacts) - set(plan.artifacts)
    names = {"phantom-shape", "phantom-resolution", "phantom-concentration"}
    assert {path.split("/")[-1].removesuffix(".zarr") for path in gone} == {*names, "openmpi"}
    assert "phantoms_openmpi" not in plan.reconstruction.figure_names()


def test_a_grid_that_is_not_the_files_is_one_line(root, file, tmp_path):
    _, _, found = recipe(root, file[1], grid={"shape": [4, 5], "field_of_view_mm": [16, 20]})
    with pytest.raises(InputError, match=r"calibration\.mdf: found a grid of \(5, 4\), expected \(4, 5\)"):
        calibration.run(calibration.Recipe.model_validate(found), tmp_path / "a.zarr")
    assert not (tmp_path / "a.zarr").exists()


def test_a_file_without_snr_is_one_line(root, file, tmp_path):
    S, _ = file
    bare = write(tmp_path / "bare.mdf", {k: v for k, v in contents(S).items() if k != "/calibration/snr"})
    _, _, found = recipe(root, bare)
    with pytest.raises(InputError, match=r"bare\.mdf: /calibration/snr: found none"):
        calibration.run(calibration.Recipe.model_validate(found), tmp_path / "a.zarr")
