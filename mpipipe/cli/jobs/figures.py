"""Job ``figures``: tables and figures of the restoration study, from records, examples and images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.config.figures import FiguresConfig
from mpipipe.config.recipe import digest
from mpipipe.config.restoration import Problem, RestorationConfig
from mpipipe.config.sample import SampleConfig
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import render
from mpipipe.evaluation.gallery import GalleryEntry, Link, Picture
from mpipipe.evaluation.tables import csv_text, markdown
from mpipipe.evaluation.vocabulary import TABLES
from mpipipe.scenes.phantoms import PHANTOMS
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.atomic import write_bytes, write_text
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_table, write_json
from mpipipe.studies import restoration_figures as draw
from mpipipe.studies.restoration_tables import parameter_table, score_tables, training_table
from mpipipe.studies.result import ResultFigure, ResultTable


class Recipe(JobRecipe):
    """Study, its section, the sampled ranges, and how figures are drawn."""

    study: str
    figures: FiguresConfig
    restoration: RestorationConfig
    sample: SampleConfig


def run(recipe: Recipe, entries: Path) -> None:
    """Write each table as CSV and Markdown, each figure as PNG and SVG, and what the results page says of them."""
    provenance = Provenance(
        scale=recipe.scale, digest=digest(recipe.model_dump(mode="json")), seed=recipe.seed
    )
    folder = entries.parent
    written = [_write_table(table, recipe, folder, provenance) for table in _tables(recipe, provenance)]
    written += [_write_figure(figure, recipe, folder, provenance) for figure in _figures(recipe, provenance)]
    write_json(entries, {"entries": [entry.model_dump(mode="json") for entry in written]})
    finish(entries, recipe, {"entries": [entry.name for entry in written]})


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


def _write_table(table: ResultTable, recipe: Recipe, folder: Path, provenance: Provenance) -> GalleryEntry:
    csv, md = f"tables/{table.name}.csv", f"tables/{table.name}.md"
    write_text(folder / csv, csv_text(table.wide))
    write_text(folder / md, markdown(table.formatted, table.caption))
    return GalleryEntry(
        study=recipe.study,
        name=table.name,
        title=table.title,
        caption=table.caption,
        digest=provenance.digest,
        table=table.formatted,
        links=_links(recipe, CSV=csv, Markdown=md, **{"All conditions": "summary.csv"}),
    )


def _write_figure(result: ResultFigure, recipe: Recipe, folder: Path, provenance: Provenance) -> GalleryEntry:
    png, svg = f"figures/{result.name}.png", f"figures/{result.name}.svg"
    rendered = render(result.figure, recipe.figures.dpi)
    write_bytes(folder / png, rendered.png)
    write_bytes(folder / svg, rendered.svg)
    return GalleryEntry(
        study=recipe.study,
        name=result.name,
        title=result.title,
        caption=result.caption,
        digest=provenance.digest,
        figure=Picture(png=f"{recipe.study}/{png}", svg=f"{recipe.study}/{svg}", alternative=result.caption),
        links=_links(recipe, SVG=svg, PNG=png),
    )


def _links(recipe: Recipe, **files: str) -> tuple[Link, ...]:
    files |= {"Manifest": "entries.json.manifest.json"}
    return tuple(Link(label=label, path=f"{recipe.study}/{path}") for label, path in files.items())
