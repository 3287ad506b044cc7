"""Parameters of simulated system matrices, drawn as Tsanda 2025, Table 1 and section 3.1 describe.

The drive-field field of view of an axis is ``2 A / |G|``. The calibration field of view is a random multiple of it, its
centre lies anywhere that keeps the drive-field field of view covered, and the grid has a random number of points
for each full width at half maximum of the one-dimensional kernel.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from mpipipe.config.sample import CalibrationRanges, Ensemble, ParticleRanges, ScannerRanges
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.resolution import fwhm_mm
from mpipipe.physics.scanner import Scanner

AXES = ("x", "y", "z")
Row: TypeAlias = "Mapping[str, Any] | pd.Series[Any]"


def draw_table(
    size: Ensemble,
    particle: ParticleRanges,
    scanner: ScannerRanges,
    calibration: CalibrationRanges,
    seed_of: Callable[[str, int], int],
) -> pd.DataFrame:
    """Draw the parameter table of an ensemble.

    Parameters
    ----------
    size : Ensemble
        Dimension and number of matrices in each split.
    particle, scanner, calibration : ParticleRanges, ScannerRanges, CalibrationRanges
        What is drawn from.
    seed_of : callable
        Seed of the item with this number in this split, so that a larger split keeps the rows it had.

    Returns
    -------
    DataFrame
        One row a system matrix: `matrix`, `split`, then particle, scanner and calibration with units in the column
        names. Columns of the third axis are NaN in a two-dimensional ensemble.
    """
    rows: list[dict[str, Any]] = []
    for split, count in (("train", size.train), ("val", size.val), ("test", size.test)):
        for item in range(count):
            rng = np.random.default_rng(seed_of(split, item))
            row: dict[str, Any] = {"matrix": len(rows), "split": split}
            row |= _draw_particle(particle, rng) | _draw_scanner(scanner, size.dimension, rng)
            row |= _draw_calibration(row, calibration, size, rng)
            rows.append(row)
    return pd.DataFrame(rows)


def _draw_particle(ranges: ParticleRanges, rng: np.random.Generator) -> dict[str, Any]:
    low, high = ranges.core_diameter_nm
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    drawn = {
        "core_diameter_nm": float(np.cbrt(rng.uniform(low**3, high**3))),
        "anisotropy_J_per_m3": float(np.exp(rng.uniform(*np.log(ranges.anisotropy_J_per_m3)))),
        "kind": "fluid" if rng.uniform() < ranges.fluid_probability else "immobilised",
        "gamma": float(rng.uniform(*ranges.gamma)),
        "temperature_K": ranges.temperature_K,
        "saturation_A_per_m": ranges.saturation_A_per_m,
    }
    return drawn | {f"easy_axis_{name}": float(value) for name, value in zip(AXES, axis, strict=True)}


def _draw_scanner(ranges: ScannerRanges, dimension: int, rng: np.random.Generator) -> dict[str, Any]:
    amplitude = rng.uniform(*ranges.drive_amplitude_mT, size=3)
    amplitude[dimension:] = 0.0
    gradient_x, gradient_y = rng.uniform(*ranges.gradient_xy_T_per_m, size=2)
    gradient = (gradient_x, gradient_y, -(gradient_x + gradient_y))
    drawn: dict[str, Any] = {"base_frequency_Hz": ranges.base_frequency_Hz}
    for name, divider, a, g in zip(AXES, ranges.divider, amplitude, gradient, strict=True):
        drawn[f"divider_{name}"] = divider
        drawn[f"drive_amplitude_{name}_mT"] = float(a)
        drawn[f"gradient_{name}_T_per_m"] = float(g)
    return drawn


def _draw_calibration(
    row: dict[str, Any], ranges: CalibrationRanges, size: Ensemble, rng: np.random.Generator
) -> dict[str, Any]:
    drawn: dict[str, Any] = {}
    for position, name in enumerate(AXES):
        gradient = abs(row[f"gradient_{name}_T_per_m"])
        drive_field_of_view = 2 * row[f"drive_amplitude_{name}_mT"] / gradient
        field_of_view = drive_field_of_view * rng.uniform(*ranges.field_of_view_scale)
        margin = (field_of_view - drive_field_of_view) / 2
        width = fwhm_mm(particle_of(row), gradient)
        points = round(rng.uniform(*ranges.pixels_per_fwhm) * size.refinement * field_of_view / width)
        used = position < size.dimension
        drawn[f"field_of_view_{name}_mm"] = float(field_of_view) if used else np.nan
        drawn[f"centre_{name}_mm"] = float(rng.uniform(-margin, margin)) if used else np.nan
        drawn[f"size_{name}"] = int(np.clip(points, *size.grid_limits(ranges))) if used else 0
    return drawn


def particle_of(row: Row, convention: str = "selection_field") -> Particle:
    """Return the particle of a row of the parameter table."""
    return Particle.model_validate(
        {
            "core_diameter_nm": row["core_diameter_nm"],
            "anisotropy_J_per_m3": row["anisotropy_J_per_m3"],
            "kind": row["kind"],
            "easy_axis": tuple(row[f"easy_axis_{name}"] for name in AXES),
            "gamma": row["gamma"],
            "temperature_K": row["temperature_K"],
            "saturation_A_per_m": row["saturation_A_per_m"],
            "convention": convention,
        }
    )


def scanner_of(row: Row) -> Scanner:
    """Return the scanner of a row of the parameter table."""
    return Scanner.model_validate(
        {
            "gradient_T_per_m": tuple(row[f"gradient_{name}_T_per_m"] for name in AXES),
            "drive_amplitude_mT": tuple(row[f"drive_amplitude_{name}_mT"] for name in AXES),
            "divider": tuple(int(row[f"divider_{name}"]) for name in AXES),
            "base_frequency_Hz": row["base_frequency_Hz"],
        }
    )


def grid_of(row: Row) -> Grid:
    """Return the calibration grid of a row of the parameter table."""
    used = [name for name in AXES if row[f"size_{name}"] > 0]
    return Grid.model_validate(
        {
            "shape": tuple(int(row[f"size_{name}"]) for name in used),
            "field_of_view_mm": tuple(row[f"field_of_view_{name}_mm"] for name in used),
            "centre_mm": tuple(row[f"centre_{name}_mm"] for name in used),
        }
    )
