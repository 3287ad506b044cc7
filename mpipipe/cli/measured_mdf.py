"""Verb ``measured``: a user's own calibration and phantom in MDF, before and after restoration."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import typer

from mpipipe.cli.measured_methods import Prepared, open_prepared, table_lines, write_figure
from mpipipe.config.params import Params
from mpipipe.config.recipe import digest
from mpipipe.config.sources import code_digest
from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import extent_of
from mpipipe.evaluation.tables import csv_text
from mpipipe.physics.grid import Grid
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.storage.atomic import write_text
from mpipipe.storage.manifest import content_digest
from mpipipe.storage.mdf import read_mdf_background, read_mdf_measurement, read_mdf_system_matrix
from mpipipe.studies.measured_figures import (
    TABLE_TEXT,
    components_result,
    images_result,
    restoration_table,
    shown_components,
)
from mpipipe.studies.measured_mdf import Calibration, calibration_of, reconstruct_rows
from mpipipe.studies.measured_restoration import restore_in_turn, with_scaled_level

PROBLEMS = {2: "denoising_2d", 3: "denoising_3d"}
PHANTOM = "phantom"
COLUMNS = {2: 5, 3: 3}


def restore_mdf(out: Path, params: Params) -> None:
    """Write ``README.md``, ``restoration.*`` and, of a measurement, ``restoration_images.*``; nothing without a file.

    Raises
    ------
    InputError
        When a file cannot be used, or matrix and measurement do not fit.
    """
    if params.measured_mdf.system_matrix is None:
        return
    path, kaczmarz = Path(params.measured_mdf.system_matrix), params.reconstruct.kaczmarz
    S = read_mdf_system_matrix(path)
    calibration = calibration_of(S, read_mdf_background(path), kaczmarz)
    signal = _signal(params, S.shape[:2], calibration)
    dimension = S.ndim - 2
    prepared = open_prepared(params, PROBLEMS[dimension], f"{path}")
    if prepared is None:
        return

    def images(matrix: npt.NDArray[Any]) -> dict[str, Reconstruction]:
        if signal is None:
            return {}
        return {PHANTOM: reconstruct_rows(matrix, signal, calibration.sigma, kaczmarz)}

    shown, relative = shown_components(
        calibration.matrix, calibration.sigma, params.figures.example_components
    )
    methods = with_scaled_level(prepared.methods)
    restored = restore_in_turn(calibration.matrix, calibration.sigma, methods, shown, images)
    grid, provenance = Grid.model_validate(S.attrs["grid"]), _provenance(params, prepared)
    extent = extent_of(grid.field_of_view_mm, grid.centre_mm)
    text = _text(path, calibration, float(np.median(relative)), params)
    labels = [f"{calibration.label[number]}\nσ/max|s| = {relative[number]:.2g}" for number in shown]
    table = restoration_table(restored)
    lines = write_figure(
        out, components_result(restored, labels, extent, text, provenance), params.figures.dpi
    )
    if signal is not None:
        drawn = images_result(restored, extent, _image_text(params), provenance, columns=COLUMNS[dimension])
        lines += write_figure(out, drawn, params.figures.dpi)
    write_text(out / "restoration.csv", csv_text(table))
    write_text(
        out / "README.md", "\n".join([f"# {path.name}", "", *lines, *table_lines(table), TABLE_TEXT, ""])
    )
    typer.echo(f"wrote {out}/README.md")


def _signal(
    params: Params, expected: tuple[int, ...], calibration: Calibration
) -> npt.NDArray[np.complex64] | None:
    """Return the measurement of the chosen rows ``(component,)``, or None where no file is named."""
    name = params.measured_mdf.measurement
    if name is None:
        return None
    measured = read_mdf_measurement(Path(name))
    if measured.shape != expected:
        raise InputError(
            f"{name}: found {measured.shape[0]} channels with {measured.shape[1]} frequencies, expected "
            f"{expected[0]} with {expected[1]} as in the system matrix"
        )
    return np.asarray(measured.reshape(-1)[calibration.row])


def _provenance(params: Params, prepared: Prepared) -> Provenance:
    files = {name: content_digest(Path(path)) for name, path in params.measured_mdf if path is not None}
    settings = params.reconstruct.kaczmarz.model_dump(mode="json")
    recipe = {"files": files, "methods": prepared.provenance, "settings": settings}
    return Provenance(
        scale=params.scale, digest=digest(recipe | {"code": code_digest(__name__)}), seed=params.seed
    )


def _text(path: Path, calibration: Calibration, relative: float, params: Params) -> str:
    return (
        f"{path.name}: {len(calibration.matrix)} of {calibration.rows_of_file} rows with a signal-to-noise ratio of at least "
        f"{params.reconstruct.kaczmarz.snr_threshold:g}, taken from {calibration.snr_from}; noise level from "
        f"{calibration.noise_from} (median of σ/max|s| {relative:.2g}). Methods were trained and tuned at scale {params.scale} "
        "on simulated Lissajous scanners; (0.3 σ) is told 0.3 of the noise level, the factor that Tsanda et al. 2025 use on "
        "measurements."
    )


def _image_text(params: Params) -> str:
    config = params.reconstruct.kaczmarz
    return (
        f"The phantom from each matrix with the same rows, reconstructed alike: regularised Kaczmarz, {config.normalization} "
        f"λ = {config.regularization:g}, {config.iterations} sweeps; volumes as maximum-intensity projections."
    )
