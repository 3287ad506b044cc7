"""Job ``inversion_figures``: tables and figures of the inversion study, from records, trainings and weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.cli.jobs.base import inputs_in
from mpipipe.cli.jobs.line_data import Lines, card_of, open_inverse, read_lines, run_of
from mpipipe.cli.jobs.pages import PagesRecipe, provenance_of, write_pages
from mpipipe.config.inversion import InversionConfig
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.column_figure import Columns
from mpipipe.evaluation.line_images import Pattern
from mpipipe.reconstruction.svd_inverse import SvdInverse
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.tables import read_table
from mpipipe.studies.inversion_learning_figures import (
    LearningCurve,
    learning_by_diameter_figure,
    learning_by_size_figure,
    learning_by_units_figure,
)
from mpipipe.studies.inversion_methods import LINEAR, MAIN_DIAMETER_NM, MULTI, SINGLE, Training
from mpipipe.studies.inversion_physics import neighbour_signals, system_functions
from mpipipe.studies.inversion_physics_figures import point_spread_figure, spectra_figure
from mpipipe.studies.inversion_regularised import regularised_figure, regularised_table
from mpipipe.studies.inversion_settings import chebyshev_table, normalisation_table, training_table
from mpipipe.studies.inversion_tables import mse_table, sweep_table
from mpipipe.studies.inversion_weight_figures import (
    reconstructions_figure,
    sigmoid_and_linear_figure,
    weights_figure,
)
from mpipipe.studies.inversion_weights import (
    acting_part,
    chebyshev_columns,
    effective_weights,
    exact_inverse,
    similarity,
)
from mpipipe.studies.line_runs import LineRun
from mpipipe.studies.result import ResultFigure, ResultTable

PATTERNS = {"test": "random scenes", "stripes": "stripes", "letters": "letters"}
NOTE = (
    "Classical inverses were tuned on validation scenes at each diameter and noise level; networks were trained on spectra with "
    "noise of the same level, where there are any."
)
SHOWN_DIAMETERS = (30.0, 40.0)


class Recipe(PagesRecipe):
    """The study's section."""

    inversion: InversionConfig


def run(recipe: Recipe, entries: Path) -> None:
    """Write each table as CSV and Markdown, each figure as PNG and SVG, and what the results page says of them."""
    provenance = provenance_of(recipe)
    lines, trainings = read_lines(recipe), _trainings(recipe)
    columns = _columns(recipe, lines, trainings)
    tables = _tables(recipe, trainings, columns, provenance)
    figures = _figures(recipe, lines, trainings, columns, provenance)
    write_pages(recipe, entries, tables, figures, provenance)


def _trainings(recipe: Recipe) -> dict[Path, LineRun]:
    """Return the trainings without noise by their weights; tables and curves are of these."""
    runs = {path: run_of(path) for path in inputs_in(recipe, "train")}
    return {path: one for path, one in runs.items() if one.snr_db is None}


def _normalisation(recipe: Recipe) -> dict[str, str]:
    return {
        optimiser: next(iter(networks.values())).normalisation
        for optimiser, networks in recipe.inversion.training.items()
        if networks
    }


def _tables(
    recipe: Recipe, trainings: dict[Path, LineRun], columns: Columns, provenance: Provenance
) -> Iterator[ResultTable]:
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    records, normalisation = read_table(path), _normalisation(recipe)
    yield mse_table(records, normalisation, provenance)
    for name in ("sizes", "diameters", "hidden_units"):
        yield sweep_table(records, name, normalisation, provenance)
    yield regularised_table(records, provenance, note=NOTE)
    yield normalisation_table(list(_tried(trainings)), provenance)
    yield chebyshev_table(columns.similarity, provenance)
    cards = [(_training(one), card_of(path)) for path, one in trainings.items() if one.chosen]
    yield training_table(cards, normalisation, provenance)


def _figures(
    recipe: Recipe,
    lines: Lines,
    trainings: dict[Path, LineRun],
    columns: Columns,
    provenance: Provenance,
) -> Iterator[ResultFigure]:
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    records = read_table(path)
    curves = [_curve(one, card_of(path)) for path, one in trainings.items() if one.chosen]
    largest = max(recipe.inversion.line.diameters_nm)
    yield point_spread_figure(
        neighbour_signals(recipe.inversion.line, (min(SHOWN_DIAMETERS), largest)), provenance
    )
    shown = {one: lines.matrices[one] for one in SHOWN_DIAMETERS if one in lines.matrices}
    yield spectra_figure(system_functions(shown, lines.position_mm, lines.scenes("test", 1)[0]), provenance)
    yield learning_by_size_figure(curves, provenance)
    yield learning_by_diameter_figure(curves, provenance)
    yield learning_by_units_figure(curves, records, provenance)
    yield reconstructions_figure(list(_patterns(recipe)), lines.position_mm, provenance)
    yield weights_figure(columns, provenance)
    yield sigmoid_and_linear_figure(columns, provenance)
    yield regularised_figure(records, provenance, note=NOTE)


def _tried(trainings: dict[Path, LineRun]) -> Iterator[dict[str, Any]]:
    """Yield the validation errors of trainings that differ in the normalisation of their inputs alone."""
    most = max(one.n_train for one in trainings.values())
    others = {(one.network, one.optimiser, one.hidden_units) for one in trainings.values() if not one.chosen}
    for path, one in trainings.items():
        same = one.n_train == most and one.diameter_nm == MAIN_DIAMETER_NM
        if same and (not others or (one.network, one.optimiser, one.hidden_units) in others):
            yield {
                "normalisation": one.training.normalisation,
                "method": one.network,
                "optimiser": one.optimiser,
                "hidden_units": one.hidden_units,
                "epochs": one.training.epochs,
                "mse": card_of(path)["best"]["validation_mse"],
            }


def _training(one: LineRun) -> Training:
    return Training(one.network, one.optimiser, one.diameter_nm, one.n_train, one.hidden_units)


def _curve(one: LineRun, card: dict[str, Any]) -> LearningCurve:
    history = [point for point in card["history"] if point["epoch"] > 0]
    errors = (
        np.array([np.nan if point[name] is None else point[name] for point in history], np.float64)
        for name in ("train_mse", "validation_mse")
    )
    return LearningCurve(_training(one), np.array([point["epoch"] for point in history]), *errors)


def _patterns(recipe: Recipe) -> Iterator[Pattern]:
    (path,) = inputs_in(recipe, "reconstruct")
    arrays, described = read_arrays(path)
    for name, title in PATTERNS.items():
        images = dict(zip(described["networks"], arrays[f"{name}_images"], strict=True))
        yield Pattern(title, arrays[f"{name}_truth"], images)


def _columns(recipe: Recipe, lines: Lines, trainings: dict[Path, LineRun]) -> Columns:
    """Return the columns of the modern networks of the main diameter, and of the exact inverses."""
    line = recipe.inversion.line
    amplitude_mm = line.scanner.drive_amplitude_mT[0] / abs(line.scanner.gradient_T_per_m[0])
    matrix = lines.matrices[MAIN_DIAMETER_NM]
    inverse = SvdInverse.of(matrix)
    weights: dict[str, npt.NDArray[np.float64]] = {}
    scale: npt.NDArray[np.float64] | None = None
    for path, one in _shown_weights(trainings):
        opened = open_inverse(path)
        found = effective_weights(opened.layers, opened.scaling.scale)
        name = {SINGLE: "Single layer", LINEAR: "Single layer, linear", MULTI: "Hidden layer"}[one.network]
        weights[name] = acting_part(found, inverse)
        if one.network == SINGLE:
            weights[f"{name}, as trained"] = found
            scale = opened.scaling.scale
    weights["Exact inverse"] = exact_inverse(matrix)
    if scale is not None:
        weights["Exact inverse of scaled inputs"] = exact_inverse(matrix, scale=scale)
    polynomials = chebyshev_columns(lines.position_mm, amplitude_mm, line.harmonics)
    alike = {name: similarity(own, lines.position_mm, amplitude_mm).cosine for name, own in weights.items()}
    drawn = {name: own.T for name, own in weights.items()}
    return Columns(lines.position_mm, polynomials.T, drawn, alike)


def _shown_weights(trainings: dict[Path, LineRun]) -> Iterator[tuple[Path, LineRun]]:
    """Yield the modern trainings of the main diameter with most scenes, of most hidden units."""
    modern = {
        path: one
        for path, one in trainings.items()
        if one.chosen and one.optimiser != "SGD" and one.diameter_nm == MAIN_DIAMETER_NM
    }
    most = max((one.n_train for one in modern.values()), default=0)
    units = max((one.hidden_units for one in modern.values()), default=0)
    for path, one in modern.items():
        if one.n_train == most and one.hidden_units in (0, units):
            yield path, one
