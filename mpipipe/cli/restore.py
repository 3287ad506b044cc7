"""Verb ``restore``: a system matrix in, the restored one out, a few components at a time."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import typer
from rich.progress import Progress

from mpipipe.cli.matrix_file import OpenMatrix, check_output, open_matrix, spans
from mpipipe.cli.progress_bar import progress_bar
from mpipipe.cli.restore_figure import check_figure, write_before_after
from mpipipe.errors import InputError
from mpipipe.restorers.fine_grid import finer_grid
from mpipipe.restorers.front import components_in_block, prepare
from mpipipe.restorers.matrix_restorer import DOUBTFUL_CHANGE, MatrixRestorer, NotFiniteError, RestoredBlock

NONZERO = "nonzero"


@dataclass(frozen=True)
class RestoreRequest:
    """What is asked for on the command line; the meanings are those of :func:`mpipipe.restorers.front.restore`.

    Attributes
    ----------
    task, method, factor, grid, weights, device
        As there.
    sigma : str
        ``estimate``, or a number in the unit of the file.
    known : str or None
        File of a mask, or ``nonzero``.
    figure : Path or None
        Picture of a few components before and after.
    overwrite : bool
        Whether files that are there are replaced.
    """

    task: str
    method: str | None = None
    sigma: str = "estimate"
    factor: int = 2
    known: str | None = None
    grid: tuple[int, ...] | None = None
    weights: Path | None = None
    device: str = "auto"
    figure: Path | None = None
    overwrite: bool = False


@dataclass
class Done:
    """What happened to each component, in the order of the file."""

    relative: list[npt.NDArray[np.float64]] = field(default_factory=list)
    kept: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    doubtful: int = 0

    def take(self, block: RestoredBlock) -> None:
        """Remember noise levels over the components' maxima, infinite where one is zero, and what became of each."""
        endless = np.full(len(block.peak), np.inf)
        self.relative.append(np.divide(block.sigma, block.peak, out=endless, where=block.peak > 0))
        self.kept.append(block.kept)
        self.doubtful += int((block.change > DOUBTFUL_CHANGE).sum())


def restore_file(source: Path, out: Path, request: RestoreRequest) -> None:
    """Restore the system matrix of a file, and say what was done.

    Raises
    ------
    InputError
        When anything does not fit; nothing is written then.
    """
    sigma = _sigma(request.sigma)
    check_output(out, source, overwrite=request.overwrite)
    if request.figure is not None:
        check_figure(request.figure, overwrite=request.overwrite)
    with open_matrix(source) as matrix:
        restorer = _prepared(matrix, request)
        if request.figure is not None and restorer.axes[:2] != (0, 1):
            raise InputError(
                f"{source}: found the grid {restorer.grid}, expected several voxels along x and y for a figure"
            )
        done, started = Done(), time.perf_counter()
        grid = None if matrix.grid is None else finer_grid(matrix.grid, restorer.target, restorer.upsampling)
        with progress_bar() as progress:
            blocks = _restored(matrix, restorer, sigma, done, progress)
            matrix.write(out, grid, restorer.target, blocks, _note(restorer, matrix, sigma))
        seconds = time.perf_counter() - started
        _say(matrix, restorer, done, sigma, seconds)
        if request.figure is not None:
            write_before_after(request.figure, matrix, restorer, sigma, np.concatenate(done.relative), grid)
    typer.echo(f"wrote {out}")
    if request.figure is not None:
        typer.echo(f"wrote {request.figure}")


def _prepared(matrix: OpenMatrix, request: RestoreRequest) -> MatrixRestorer:
    try:
        return prepare(
            request.task,
            matrix.shape,
            method=request.method,
            factor=request.factor,
            known=None if request.known is None else _mask(matrix, request.known),
            grid=_with_single_axes(request.grid, matrix.shape),
            weights=request.weights,
            device=request.device,
        )
    except InputError as error:
        raise InputError(f"{matrix.path}: {error}") from None


def _restored(
    matrix: OpenMatrix, restorer: MatrixRestorer, sigma: float | None, done: Done, progress: Progress
) -> Iterator[npt.NDArray[np.complex64]]:
    task = progress.add_task("restoring", total=matrix.channels * matrix.rows)
    for channel, start, stop in spans(matrix, components_in_block(restorer.target)):
        level = matrix.noise(channel, start, stop) if sigma is None else sigma
        try:
            block = restorer.restore(matrix.read(channel, start, stop), level)
        except NotFiniteError as error:
            row = start + error.component
            raise InputError(
                f"{matrix.path}: channel {channel}, row {row}: found NaN or infinity, expected finite values"
            ) from None
        done.take(block)
        yield block.values
        progress.advance(task, stop - start)


def _note(restorer: MatrixRestorer, matrix: OpenMatrix, sigma: float | None) -> str:
    """Return what is done to a matrix, for its file."""
    done = restorer.described() | {"sigma": noise_source(matrix, sigma), "source": matrix.path.name}
    return json.dumps(done, sort_keys=True)


def _say(
    matrix: OpenMatrix, restorer: MatrixRestorer, done: Done, sigma: float | None, seconds: float
) -> None:
    kept, relative = np.concatenate(done.kept), np.concatenate(done.relative)
    typer.echo(
        f"{restorer.task}: {len(kept)} components of {matrix.path.name} with {restorer.card.method} in {seconds:.1f} s, "
        f"{len(kept) / max(seconds, 1e-9):.0f} components/s"
    )
    zero = int(np.isinf(relative).sum())
    if zero < len(relative):
        median = np.median(relative[np.isfinite(relative)])
        typer.echo(f"noise level {noise_source(matrix, sigma)}: median σ/max|s| {median:.2g}")
    if zero:
        typer.echo(f"{zero} components are zero and stay so")
    if kept.sum() > zero:
        typer.echo(
            f"{int(kept.sum()) - zero} components stay as they are: their σ/max|s| is below {restorer.card.least_sigma:g}, the "
            "least that the network was trained on"
        )
    if done.doubtful:
        typer.echo(
            f"{done.doubtful} components changed by more than {DOUBTFUL_CHANGE:g} of their noise level (root mean square): "
            "signal may have gone with the noise; try another method, or see docs/restoring_your_matrix.md"
        )
    for remark in restorer.remarks():
        typer.echo(remark)


def noise_source(matrix: OpenMatrix, sigma: float | None) -> str:
    """Return where the noise level comes from, in words."""
    if sigma is not None:
        return "as given"
    return (
        "from the finest cosine coefficients"
        if matrix.noise(0, 0, 1) is None
        else "from the file's empty frames"
    )


def _sigma(text: str) -> float | None:
    if text == "estimate":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (np.isfinite(value) and value >= 0):
        raise InputError(f"sigma: found {text!r}, expected 'estimate' or a number of at least 0")
    return value


def _mask(matrix: OpenMatrix, known: str) -> npt.NDArray[np.bool_]:
    """Return the mask of measured voxels: a file's, or the voxels that are not zero in every component."""
    if known == NONZERO:
        found = np.zeros(matrix.shape, np.bool_)
        for channel, start, stop in spans(matrix, components_in_block(matrix.shape)):
            found |= (matrix.read(channel, start, stop) != 0).any(axis=0)
        return found
    try:
        mask = np.load(known, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = "no file" if isinstance(error, FileNotFoundError) else "no array"
        raise InputError(
            f"known: {known}: found {reason}, expected bool {matrix.shape} in .npy, or 'nonzero'"
        ) from None
    plain = tuple(size for size in matrix.shape if size > 1)
    return np.asarray(mask.reshape(matrix.shape) if mask.shape == plain else mask)


def _with_single_axes(grid: tuple[int, ...] | None, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return a grid with the axes of one voxel that the matrix has, where it was given without."""
    if grid is None or len(grid) == len(shape):
        return grid
    given = iter(grid)
    filled = tuple(next(given, 1) if size > 1 else 1 for size in shape)
    return filled if len(grid) == sum(size > 1 for size in shape) else grid
