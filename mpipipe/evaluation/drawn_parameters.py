"""Values of simulation parameters as they were drawn, read from parameter tables.

Each function takes a table of `mpipipe.physics.sampling.draw_table` and returns an array ``(value,)`` of float64; values
along the axes that the trajectory has are pooled.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.physics.resolution import fwhm_mm
from mpipipe.physics.sampling import AXES, particle_of

Values = npt.NDArray[np.float64]
Reader = Callable[[pd.DataFrame], Values]


def column(name: str, kind: str | None = None) -> Reader:
    """Return the reader of one column, of all particles or of one kind."""

    def read(table: pd.DataFrame) -> Values:
        chosen = table if kind is None else table[table["kind"] == kind]
        return chosen[name].to_numpy(np.float64)

    return read


def each_axis(read: Callable[[pd.DataFrame, str], "pd.Series[float] | Values"]) -> Reader:
    """Return the reader that pools a quantity over the axes of the grid."""

    def pooled(table: pd.DataFrame) -> Values:
        used = [axis for axis in AXES if (table[f"size_{axis}"] > 0).all()]
        return np.concatenate([np.asarray(read(table, axis), np.float64) for axis in used])

    return pooled


def of_axis(form: str) -> Reader:
    """Return the reader of the columns whose names have the axis in braces, such as ``size_{axis}``."""
    return each_axis(lambda table, axis: table[form.format(axis=axis)])


def drive_frequency_kHz(axis: str) -> Reader:
    """Return the reader of the drive frequency along one axis; nothing where the axis is not driven."""

    def read(table: pd.DataFrame) -> Values:
        driven = table[table[f"drive_amplitude_{axis}_mT"] > 0]
        return (driven["base_frequency_Hz"] / driven[f"divider_{axis}"] / 1e3).to_numpy(np.float64)

    return read


def is_fluid(table: pd.DataFrame) -> Values:
    """Return 1 for a fluid and 0 for an immobilised particle."""
    return np.asarray(table["kind"] == "fluid", np.float64)


def easy_axis(table: pd.DataFrame) -> Values:
    """Return the coordinates of the easy axes of immobilised particles."""
    chosen = table[table["kind"] == "immobilised"]
    return chosen[[f"easy_axis_{axis}" for axis in AXES]].to_numpy(np.float64).ravel()


def gradient_xy(table: pd.DataFrame) -> Values:
    """Return the gradients along x and y in T/m."""
    return table[["gradient_x_T_per_m", "gradient_y_T_per_m"]].to_numpy(np.float64).ravel()


def drive_field_mm(table: pd.DataFrame, axis: str) -> Values:
    """Return the drive-field field of view ``2 A / |G|`` along an axis in mm."""
    gradient = table[f"gradient_{axis}_T_per_m"].abs()
    return (2 * table[f"drive_amplitude_{axis}_mT"] / gradient).to_numpy(np.float64)


def field_of_view_scale(table: pd.DataFrame, axis: str) -> Values:
    """Return the calibration field of view over the drive-field field of view."""
    return table[f"field_of_view_{axis}_mm"].to_numpy(np.float64) / drive_field_mm(table, axis)


def centre_over_margin(table: pd.DataFrame, axis: str) -> Values:
    """Return the centre over the largest one that keeps the drive-field field of view covered."""
    margin = (table[f"field_of_view_{axis}_mm"].to_numpy(np.float64) - drive_field_mm(table, axis)) / 2
    centre = table[f"centre_{axis}_mm"].to_numpy(np.float64)
    return centre[margin > 0] / margin[margin > 0]


def points_per_width(table: pd.DataFrame, axis: str) -> Values:
    """Return the grid points a full width at half maximum of the kernel, on the grid as it became."""
    at_unit_gradient = np.array([fwhm_mm(particle_of(row), 1.0) for _, row in table.iterrows()])
    width = at_unit_gradient / table[f"gradient_{axis}_T_per_m"].abs().to_numpy(np.float64)
    pitch = table[f"field_of_view_{axis}_mm"].to_numpy(np.float64) / table[f"size_{axis}"].to_numpy(
        np.float64
    )
    return np.asarray(width / pitch)
