"""Job ``signal_denoising_figures``: tables and figures of the signal-denoising study."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpipipe.cli.jobs.base import inputs_in
from mpipipe.cli.jobs.pages import PagesRecipe, provenance_of, write_pages
from mpipipe.config.signal_denoising import SignalDenoisingConfig
from mpipipe.evaluation.captions import Provenance
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_table
from mpipipe.studies.result import ResultFigure, ResultTable
from mpipipe.studies.signal_denoising_comparisons import ablation_table, gain_table
from mpipipe.studies.signal_denoising_figures import (
    denoised_figure,
    harmonics_figure,
    matrix_phantoms_figure,
    spectra_figure,
)
from mpipipe.studies.signal_denoising_plan import IMAGED
from mpipipe.studies.signal_denoising_score_figures import gains_figure, training_figure
from mpipipe.studies.signal_denoising_settings import filters_table, training_table
from mpipipe.studies.signal_denoising_tables import score_table


class Recipe(PagesRecipe):
    """The study's section."""

    signal_denoising: SignalDenoisingConfig


def run(recipe: Recipe, entries: Path) -> None:
    """Write each table as CSV and Markdown, each figure as PNG and SVG, and what the results page says of them."""
    provenance = provenance_of(recipe)
    write_pages(recipe, entries, _tables(recipe, provenance), _figures(recipe, provenance), provenance)


def _tables(recipe: Recipe, provenance: Provenance) -> Iterator[ResultTable]:
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    records = read_table(path)
    for problem in recipe.signal_denoising.problems:
        yield score_table(records, problem, provenance)
    yield gain_table(records, provenance)
    proposed = recipe.signal_denoising.problems["gaussian"].networks["Proposed"]
    yield ablation_table(records, provenance, alpha=proposed.alpha, beta=proposed.beta)
    yield filters_table(list(_filters(recipe)), provenance)
    yield training_table(_trainings(recipe), provenance)


def _figures(recipe: Recipe, provenance: Provenance) -> Iterator[ResultFigure]:
    examples = {problem: _examples(recipe, problem) for problem in IMAGED}
    for problem, (arrays, described) in examples.items():
        yield denoised_figure(arrays, described, problem, provenance)
    (path,) = inputs_in(recipe, "reconstruct")
    matrices, named = read_arrays(path)
    yield harmonics_figure(matrices, named, provenance)
    yield matrix_phantoms_figure(matrices, named, provenance)
    yield spectra_figure(
        {problem: arrays for problem, (arrays, _) in examples.items()},
        {problem: described for problem, (_, described) in examples.items()},
        provenance,
    )
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    yield gains_figure(read_table(path), provenance)
    yield training_figure(_trainings(recipe), provenance)


def _examples(recipe: Recipe, problem: str) -> tuple[dict[str, Any], dict[str, Any]]:
    (path,) = (path for path in inputs_in(recipe, "evaluate", "examples") if path.parent.name == problem)
    return read_arrays(path)


def _filters(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Yield the tuned filters of each problem."""
    for path in inputs_in(recipe, "baseline"):
        for one in read_arrays(path)[1]["filters"]:
            yield {"problem": path.parent.name, **one}


def _trainings(recipe: Recipe) -> list[dict[str, Any]]:
    """Return the first training of each network."""
    described = (read_manifest(manifest_path(path)).description for path in inputs_in(recipe, "train"))
    return [one for one in described if one["repeat"] == 0]
