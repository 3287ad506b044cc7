"""Verb ``score``: how far a restored system matrix is from a reference."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from mpipipe.cli.matrix_file import OpenMatrix, open_matrix, spans
from mpipipe.cli.progress_bar import progress_bar
from mpipipe.errors import InputError
from mpipipe.evaluation.matrix_score import METRICS, score_components, score_table
from mpipipe.evaluation.tables import csv_text
from mpipipe.restorers.front import components_in_block
from mpipipe.storage.atomic import write_text

CONVENTION = (
    "Means over components (± standard deviation), each over the reference's largest modulus: PSNR with peak 1 and the mean of "
    "|error|² over complex voxels; SSIM with 7-wide windows and data range 2, real and imaginary part averaged; NRMSE = "
    "‖error‖/‖reference‖."
)
HEADINGS = {"psnr_db": "PSNR (dB)", "ssim": "SSIM", "nrmse": "NRMSE"}
DIGITS = {"psnr_db": 2, "ssim": 3, "nrmse": 3}


def score_files(
    restored: Path, reference: Path, *, keep_above: float, csv: Path | None, overwrite: bool
) -> None:
    """Compare two system matrices component by component, and show the means of each channel and of all.

    Parameters
    ----------
    restored, reference : Path
        Matrices of the same components on the same grid.
    keep_above : float
        Components are scored where the reference's largest modulus exceeds this part of its channel's largest.
    csv : Path or None
        Table to write.
    overwrite : bool
        Whether a table that is there is replaced.

    Raises
    ------
    InputError
        When the matrices differ in components or grid, a value is not finite, or no component is left.
    """
    if not 0 <= keep_above < 1:
        raise InputError(f"keep-above: found {keep_above:g}, expected at least 0 and below 1")
    if csv is not None and csv.exists() and not overwrite:
        raise InputError(f"{csv}: found a file, expected none; --overwrite replaces it")
    with open_matrix(restored) as first, open_matrix(reference) as second:
        _check(first, second)
        names = ["xyz"[n] if second.channels <= 3 else str(n) for n in range(second.channels)]
        scores = _scores(first, second, keep_above)
        total = second.channels * second.rows
    table = score_table(scores, names if len(names) > 1 else [])
    if csv is not None:
        write_text(csv, csv_text(table))
    _show(table, restored, total - len(scores), keep_above)
    if csv is not None:
        typer.echo(f"wrote {csv}")


def _scores(restored: OpenMatrix, reference: OpenMatrix, keep_above: float) -> pd.DataFrame:
    step = components_in_block(reference.shape)
    parts = []
    with progress_bar() as progress:
        task = progress.add_task("scoring", total=2 * reference.channels * reference.rows)
        peak = np.zeros((reference.channels, reference.rows))
        for channel, start, stop in spans(reference, step):
            values = _finite(reference, channel, start, stop)
            peak[channel, start:stop] = np.abs(values).reshape(stop - start, -1).max(axis=1)
            progress.advance(task, stop - start)
        for channel, start, stop in spans(reference, step):
            own = peak[channel, start:stop]
            chosen = (own > 0) & (own > keep_above * peak[channel].max())
            truth = _finite(reference, channel, start, stop)[chosen]
            estimate = _finite(restored, channel, start, stop)[chosen]
            parts.append(score_components(estimate, truth).assign(channel=channel))
            progress.advance(task, stop - start)
    scores = pd.concat(parts, ignore_index=True)
    if scores.empty:
        raise InputError(f"{reference.path}: found no component with signal, expected at least one")
    return scores


def _finite(matrix: OpenMatrix, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64]:
    values = matrix.read(channel, start, stop)
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        row = start + int(np.argmin(finite))
        raise InputError(
            f"{matrix.path}: channel {channel}, row {row}: found NaN or infinity, expected finite values"
        )
    return values


def _check(restored: OpenMatrix, reference: OpenMatrix) -> None:
    for name in ("channels", "rows", "shape", "frequencies"):
        found, expected = getattr(restored, name), getattr(reference, name)
        if found != expected:
            shown = (found, expected) if name != "frequencies" else ("other frequencies", "the same")
            raise InputError(
                f"{restored.path}: {name}: found {shown[0]}, expected {shown[1]} as in {reference.path}"
            )


def _show(table: pd.DataFrame, restored: Path, left_out: int, keep_above: float) -> None:
    shown = Table(title=restored.name, title_justify="left")
    shown.add_column("channel")
    shown.add_column("components", justify="right")
    for metric in METRICS:
        shown.add_column(HEADINGS[metric], justify="right")
    for row in table.to_dict("records"):
        cells = [_cell(row[metric], row[f"{metric}_std"], DIGITS[metric]) for metric in METRICS]
        shown.add_row(row["channel"], str(row["components"]), *cells)
    Console().print(shown)
    typer.echo(CONVENTION)
    if left_out:
        typer.echo(
            f"{left_out} components are left out: at most {keep_above:g} of their channel's strongest, or zero"
        )


def _cell(mean: float, std: float, digits: int) -> str:
    if np.isnan(mean):
        return "–"
    if not np.isfinite(mean):
        return "∞"
    return f"{mean:.{digits}f}" if np.isnan(std) else f"{mean:.{digits}f} ± {std:.{digits}f}"
