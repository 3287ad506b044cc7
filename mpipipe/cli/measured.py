"""Verb ``measured``: real data, reconstructed, and restored with the methods of a finished run."""

from pathlib import Path

import typer

from mpipipe.cli.measured_localisation import localise_line_sessions
from mpipipe.cli.measured_mdf import restore_mdf
from mpipipe.cli.measured_methods import open_prepared
from mpipipe.cli.measured_phantoms import reconstruct_encoding_array
from mpipipe.cli.measured_restoration import restore_encoding_array
from mpipipe.cli.measured_robustness import score_receive_chain
from mpipipe.cli.measured_solvers import compare_solvers
from mpipipe.config.params import Params
from mpipipe.storage.atomic import write_text
from mpipipe.storage.manifest import content_digest
from mpipipe.storage.matlab import read_encoding_array


def run_measured(folder: Path, out: Path, params: Params) -> None:
    """Reconstruct the measured phantoms; with the methods of a finished run also restore measured matrices.

    Without them a line says what is left out. A user's own files come first, where ``measured_mdf`` names some.

    Parameters
    ----------
    folder : Path
        Measured data, as `mpipipe fetch` downloads them.
    out : Path
        Results folder.
    params : Params
        All parameters.

    Raises
    ------
    InputError
        When measured files are missing or not what is expected.
    """
    restore_mdf(out / "mdf", params)
    data = read_encoding_array(folder / "encoding_array")
    files = {p.name: content_digest(p) for p in sorted((folder / "encoding_array").glob("*.mat"))}
    lines = reconstruct_encoding_array(data, files, out, params)
    prepared = open_prepared(params, "denoising_2d", "restoration of the measured matrix")
    if prepared is not None:
        lines += restore_encoding_array(data, files, prepared, out, params)
    lines += compare_solvers(data, files, out, params)
    lines += score_receive_chain(folder, out, params)
    lines += localise_line_sessions(folder, out, params)
    write_text(out / "README.md", "\n".join(lines))
    typer.echo(f"wrote {out}/README.md")
