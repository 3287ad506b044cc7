"""Table of the simulation parameters: what was asked for, and what was drawn (Tsanda 2025, Table 1)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mpipipe.config.sample import SampleConfig
from mpipipe.errors import InputError
from mpipipe.evaluation import drawn_parameters as drawn
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.physics.sampling import AXES

PRINTED, ASSUMPTION, DERIVED = "printed", "[assumption]", "derived"
STATISTICS = ("minimum", "median", "maximum")
FRACTION = "fraction"
PRINTED_COUNTS = {2: "1000/300/300", 3: "50/15/15"}
_NONE = (float("nan"), float("nan"))


class _Parameter(NamedTuple):
    """One row: the interval that was asked for, where it stands, and how drawn values are read."""

    name: str
    unit: str
    interval: tuple[float, float]
    distribution: str
    source: str
    read: drawn.Reader


def parameter_frame(sampled: Mapping[str, pd.DataFrame], config: SampleConfig) -> pd.DataFrame:
    """Return asked-for ranges and drawn values of the simulation parameters, for CSV.

    Parameters
    ----------
    sampled : mapping of str to pandas.DataFrame
        Parameter tables by ensemble, see `mpipipe.physics.sampling.draw_table`.
    config : SampleConfig
        Ranges that they were drawn from.

    Returns
    -------
    pandas.DataFrame
        One row a parameter: ``parameter``, ``unit``, ``lower`` and ``upper`` end of what was asked for (equal for a
        constant, missing for what follows from others), ``distribution``, ``source`` (``printed`` in the paper,
        ``[assumption]`` where its text has none, or where else it comes from), then ``<ensemble>_minimum``,
        ``<ensemble>_median`` and ``<ensemble>_maximum`` of what was drawn. Values along the axes of a trajectory are
        pooled. Of a fraction, the median column holds the drawn fraction and the others are missing.

    Raises
    ------
    InputError
        When there is no table, or an ensemble is not in the section.
    """
    if not sampled:
        raise InputError("sampled: found no parameter table, expected at least one")
    for name in sampled:
        if name not in config.ensembles:
            raise InputError(
                f"sampled: found ensemble {name!r}, expected one of {', '.join(config.ensembles)}"
            )
    return pd.DataFrame([_row(parameter, sampled) for parameter in _parameters(config)])


def format_parameters(
    frame: pd.DataFrame, sampled: Mapping[str, pd.DataFrame], config: SampleConfig
) -> FormattedTable:
    """Return the table of `parameter_frame` as text, one group of columns an ensemble.

    Parameters
    ----------
    frame : pandas.DataFrame
        Result of `parameter_frame`.
    sampled, config : mapping of str to pandas.DataFrame, SampleConfig
        What it was made from, for the notes on counts and refinement.
    """
    records = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    return FormattedTable(
        stub=("Parameter", "Unit", "Asked for", "Distribution", "Source"),
        groups=tuple(sampled),
        columns=STATISTICS,
        rows=tuple(_cells(row, tuple(sampled)) for row in records),
        notes=tuple(_note(name, table, config) for name, table in sampled.items()),
    )


def _parameters(config: SampleConfig) -> list[_Parameter]:
    return [*_particle(config), *_scanner(config), *_calibration(config)]


def _particle(config: SampleConfig) -> list[_Parameter]:
    ranges, column = config.particle, drawn.column
    temperature, saturation, fluid = ((value,) * 2 for value in (
        ranges.temperature_K, ranges.saturation_A_per_m, ranges.fluid_probability
    ))  # fmt: skip
    cube, log_interval = "uniform in the cube", f"{PRINTED}; interval {ASSUMPTION}"
    anisotropy, saturated = ranges.anisotropy_J_per_m3, "saturation_A_per_m"
    sphere = "uniform on the sphere"
    return [
        _Parameter("temperature", "K", temperature, "constant", PRINTED, column("temperature_K")),
        _Parameter("saturation magnetisation", "A/m", saturation, "constant", PRINTED, column(saturated)),
        _Parameter("core diameter", "nm", ranges.core_diameter_nm, cube, PRINTED, column("core_diameter_nm")),
        _Parameter(
            "anisotropy constant",
            "J/m³",
            anisotropy,
            "log-uniform",
            log_interval,
            column("anisotropy_J_per_m3"),
        ),
        _Parameter("fluid particles", FRACTION, fluid, "by chance", ASSUMPTION, drawn.is_fluid),
        _Parameter("exponent γ, fluid", "", ranges.gamma, "uniform", PRINTED, column("gamma", "fluid")),
        _Parameter("easy axis, immobilised", "", (-1.0, 1.0), sphere, PRINTED, drawn.easy_axis),
    ]


def _scanner(config: SampleConfig) -> list[_Parameter]:
    ranges = config.scanner
    amplitude, source = ranges.drive_amplitude_mT, f"{PRINTED}; distribution {ASSUMPTION}"
    found = [
        _Parameter(
            "drive amplitude", "mT", amplitude, "uniform", source, drawn.of_axis("drive_amplitude_{axis}_mT")
        )
    ]
    for axis, divider in zip(AXES, ranges.divider, strict=True):
        frequency, read = ranges.base_frequency_Hz / divider / 1e3, drawn.drive_frequency_kHz(axis)
        name, both = f"drive frequency, {axis}", (frequency, frequency)
        found.append(_Parameter(name, "kHz", both, "constant", "Open MPI data", read))
    gradient, z = ranges.gradient_xy_T_per_m, drawn.column("gradient_z_T_per_m")
    return [
        *found,
        _Parameter("gradient, x and y", "T/m", gradient, "uniform", PRINTED, drawn.gradient_xy),
        _Parameter("gradient, z", "T/m", _NONE, "minus the sum of x and y", PRINTED, z),
        _Parameter(
            "drive-field field of view",
            "mm",
            _NONE,
            "2 A/|G|",
            DERIVED,
            drawn.each_axis(drawn.drive_field_mm),
        ),
    ]


def _calibration(config: SampleConfig) -> list[_Parameter]:
    ranges, each_axis = config.calibration, drawn.each_axis
    limits = (float(ranges.grid_size[0]), float(ranges.grid_size[1]))
    scale, points = ranges.field_of_view_scale, ranges.pixels_per_fwhm
    field, margin = drawn.of_axis("field_of_view_{axis}_mm"), f"{PRINTED}; margin {ASSUMPTION}"
    ratio, over = "calibration field of view, relative", each_axis(drawn.field_of_view_scale)
    centre, width = each_axis(drawn.centre_over_margin), each_axis(drawn.points_per_width)
    cut, size = "rounded and limited", drawn.of_axis("size_{axis}")
    return [
        _Parameter(ratio, "drive-field field of view", scale, "uniform", ASSUMPTION, over),
        _Parameter("calibration field of view", "mm", _NONE, "product", DERIVED, field),
        _Parameter("centre of the grid", "margin", (-1.0, 1.0), "uniform", margin, centre),
        _Parameter("grid points", "full width at half maximum", points, "uniform", ASSUMPTION, width),
        _Parameter("grid size of an axis", "voxels", limits, cut, ASSUMPTION, size),
    ]


def _row(parameter: _Parameter, sampled: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    low, high = parameter.interval
    row: dict[str, Any] = {
        "parameter": parameter.name,
        "unit": parameter.unit,
        "lower": low,
        "upper": high,
        "distribution": parameter.distribution,
        "source": parameter.source,
    }
    for name, table in sampled.items():
        values = parameter.read(table)
        middle = np.mean if parameter.unit == FRACTION else np.median
        ends = parameter.unit != FRACTION and len(values)
        row[f"{name}_minimum"] = float(values.min()) if ends else float("nan")
        row[f"{name}_median"] = float(middle(values)) if len(values) else float("nan")
        row[f"{name}_maximum"] = float(values.max()) if ends else float("nan")
    return row


def _cells(row: dict[str, Any], ensembles: tuple[str, ...]) -> tuple[str, ...]:
    low, high = _number(row["lower"]), _number(row["upper"])
    asked = low if low == high else f"{low} to {high}"
    values = [_number(row[f"{name}_{kind}"]) for name in ensembles for kind in STATISTICS]
    return (row["parameter"], row["unit"], asked, row["distribution"], row["source"], *values)


def _number(value: float) -> str:
    """Return four significant digits, without an exponent for large numbers."""
    return format_number(value, ".0f" if abs(value) >= 1e4 else ".4g")


def _note(name: str, table: pd.DataFrame, config: SampleConfig) -> str:
    ensemble = config.ensembles[name]
    counts = "/".join(str(int((table["split"] == split).sum())) for split in ("train", "val", "test"))
    text = (
        f"{name}: {ensemble.dimension}-D, {counts} system matrices for training, validation and test "
        f"(the paper: {PRINTED_COUNTS[ensemble.dimension]})"
    )
    if ensemble.refinement != 1:
        text += (
            f"; {ensemble.refinement:g} times the grid points and grid limits that are asked for {ASSUMPTION}"
        )
    return f"{text}."
