"""Verb ``measured``: a sample localised in one session of a 1-D scanner from another session."""

from pathlib import Path

import typer

from mpipipe.cli.measured_methods import write_figure
from mpipipe.config.params import Params
from mpipipe.config.recipe import digest
from mpipipe.config.seeds import derive_seed
from mpipipe.config.sources import code_digest
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.tables import csv_text, markdown
from mpipipe.storage.atomic import write_text
from mpipipe.storage.line_sessions import SESSION_FILES, read_line_sessions
from mpipipe.storage.manifest import content_digest
from mpipipe.studies.localisation import background_shift, localise_sessions, session_repeatability
from mpipipe.studies.localisation_results import localisation_figure, localisation_table

FOLDER, PURPOSE = "head_scanner_1d", "localisation of a measured sample"
SOURCE = "MagneticParticleImaging/MPIMeasurements.jl, commit 9e06834f (MIT licence)"


def localise_line_sessions(folder: Path, out: Path, params: Params) -> list[str]:
    """Write ``localisation.csv``, ``.png`` and ``.svg``; returns the lines of the page, none where the data are not there.

    It needs nothing of a run: the perceptron is trained here.
    """
    paths = [folder / FOLDER / name for name in SESSION_FILES]
    for path in paths:
        if not path.is_file():
            typer.echo(f"{PURPOSE}: left out, found no {path} (`mpipipe fetch` downloads it)")
            return []
    first, second = read_line_sessions(folder / FOLDER)
    seed = derive_seed(params.seed, "measured", "localisation")
    found = localise_sessions(first, second, seed)
    recipe = {"files": {path.name: content_digest(path) for path in paths}, "code": code_digest(__name__)}
    provenance = Provenance(scale="measured", digest=digest(recipe), seed=params.seed)
    table = localisation_table(
        found, first.position_mm, session_repeatability(first), background_shift(first, second), provenance
    )
    write_text(out / f"{table.name}.csv", csv_text(table.wide))
    figure = localisation_figure(found, first.position_mm, provenance)
    return [
        "## A measured sample localised from another session",
        "",
        *write_figure(out, figure, params.figures.dpi),
        markdown(table.formatted, table.caption),
        f"Data: {SOURCE}.",
        "",
    ]
