"""Verbs on a user's own files: example, simulate, inspect, reconstruct. Each imports what it needs when it is called."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

Overwrite = Annotated[bool, typer.Option(help="Replace files that are there.")]


@app.command()
def example(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")] = Path("mpi-example"),
    overwrite: Overwrite = False,
) -> None:
    """Write a small simulated calibration and measurement in MDF to play with.

    Example: mpipipe example mpi-example
    """
    from mpipipe.cli.example import write_example

    write_example(folder, overwrite=overwrite)


@app.command()
def simulate(
    source: Annotated[
        Path, typer.Argument(help="YAML of scanner, particle and grid (`example` writes one).")
    ],
    out: Annotated[Path, typer.Option(help="System matrix: .mdf, .h5 or .zarr.")],
    measurement: Annotated[
        Path | None, typer.Option(help="Measurement of the YAML's phantom: .mdf or .h5.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Simulate the system matrix of a scanner, and the measurement of a phantom.

    Example: mpipipe simulate mpi-example/scanner.yaml --out matrix.mdf --measurement phantom.mdf
    """
    from mpipipe.cli.simulate_file import simulate_file

    simulate_file(source, out, measurement, overwrite=overwrite)


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="MDF, .zarr, .safetensors or .nii.gz.")],
    figure: Annotated[
        Path | None, typer.Option(help="Picture of a matrix’s components or of an image: .png or .svg.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Show what is in a file, and what of it is not by the specification.

    Example: mpipipe inspect mpi-example/calibration.mdf --figure components.png
    """
    from mpipipe.cli.inspect_file import inspect_file

    inspect_file(path, figure, overwrite=overwrite)


@app.command()
def reconstruct(
    matrix: Annotated[Path, typer.Argument(help="System matrix: MDF or .zarr.")],
    measurement: Annotated[Path, typer.Argument(help="Measurement in MDF.")],
    out: Annotated[Path, typer.Option(help="Image: .nii.gz, .nii, .zarr, .npy, or a picture .png.")],
    method: Annotated[str, typer.Option(help="ART, ADMM_L1, ADMM_TV or ADMM_L1TV.")] = "ART",
    regularization: Annotated[float | None, typer.Option(help="λ of ART, relative to ‖A‖²/N.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Sweeps or iterations.")] = None,
    snr_threshold: Annotated[
        float | None, typer.Option(help="Smallest signal-to-noise ratio of a row; 2 where the file has it.")
    ] = None,
    min_frequency_khz: Annotated[
        float | None, typer.Option(help="Lowest frequency of a row; 1.2 × the highest drive frequency.")
    ] = None,
    noise_norm: Annotated[
        float | None, typer.Option(help="Norm of the noise in these rows, for ADMM; estimated by default.")
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option(help="Another setting of the method, NAME=VALUE; may be repeated.")
    ] = None,
    every_frame: Annotated[bool, typer.Option(help="One image a frame, and not one of their mean.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Reconstruct a measurement with a system matrix.

    Both are checked to be of the same sequence. A matrix that does not fit into memory is read in each sweep.

    Example: mpipipe reconstruct mpi-example/calibration.mdf mpi-example/phantom.mdf --out image.nii.gz
    """
    from mpipipe.cli.reconstruct_file import parsed_settings, reconstruct_file

    settings = {
        "regularization": regularization,
        "iterations": iterations,
        "snr_threshold": snr_threshold,
        "min_frequency_Hz": None if min_frequency_khz is None else 1e3 * min_frequency_khz,
        **parsed_settings(setting or []),
    }
    reconstruct_file(matrix, measurement, out, method, settings, every_frame=every_frame, overwrite=overwrite)


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="Report: .html, or .zip for a large one.")] = Path("report.html"),
    overwrite: Overwrite = False,
) -> None:
    """Write Snakemake's own report of a finished run: jobs, times, figures, all in one file.

    Example: mpipipe report --out report.html
    """
    from mpipipe.cli.report import write_report

    write_report(out, overwrite=overwrite)
