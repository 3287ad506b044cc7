"""Sampled parameters: distributions and constraints of Tsanda 2025, Table 1."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from mpipipe.config.sample import CalibrationRanges, Ensemble, ParticleRanges, ScannerRanges
from mpipipe.config.seeds import derive_seed
from mpipipe.physics.sampling import draw_table, grid_of, particle_of, scanner_of


def draw(size: Ensemble, seed: int = 0) -> pd.DataFrame:
    ranges = (ParticleRanges(), ScannerRanges(), CalibrationRanges())
    return draw_table(size, *ranges, seed_of=lambda split, item: derive_seed(seed, split, item))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return draw(Ensemble(dimension=2, train=1500, val=5, test=5))


def test_distributions(table: pd.DataFrame) -> None:
    uniform = {
        "cube of the diameter": (table["core_diameter_nm"] ** 3, 15**3, 25**3),
        "logarithm of the anisotropy": (np.log(table["anisotropy_J_per_m3"]), np.log(100), np.log(10_000)),
        "gamma": (table["gamma"], 0.3, 1.3),
        "drive amplitude": (table["drive_amplitude_x_mT"], 5, 14),
        "gradient": (table["gradient_y_T_per_m"], 0.1, 1.5),
        "component of a direction on the sphere": (
            table["easy_axis_z"],
            -1,
            1,
        ),  # Archimedes' hat-box theorem
    }
    for name, (values, low, high) in uniform.items():
        assert kstest(values, "uniform", args=(low, high - low)).pvalue > 1e-3, name


def test_both_kinds_are_about_equally_many(table: pd.DataFrame) -> None:
    fluid = (table["kind"] == "fluid").sum()
    assert abs(fluid - len(table) / 2) < 4 * np.sqrt(len(table)) / 2


def test_the_selection_field_is_free_of_divergence_and_axes_have_unit_length(table: pd.DataFrame) -> None:
    gradient = table[[f"gradient_{axis}_T_per_m" for axis in "xyz"]].sum(axis=1)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)
    np.testing.assert_allclose((table[[f"easy_axis_{axis}" for axis in "xyz"]] ** 2).sum(axis=1), 1)


def test_the_calibration_covers_the_drive_field_field_of_view(table: pd.DataFrame) -> None:
    for axis in "xy":
        half = table[f"drive_amplitude_{axis}_mT"] / table[f"gradient_{axis}_T_per_m"]
        room = table[f"field_of_view_{axis}_mm"] / 2 - table[f"centre_{axis}_mm"].abs()
        assert (room >= half * (1 - 1e-12)).all()
        assert table[f"size_{axis}"].between(12, 30).all()


def test_rows_become_models_and_2d_scanners_drive_two_axes(table: pd.DataFrame) -> None:
    row = table.iloc[0]
    assert len(grid_of(row).shape) == 2 and scanner_of(row).drive_amplitude_mT[2] == 0
    assert particle_of(row).core_diameter_nm == row["core_diameter_nm"]


def test_3d_grids_have_three_axes() -> None:
    row = draw(Ensemble(dimension=3, train=1, val=1, test=2)).iloc[0]
    assert len(grid_of(row).shape) == 3 and scanner_of(row).drive_amplitude_mT[2] > 0


def test_a_larger_split_keeps_the_rows_it_had() -> None:
    small = draw(Ensemble(train=3, val=2, test=2)).query("split == 'test'").drop(columns="matrix")
    large = draw(Ensemble(train=9, val=2, test=5)).query("split == 'test'").drop(columns="matrix")
    pd.testing.assert_frame_equal(small.reset_index(drop=True), large.head(2).reset_index(drop=True))


def test_splits_share_no_matrix_and_seeds_matter() -> None:
    drawn = draw(Ensemble(train=5, val=5, test=5))
    assert drawn["core_diameter_nm"].nunique() == 15
    assert not drawn.equals(draw(Ensemble(train=5, val=5, test=5), seed=1))
