"""Prepared methods of a finished run for the verb ``measured``, and what all its parts write."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import typer

from mpipipe.cli.jobs.restorers import open_restorer
from mpipipe.config.params import Params
from mpipipe.evaluation.figures import render
from mpipipe.evaluation.tables import format_number
from mpipipe.restoration.method import Restorer
from mpipipe.storage.atomic import write_bytes
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.studies.plan import Plan
from mpipipe.studies.result import ResultFigure

STUDY = "restoration"


@dataclass(frozen=True)
class Prepared:
    """Methods of one problem.

    Attributes
    ----------
    methods : dict of Restorer
        Methods by name.
    provenance : dict of str
        Digest of each method's recipe.
    """

    methods: dict[str, Restorer]
    provenance: dict[str, str]


def open_prepared(params: Params, problem: str, purpose: str) -> Prepared | None:
    """Open the methods of a problem at the scale in force; None, with a line that says so, when the run is not there."""
    plan = Plan(params).restoration
    if problem not in plan.config.problems:
        typer.echo(f"{purpose}: left out, params.yaml has no problem {problem!r} in restoration.problems")
        return None
    paths = {name: Path(path) for name, path in plan.prepared_methods(problem).items()}
    if not all_there(list(paths.values()), purpose):
        return None
    return Prepared(
        {name: open_restorer(path) for name, path in paths.items()},
        {name: read_manifest(manifest_path(path)).provenance for name, path in paths.items()},
    )


def all_there(paths: Sequence[Path], purpose: str) -> bool:
    """Return whether artifacts of the run are there, or say in one line which is not and what is left out."""
    for path in paths:
        if not (path.exists() and manifest_path(path).is_file()):
            typer.echo(
                f"{purpose}: left out, found no {path} (`make run` first trains and tunes the methods)"
            )
            return False
    return True


def write_figure(out: Path, result: ResultFigure, dpi: int) -> list[str]:
    """Write a figure as PNG and SVG and return its lines of the page: picture and caption."""
    rendered = render(result.figure, dpi)
    write_bytes(out / f"{result.name}.png", rendered.png)
    write_bytes(out / f"{result.name}.svg", rendered.svg)
    return [f"![{result.title}]({result.name}.png)", "", result.caption, ""]


def table_lines(frame: pd.DataFrame) -> list[str]:
    """Return a frame as the lines of a Markdown table, numbers with three digits."""
    rule = ["---:" if pd.api.types.is_numeric_dtype(frame[column]) else "---" for column in frame.columns]
    rows = [
        [value if isinstance(value, str) else format_number(float(value), ".3g") for value in row]
        for row in frame.itertuples(index=False)
    ]
    headings = [str(column).replace("_", " ") for column in frame.columns]
    return [f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows)] + [""]
