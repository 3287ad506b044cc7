"""What a person types first."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mpipipe as mp
from mpipipe.errors import InputError
from mpipipe.physics.system_function import simulate_rows
from mpipipe.storage.ensemble import StoredMatrix, write_part
from mpipipe.storage.manifest import write_manifest

SCANNER = mp.Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0), divider=(102, 96, 99))
PARTICLE = mp.Particle(core_diameter_nm=20, anisotropy_J_per_m3=1250, kind="immobilised", easy_axis=(1, 0, 0))


def test_every_name_of_the_front_door_is_there() -> None:
    assert all(callable(getattr(mp, name)) for name in mp.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mp.nothing


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, mpipipe; print([m for m in ('torch', 'numba', 'scipy', 'xarray', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_simulated_matrix_reconstructs_its_own_phantom() -> None:
    S = mp.simulate_system_matrix(SCANNER, PARTICLE, mp.Grid(shape=(6, 5), field_of_view_mm=(24, 20)))
    truth = np.zeros((6, 5))
    truth[2:4, 1:4] = 1
    signal = np.tensordot(S.values, truth, 2)
    image = mp.reconstruct(S, signal, regularization=1e-8, iterations=400, min_frequency_Hz=30e3)
    assert np.abs(image.values - truth).max() < 0.15


def test_a_stored_matrix_opens_with_coordinates_and_units(tmp_path: Path) -> None:
    grid = mp.Grid(shape=(6, 5), field_of_view_mm=(24, 20))
    rows = simulate_rows(SCANNER, PARTICLE, grid)
    models = {"scanner": SCANNER, "particle": PARTICLE, "grid": grid}
    parameters = {name: model.model_dump(mode="json") for name, model in models.items()}
    part = tmp_path / "part.zarr"
    write_part(part, [StoredMatrix(rows.values, rows.channel, rows.frequency, 7, parameters)], (8, 8))
    write_manifest(part, {}, {})
    S = mp.open_system_matrix(part)
    np.testing.assert_array_equal(S.values, rows.values)
    np.testing.assert_allclose(S["frequency_Hz"], rows.frequency / SCANNER.period_s)
    np.testing.assert_allclose(S["x"], 1e-3 * (np.arange(6) - 2.5) * 4)
    assert S.dims == ("component", "x", "y") and S.attrs["matrix"] == 7 and S["x"].attrs["units"] == "m"
    with pytest.raises(InputError, match="found no matrix 1"):
        mp.open_system_matrix(part, 1)
