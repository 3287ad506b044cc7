"""Job ``reconstruction_figures``: tables and figures of the reconstruction study, from records, images and trainings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpipipe.cli.jobs.base import inputs_in
from mpipipe.cli.jobs.pages import PagesRecipe, provenance_of, write_pages
from mpipipe.config.reconstruction import ReconstructionConfig
from mpipipe.evaluation.captions import Provenance
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_json, read_table
from mpipipe.studies import reconstruction_figures as draw
from mpipipe.studies.reconstruction_costs import timing_table, training_table
from mpipipe.studies.reconstruction_plan import SCORED
from mpipipe.studies.reconstruction_tables import CALIBRATIONS, parameters_table, score_tables
from mpipipe.studies.result import ResultFigure, ResultTable


class Recipe(PagesRecipe):
    """The study's section."""

    reconstruction: ReconstructionConfig


def run(recipe: Recipe, entries: Path) -> None:
    """Write each table as CSV and Markdown, each figure as PNG and SVG, and what the results page says of them."""
    provenance = provenance_of(recipe)
    write_pages(recipe, entries, _tables(recipe, provenance), _figures(recipe, provenance), provenance)


def _tables(recipe: Recipe, provenance: Provenance) -> Iterator[ResultTable]:
    yield parameters_table(_tuned(recipe), provenance)
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    records = read_table(path)
    yield from score_tables(records, provenance)
    (path,) = inputs_in(recipe, "evaluate", "timing")
    yield timing_table(records, read_manifest(manifest_path(path)).description, provenance)
    yield training_table(_trainings(recipe), records, provenance)


def _figures(recipe: Recipe, provenance: Provenance) -> Iterator[ResultFigure]:
    calibrations = {
        path.stem.removeprefix("calibration-"): read_arrays(path)
        for path in _in_paper_order(inputs_in(recipe, "scene", "calibration-"))
    }
    (path,) = inputs_in(recipe, "scene", "digits-")
    digits, _ = read_arrays(path)
    yield draw.digits_figure(digits["train"], calibrations[SCORED][1]["field_of_view_mm"], provenance)
    yield draw.calibrations_figure(calibrations, provenance)
    (path,) = inputs_in(recipe, "evaluate", "examples")
    examples = read_arrays(path)
    level, count = recipe.reconstruction.signal_noise.test_db, recipe.figures.example_components
    yield draw.fixed_snr_figure(*examples, level, count, provenance)
    yield draw.snr_sweep_figure(*examples, provenance)
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    yield draw.snr_sweep_curves(read_table(path), provenance)
    yield draw.training_figure(_trainings(recipe), provenance)
    for path in _in_paper_order(inputs_in(recipe, "reconstruct")):
        yield draw.phantoms_figure(path.stem, *read_arrays(path), provenance)


def _tuned(recipe: Recipe) -> dict[str, list[Any]]:
    """Return what tuning wrote of each method, by calibration."""
    tuned: dict[str, list[Any]] = {}
    for path in inputs_in(recipe, "baseline"):
        tuned.setdefault(path.parent.name, []).append(read_json(path))
    return {name: tuned[name] for name in CALIBRATIONS if name in tuned}


def _trainings(recipe: Recipe) -> list[dict[str, Any]]:
    """Return the first training of each network, in the order of calibrations and methods."""
    found = []
    for path in inputs_in(recipe, "train"):
        manifest = read_manifest(manifest_path(path))
        named = {name: manifest.recipe[name] for name in ("calibration", "method")}
        found.append(named | {"card": manifest.description["card"]})
    calibrations, methods = list(CALIBRATIONS), list(recipe.reconstruction.methods)
    return sorted(
        found, key=lambda one: (calibrations.index(one["calibration"]), methods.index(one["method"]))
    )


def _in_paper_order(paths: list[Path]) -> list[Path]:
    """Return paths that end with the name of a calibration, in the order of the paper."""
    return sorted(paths, key=lambda path: list(CALIBRATIONS).index(path.stem.removeprefix("calibration-")))
