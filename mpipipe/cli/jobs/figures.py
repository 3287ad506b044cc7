"""Job ``figures``: tables and figures of a study, from records, examples and images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.config.figures import FiguresConfig
from mpipipe.config.recipe import digest
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import render
from mpipipe.evaluation.gallery import GalleryEntry, Link, Picture
from mpipipe.evaluation.tables import csv_text, markdown
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.atomic import write_bytes, write_text
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_table, write_json
from mpipipe.studies.restoration import (
    ResultFigure,
    ResultTable,
    components_figure,
    curves_figure,
    denoising_table,
    paired_table,
    pairs_of,
    phantom_figure,
    training_figure,
)


class Recipe(JobRecipe):
    """Study, its methods in the order of the tables, and how figures are drawn."""

    study: str
    methods: tuple[str, ...]
    figures: FiguresConfig


def run(recipe: Recipe, entries: Path) -> None:
    """Write each table as CSV and Markdown, each figure as PNG and SVG, and what the results page says of them."""
    provenance = Provenance(
        scale=recipe.scale, digest=digest(recipe.model_dump(mode="json")), seed=recipe.seed
    )
    folder, tables, figures = entries.parent, _tables(recipe, provenance), _figures(recipe, provenance)
    written = [_write_table(table, recipe, folder, provenance) for table in tables]
    written += [_write_figure(figure, recipe, folder, provenance) for figure in figures]
    write_json(entries, {"entries": [entry.model_dump(mode="json") for entry in written]})
    finish(entries, recipe, {"entries": [entry.name for entry in written]})


def _tables(recipe: Recipe, provenance: Provenance) -> Iterator[ResultTable]:
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    records = read_table(path)
    yield denoising_table(records, provenance)
    yield paired_table(records, pairs_of(recipe.methods, list(_histories(recipe))), provenance)


def _figures(recipe: Recipe, provenance: Provenance) -> Iterator[ResultFigure]:
    (path,) = inputs_in(recipe, "evaluate", "examples")
    yield components_figure(*read_arrays(path), recipe.figures, provenance)
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    yield curves_figure(read_table(path), provenance)
    yield training_figure(_histories(recipe), provenance)
    for path in inputs_in(recipe, "reconstruct"):
        yield phantom_figure(path.stem, *read_arrays(path), recipe.figures, provenance)


def _histories(recipe: Recipe) -> dict[str, list[dict[str, Any]]]:
    described = [read_manifest(manifest_path(path)).description for path in inputs_in(recipe, "train")]
    return {description["method"]: description["card"]["history"] for description in described}


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
