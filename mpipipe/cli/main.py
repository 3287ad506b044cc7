"""Command line `mpipipe`: the DAG's stages and jobs, and a user's verbs beside them."""

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mpipipe.errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Learned restoration and reconstruction for magnetic particle imaging.",
)
PARAMS = Path("params.yaml")
NOUNS = (
    "sample",
    "simulate",
    "background",
    "scene",
    "train",
    "baseline",
    "reconstruct",
    "evaluate",
    "figures",
)


def run() -> None:
    """Entry point: a user's mistake is one line on standard error and exit code 2."""
    try:
        app()
    except InputError as error:
        typer.echo(f"mpipipe: {error}", err=True)
        sys.exit(2)


@app.command()
def stage(
    noun: Annotated[str, typer.Argument(help=f"One of {', '.join(NOUNS)}.")],
) -> None:
    """Bring one stage of the DAG up to date with Snakemake; this is the command of the DVC stages.

    The profile is workflow/profiles/local, or the folder that MPIPIPE_PROFILE names.

    Example: mpipipe stage simulate
    """
    from mpipipe.cli.ledger import run_stage

    if noun not in NOUNS:
        raise InputError(f"stage: found {noun!r}, expected one of {', '.join(NOUNS)}")
    sys.exit(run_stage(noun))


@app.command(hidden=True)
def job(
    name: Annotated[str, typer.Argument(help="Module in mpipipe.cli.jobs.")],
    paths: Annotated[list[str], typer.Argument(help="name=path of each input and output.")],
    recipe: Annotated[str, typer.Option(help="Canonical JSON of the job's recipe.")],
    threads: Annotated[int, typer.Option(help="Threads that the job may use.")] = 1,
    log: Annotated[Path | None, typer.Option(help="Log file beside standard error.")] = None,
) -> None:
    """Run one job of the DAG; Snakemake's rules call this.

    Example: mpipipe job sample --recipe "$RECIPE" table=data/laptop/sample/lissajous_2d.parquet
    """
    _start_log(log)
    _limit_threads(threads)
    named = {key: Path(value) for key, _, value in (pair.partition("=") for pair in paths)}
    try:
        module = importlib.import_module(f"mpipipe.cli.jobs.{name}")
        module.run(module.Recipe.model_validate_json(recipe), **named)
    except InputError as error:
        logging.getLogger("mpipipe").error("%s", error)
        raise
    except Exception:
        logging.getLogger("mpipipe").exception("job %s failed", name)
        sys.exit(1)


def _start_log(log: Path | None) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log, mode="w", encoding="utf-8"))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers
    )


def _limit_threads(threads: int) -> None:
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)


@app.command()
def adopt() -> None:
    """Take over pulled artifacts: only if `dvc status` is clean are they marked as up to date for Snakemake.

    Example: dvc pull && mpipipe adopt
    """
    from mpipipe.cli.ledger import adopt_artifacts

    adopt_artifacts()


@app.command()
def record() -> None:
    """Write a finished run into dvc.lock: only if `snakemake -n` has nothing to do.

    Example: snakemake --cores all --resources gpu=1 && mpipipe record
    """
    from mpipipe.cli.ledger import record_run

    record_run()


@app.command()
def generate(
    check: Annotated[
        bool, typer.Option(help="Only compare; exit code 2 when a file is out of step.")
    ] = False,
) -> None:
    """Write the generated files: dvc.yaml and the JSON schema of params.yaml.

    Example: mpipipe generate --check
    """
    from mpipipe.cli.generated import generate_files

    generate_files(check)


@app.command()
def measured(
    out: Annotated[Path, typer.Option(help="Results folder.")] = Path("results/measured"),
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the measured data, else `measured_dir`.")
    ] = None,
) -> None:
    """Reconstruct measured phantoms, and restore measured matrices with the methods of a finished run.

    Your own MDF files come in where `measured_mdf` in params.yaml names them.

    Example: mpipipe measured --folder data/measured
    """
    from mpipipe.cli.measured import run_measured
    from mpipipe.config.params import load_params

    _start_log(None)
    params = load_params(PARAMS)
    run_measured(folder or Path(params.measured_dir), out, params)


@app.command()
def fetch(
    folder: Annotated[Path | None, typer.Option(help="Where the files go, else `measured_dir`.")] = None,
) -> None:
    """Download the public measured data at named commits, with checksums.

    Example: mpipipe fetch
    """
    from mpipipe.cli.fetch import fetch_measured
    from mpipipe.config.params import load_params

    fetch_measured(folder or Path(load_params(PARAMS).measured_dir))
