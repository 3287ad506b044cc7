"""What the figure jobs of all studies share: tables and figures to files, and what the results page says of them."""

from collections.abc import Iterable
from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.figures import FiguresConfig
from mpipipe.config.recipe import digest
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import render
from mpipipe.evaluation.gallery import GalleryEntry, Link, Picture
from mpipipe.evaluation.tables import csv_text, markdown
from mpipipe.storage.atomic import write_bytes, write_text
from mpipipe.storage.tables import write_json
from mpipipe.studies.result import ResultFigure, ResultTable


class PagesRecipe(JobRecipe):
    """Study, and how figures are drawn."""

    study: str
    figures: FiguresConfig


def provenance_of(recipe: PagesRecipe) -> Provenance:
    """Return what captions and footers name: scale, recipe and seed."""
    return Provenance(scale=recipe.scale, digest=digest(recipe.model_dump(mode="json")), seed=recipe.seed)


def write_pages(
    recipe: PagesRecipe,
    entries: Path,
    tables: Iterable[ResultTable],
    figures: Iterable[ResultFigure],
    provenance: Provenance,
) -> None:
    """Write each table as CSV and Markdown, each figure as PNG and SVG, and the entries of the results page."""
    folder = entries.parent
    written = [_write_table(table, recipe, folder, provenance) for table in tables]
    written += [_write_figure(figure, recipe, folder, provenance) for figure in figures]
    write_json(entries, {"entries": [entry.model_dump(mode="json") for entry in written]})
    finish(entries, recipe, {"entries": [entry.name for entry in written]})


def _write_table(
    table: ResultTable, recipe: PagesRecipe, folder: Path, provenance: Provenance
) -> GalleryEntry:
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


def _write_figure(
    result: ResultFigure, recipe: PagesRecipe, folder: Path, provenance: Provenance
) -> GalleryEntry:
    png, svg = f"figures/{result.name}.png", f"figures/{result.name}.svg"
    rendered = render(result.figure, recipe.figures.dpi)
    width, height = _pixels(rendered.png)
    write_bytes(folder / png, rendered.png)
    write_bytes(folder / svg, rendered.svg)
    return GalleryEntry(
        study=recipe.study,
        name=result.name,
        title=result.title,
        caption=result.caption,
        digest=provenance.digest,
        figure=Picture(
            png=f"{recipe.study}/{png}",
            svg=f"{recipe.study}/{svg}",
            alternative=result.caption,
            width=width,
            height=height,
        ),
        links=_links(recipe, SVG=svg, PNG=png),
    )


def _pixels(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, which its first chunk holds."""
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


def _links(recipe: PagesRecipe, **files: str) -> tuple[Link, ...]:
    files |= {"Manifest": "entries.json.manifest.json"}
    return tuple(Link(label=label, path=f"{recipe.study}/{path}") for label, path in files.items())
