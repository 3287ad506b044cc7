"""Verb ``report``: Snakemake's own report of a finished run."""

import subprocess
import sys
from pathlib import Path

import typer

from mpipipe.errors import InputError
from mpipipe.storage.images import refuse_existing


def write_report(out: Path, *, overwrite: bool = False) -> None:
    """Write the report as ``.html`` or ``.zip``.

    Raises
    ------
    InputError
        When there is no workflow here, the run is not finished, or the report is there already.
    """
    if out.suffix not in (".html", ".zip"):
        raise InputError(f"{out}: found the ending {out.suffix!r}, expected .html or .zip")
    refuse_existing(out, overwrite)
    if not Path("Snakefile").is_file():
        raise InputError("Snakefile: found none, expected to be in the project's folder")
    beside = Path(sys.executable).parent / "snakemake"
    command = [str(beside) if beside.exists() else "snakemake", "--report", str(out)]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    if done.returncode != 0 or not out.exists():
        lines = (done.stderr or done.stdout).strip().splitlines()
        reason = " ".join(lines[-3:])[:300]
        raise InputError(f"snakemake --report: found {reason or 'no output'}, expected a finished run")
    typer.echo(f"{out}: report of the run")
