"""Command line `mpipipe`: the DAG's stages and jobs, and a user's verbs beside them."""

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mpipipe.cli import user
from mpipipe.cli.restore_app import restore_app
from mpipipe.errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Learned restoration and reconstruction for magnetic particle imaging.",
)
app.add_typer(restore_app, name="restore")
app.add_typer(user.app)
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
    """Entry point: a user's mistake, or a disk that is full, is one line on standard error and exit code 2."""
    try:
        app()
    except InputError as error:
        typer.echo(f"mpipipe: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        from mpipipe.cli.disk_errors import disk_error

        known = disk_error(error)
        if known is None:
            raise
        typer.echo(f"mpipipe: {known}", err=True)
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
    from mpipipe.cli.disk_errors import disk_error
    from mpipipe.cli.job_log import start_log
    from mpipipe.cli.job_recipe import parse_recipe

    start_log(log)
    _limit_threads(threads)
    named = {key: Path(value) for key, _, value in (pair.partition("=") for pair in paths)}
    try:
        module = importlib.import_module(f"mpipipe.cli.jobs.{name}")
        module.run(parse_recipe(module.Recipe, recipe), **named)
    except InputError as error:
        logging.getLogger("mpipipe").error("%s", error)
        raise
    except Exception as error:
        known = disk_error(error, next(iter(named.values()), None))
        if known is not None:
            logging.getLogger("mpipipe").error("%s", known)
            raise known from None
        logging.getLogger("mpipipe").exception("job %s failed", name)
        sys.exit(1)


def _limit_threads(threads: int) -> None:
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)


@app.command()
def pull() -> None:
    """Fetch the artifacts that dvc.lock names and take them over: `dvc pull`, then `mpipipe adopt`.

    Refused while parameters or code are edited, since the artifacts belong to the recorded ones.

    Example: mpipipe pull
    """
    from mpipipe.cli.ledger import pull_artifacts

    pull_artifacts()


@app.command()
def adopt() -> None:
    """Take over artifacts that another run made: only if all are proven are they marked as up to date for Snakemake.

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
def verify(
    scale: Annotated[str | None, typer.Option(help="Scale of the run, else the one in force.")] = None,
    rebuild: Annotated[
        bool, typer.Option(help="Remove what is damaged, so that the next run makes it again.")
    ] = False,
) -> None:
    """Compare every artifact with the digest in its manifest; each damaged one is a line, and the exit code is 2.

    Example: mpipipe verify --rebuild
    """
    from mpipipe.cli.verify import verify_run

    verify_run(PARAMS, scale, rebuild=rebuild)


@app.command()
def publish(
    store: Annotated[str, typer.Argument(help="URL in an object store, such as s3://bucket/prefix.")],
) -> None:
    """Copy the ensembles into an object store, from which trainings and evaluations read them in place.

    A machine that sets MPIPIPE_ENSEMBLES to the URL needs no copy of them (docs/workflow.md, Object storage).

    Example: mpipipe publish s3://bucket/ensembles
    """
    from mpipipe.cli.publish import publish_ensembles

    publish_ensembles(store, PARAMS)


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
    from mpipipe.cli.job_log import start_log
    from mpipipe.cli.measured import run_measured
    from mpipipe.config.params import load_params

    start_log(None)
    params = load_params(PARAMS)
    run_measured(folder or Path(params.measured_dir), out, params)


@app.command()
def fetch(
    folder: Annotated[Path | None, typer.Option(help="Where the files go, else `measured_dir`.")] = None,
    openmpi: Annotated[
        list[str] | None,
        typer.Option(help="A file of OpenMPIData in place of the measured sets; may be repeated."),
    ] = None,
) -> None:
    """Download public measured data, with checksums: the sets of `measured` at named commits, or files of OpenMPIData.

    Example: mpipipe fetch --openmpi calibrations/12.mdf --openmpi measurements/shapePhantom/3.mdf
    """
    from mpipipe.cli.fetch import fetch_measured
    from mpipipe.cli.fetch_openmpi import fetch_openmpi
    from mpipipe.config.params import load_params

    target = folder or Path(load_params(PARAMS).measured_dir)
    if openmpi:
        fetch_openmpi(target, openmpi)
    else:
        fetch_measured(target)


@app.command(name="perceptual-weights")
def perceptual_weights(
    source: Annotated[Path, typer.Argument(help="torchvision's VGG16, such as vgg16-397923af.pth.")],
    out: Annotated[Path, typer.Option(help="File that params.yaml names.")] = Path(
        "data/perceptual/vgg16_relu1_2.safetensors"
    ),
) -> None:
    """Keep the two convolutions of a published VGG16 that the perceptual loss of the deblurring study uses.

    Then name the file in params.yaml: deblurring.training.Network.perceptual: {source: vgg16, weights: FILE}.

    Example: mpipipe perceptual-weights vgg16-397923af.pth
    """
    from mpipipe.storage.perceptual_weights import convert_vgg16

    digest = convert_vgg16(source, out)
    typer.echo(f"wrote {out} (source SHA-256 {digest[:16]})")


@app.command(hidden=True)
def ship(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")] = Path(),
    out: Annotated[Path, typer.Option(help="Folder of the shipped restorers.")] = Path("mpipipe/pretrained"),
) -> None:
    """Make the folder of restorers that come with the package from a finished run; the same run gives the same bytes.

    Example: mpipipe ship . --out mpipipe/pretrained
    """
    from mpipipe.cli.ship_weights import ship as ship_weights

    ship_weights(run, out)


@app.command()
def score(
    restored: Annotated[
        Path, typer.Argument(help="System matrix: MDF v2, .zarr, or .npy (component, x, y[, z]).")
    ],
    reference: Annotated[Path, typer.Argument(help="Reference with the same components on the same grid.")],
    keep_above: Annotated[
        float, typer.Option(help="Score components above this part of their channel's strongest.")
    ] = 1e-4,
    csv: Annotated[Path | None, typer.Option(help="Table to write.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a table that is there.")] = False,
) -> None:
    """Score a restored system matrix against a reference: PSNR, SSIM and NRMSE of each channel and of all.

    Example: mpipipe score denoised.mdf noise_free.mdf --csv scores.csv
    """
    from mpipipe.cli.score import score_files

    score_files(restored, reference, keep_above=keep_above, csv=csv, overwrite=overwrite)
