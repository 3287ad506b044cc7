"""Job ``figures``: tables and figures of the restoration study, from records, examples and images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpipipe.cli.jobs.base import inputs_in
from mpipipe.cli.jobs.pages import PagesRecipe, provenance_of, write_pages
from mpipipe.config.restoration import Problem, RestorationConfig
from mpipipe.config.sample import SampleConfig
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.vocabulary import TABLES
from mpipipe.scenes.phantoms import PHANTOMS
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_table
from mpipipe.studies import restoration_figures as draw
from mpipipe.studies.restoration_tables import parameter_table, score_tables, training_table
from mpipipe.studies.result import ResultFigure, ResultTable


class Recipe(PagesRecipe):
    """The study's section and the sampled ranges."""

    restoration: RestorationConfig
    sample: SampleConfig


def run(recipe: Recipe, entries: Path) -> None:
    """Write each table as CSV and Markdown, each figure as PNG and SVG, and what the results page says of them."""
    provenance = provenance_of(recipe)
    write_pages(recipe, entries, _tables(recipe, provenance), _figures(recipe, provenance), provenance)


def _tables(recipe: Recipe, provenance: Provenance) -> Iterator[ResultTable]:
    sampled = {path.stem: read_table(path) for path in inputs_in(recipe, "sample")}
    yield parameter_table(sampled, recipe.sample, provenance)
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    records = read_table(path)
    yield from score_tables(records, recipe.restoration, provenance)
    yield training_table(_trainings(recipe), records, provenance)


def _figures(recipe: Recipe, provenance: Provenance) -> Iterator[ResultFigure]:
    config, drawing = recipe.restoration, recipe.figures
    (path,) = inputs_in(recipe, "evaluate", "overview")
    yield draw.examples_figure(*read_arrays(path), provenance)
    scenes = {path.stem: read_arrays(path) for path in inputs_in(recipe, "scene")}
    yield draw.phantoms_figure({name: scenes[name] for name in config.phantoms}, provenance)
    examples = {path.parent.name: path for path in inputs_in(recipe, "evaluate", "examples")}
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    records = read_table(path)
    trainings = _trainings(recipe)
    for name, problem in _problems(recipe):
        yield draw.components_figure(name, *read_arrays(examples[name]), drawing, provenance)
        dimension = recipe.sample.ensembles[problem.ensemble].dimension
        yield from draw.score_figures(name, problem, records, dimension, provenance)
        histories = {one["method"]: one["card"]["history"] for one in trainings if one["problem"] == name}
        if histories:
            yield draw.training_figure(name, histories, provenance)
    images = {path.stem: path for path in inputs_in(recipe, "reconstruct")}
    for name in sorted(config.phantoms, key=lambda name: list(PHANTOMS).index(scenes[name][1]["phantom"])):
        yield draw.phantom_figure(name, *read_arrays(images[name]), drawing, provenance)
    (path,) = inputs_in(recipe, "evaluate", "robustness")
    spread = read_manifest(manifest_path(path)).description["phase_spread"]
    yield draw.robustness_result(read_table(path), spread, config.robustness, provenance)


def _problems(recipe: Recipe) -> list[tuple[str, Problem]]:
    """Return the problems in the order of the paper's tables; a recipe's keys are sorted by name."""
    order = {name: place for place, name in enumerate(TABLES["restoration"])}
    return sorted(recipe.restoration.problems.items(), key=lambda item: (order[item[1].table], item[0]))


def _trainings(recipe: Recipe) -> list[dict[str, Any]]:
    found = []
    for path in inputs_in(recipe, "train"):
        manifest = read_manifest(manifest_path(path))
        problem = manifest.recipe["problem"]
        found.append(
            {
                "problem": problem,
                "method": manifest.recipe["method"],
                "table": recipe.restoration.problems[problem].table,
                "dimension": manifest.recipe["dimension"],
                "factor": manifest.recipe["observation"]["factor"],
                "card": manifest.description["card"],
            }
        )
    order = {
        (name, method): place
        for place, (name, method) in enumerate(
            (name, method) for name, problem in _problems(recipe) for method in problem.methods
        )
    }
    return sorted(found, key=lambda one: order[one["problem"], one["method"]])
