"""The commands of ``mpipipe restore``; what they do is in :mod:`mpipipe.cli.restore`."""

from pathlib import Path
from typing import Annotated, Any

import typer

restore_app = typer.Typer(
    no_args_is_help=True,
    help="Restore a system matrix: a file in, a file out, with the networks that come with the package or a classical method.",
)

Source = Annotated[Path, typer.Argument(help="System matrix: MDF v2, .zarr, or .npy (component, x, y[, z]).")]
Out = Annotated[
    Path, typer.Option(help="File to write: MDF, or Zarr where its name ends with .zarr; .npy for .npy.")
]
Method = Annotated[
    str | None,
    typer.Option(help="Such as 'RDN (phase-aligned)' or DCT-F; by default the best on the validation split."),
]
Sigma = Annotated[
    str,
    typer.Option(
        help="Standard deviation of the complex noise in the file's unit; `estimate` takes the empty frames, else the finest "
        "cosine coefficients."
    ),
]
Weights = Annotated[Path | None, typer.Option(help="Weights of a run of your own (.safetensors).")]
Device = Annotated[str, typer.Option(help="auto, cpu or gpu.")]
Figure = Annotated[Path | None, typer.Option(help="Picture of a few components before and after.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
Factor = Annotated[int, typer.Option(help="Factor along each axis.")]


@restore_app.command()
def denoise(
    source: Source,
    out: Out,
    method: Method = None,
    sigma: Sigma = "estimate",
    weights: Weights = None,
    device: Device = "auto",
    figure: Figure = None,
    overwrite: Overwrite = False,
) -> None:
    """Take noise away from every component.

    Components that are cleaner than a network was trained for stay as they are.

    Example: mpipipe restore denoise matrix.mdf --out denoised.mdf --figure before_after.png
    """
    _restore(
        source, out, task="denoise", method=method, sigma=sigma, weights=weights, device=device,
        figure=figure, overwrite=overwrite,
    )  # fmt: skip


@restore_app.command()
def inpaint(
    source: Source,
    out: Out,
    known: Annotated[
        str,
        typer.Option(
            help="Voxels that were measured: .npy of bool (x, y[, z]), or `nonzero` for those that are not 0 throughout."
        ),
    ],
    method: Method = None,
    sigma: Sigma = "estimate",
    weights: Weights = None,
    device: Device = "auto",
    figure: Figure = None,
    overwrite: Overwrite = False,
) -> None:
    """Restore voxels that a calibration lost, the same in every component.

    Example: mpipipe restore inpaint matrix.mdf --known measured.npy --out whole.mdf
    """
    _restore(
        source, out, task="inpaint", known=known, method=method, sigma=sigma, weights=weights, device=device,
        figure=figure, overwrite=overwrite,
    )  # fmt: skip


@restore_app.command()
def upsample(
    source: Source,
    out: Out,
    factor: Factor = 2,
    grid: Annotated[
        str | None, typer.Option(help="Finer grid, such as 37x37x19; by default the factor times the voxels.")
    ] = None,
    method: Method = None,
    sigma: Sigma = "estimate",
    weights: Weights = None,
    device: Device = "auto",
    figure: Figure = None,
    overwrite: Overwrite = False,
) -> None:
    """Return the matrix on a finer grid, every k-th voxel of which, from the first on, was measured.

    The last k − 1 voxels along each axis lie behind the last measured one and are extrapolated; --grid can leave them out.

    Example: mpipipe restore upsample coarse.mdf --factor 2 --out fine.mdf
    """
    _restore(
        source, out, task="upsample", factor=factor, grid=_grid(grid), method=method, sigma=sigma, weights=weights,
        device=device, figure=figure, overwrite=overwrite,
    )  # fmt: skip


@restore_app.command()
def complete(
    source: Source,
    out: Out,
    factor: Factor = 2,
    method: Method = None,
    sigma: Sigma = "estimate",
    weights: Weights = None,
    device: Device = "auto",
    figure: Figure = None,
    overwrite: Overwrite = False,
) -> None:
    """Complete an accelerated calibration: of its grid only every k-th voxel along each axis was measured.

    What the file holds at the other voxels does not matter. For a file that has the measured voxels only, see `upsample`.

    Example: mpipipe restore complete accelerated.mdf --factor 2 --out whole.mdf
    """
    _restore(
        source, out, task="complete", factor=factor, method=method, sigma=sigma, weights=weights, device=device,
        figure=figure, overwrite=overwrite,
    )  # fmt: skip


def _restore(source: Path, out: Path, **asked: Any) -> None:  # noqa: ANN401 - fields of the request
    from mpipipe.cli.restore import RestoreRequest, restore_file

    restore_file(source, out, RestoreRequest(**asked))


def _grid(text: str | None) -> tuple[int, ...] | None:
    from mpipipe.errors import InputError

    if text is None:
        return None
    parts = text.split("x")
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"grid: found {text!r}, expected voxels along each axis such as 37x37x19")
    return tuple(map(int, parts))
