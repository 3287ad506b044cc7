"""Verb ``inspect``: what is in a file, as a table, and the components of a matrix as a picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import typer

from mpipipe.cli.inspect_image import describe_image, draw_image
from mpipipe.errors import InputError
from mpipipe.storage.image_reading import holds_image
from mpipipe.storage.images import NIFTI, refuse_existing
from mpipipe.storage.mdf_header import MdfHeader, read_mdf_header
from mpipipe.storage.mdf_rules import check_mdf
from mpipipe.storage.system_matrix_file import SystemMatrixFile, open_system_matrix_file
from mpipipe.storage.zarr_matrix import holds_header

Row = tuple[str, str]
MATRIX, IMAGE = "system matrix in Zarr", "image"
SHOWN = 10
SHOWN_PROBLEMS = 20
HEADER = {
    "study": "/study/name",
    "experiment": "/experiment/name",
    "subject": "/experiment/subject",
    "scanner": "/scanner/name",
    "tracer": "/tracer/name",
    "time": "/acquisition/startTime",
}


def inspect_file(path: Path, figure: Path | None = None, *, overwrite: bool = False) -> None:
    """Print what is in an MDF file, Zarr, weights or a NIfTI image; draw the components of a system matrix, or an image.

    Raises
    ------
    InputError
        When the file is none of these or damaged, or a figure is asked for that cannot be drawn.
    """
    if figure is not None:
        refuse_existing(figure, overwrite)
        if figure.suffix not in (".png", ".svg"):
            raise InputError(f"{figure}: found the ending {figure.suffix!r}, expected .png or .svg")
    if not path.exists():
        raise InputError(f"{path}: found nothing, expected a file")
    kind, describe = _reader(path)
    if figure is not None and kind not in ("MDF", MATRIX, IMAGE):
        raise InputError(
            f"{figure}: found {kind} to draw, expected a system matrix in MDF or Zarr, or an image"
        )
    rows, problems = describe(path)
    _print(f"{path} ({kind})", rows)
    for problem in problems[:SHOWN_PROBLEMS]:
        typer.echo(f"not by the specification: {problem}", err=True)
    if len(problems) > SHOWN_PROBLEMS:
        typer.echo(f"… and {len(problems) - SHOWN_PROBLEMS} more", err=True)
    if figure is not None and kind == IMAGE:
        draw_image(path, figure)
    elif figure is not None:
        _draw(path, figure)


def _reader(path: Path) -> tuple[str, Callable[[Path], tuple[list[Row], list[str]]]]:
    if path.is_dir() and path.suffix == ".zarr":
        if holds_image(path):
            return IMAGE, describe_image
        return (MATRIX, _describe_matrix) if holds_header(path) else ("part of an ensemble", _describe_part)
    if path.suffix == ".safetensors":
        return "weights", _describe_weights
    if path.name.endswith(NIFTI):
        return IMAGE, describe_image
    if path.is_file() and h5py.is_hdf5(path):
        return "MDF", _describe_mdf
    raise InputError(f"{path}: found an unknown kind of file, expected MDF, .zarr, .safetensors or .nii.gz")


# ---------------------------------------------------------------------- MDF


def _describe_mdf(path: Path) -> tuple[list[Row], list[str]]:
    header = read_mdf_header(path)
    rows = _names(header) + _fields(header)
    problems = check_mdf(path)
    if header.get("/calibration/method") is None:
        rows += _signal_rows(path)
    else:
        with open_system_matrix_file(path) as matrix:
            rows += _matrix_rows(matrix)
    rows.append(
        ("specification", "every rule kept" if not problems else f"{len(problems)} rules broken (below)")
    )
    return rows, problems


def _names(header: MdfHeader) -> list[Row]:
    return [(name, header.text(key)) for name, key in HEADER.items() if header.get(key) is not None]


def _fields(header: MdfHeader) -> list[Row]:
    found: list[Row] = []
    strength, divider = (header.array(f"/acquisition/drivefield/{key}") for key in ("strength", "divider"))
    base = header.array("/acquisition/drivefield/baseFrequency")
    if strength is not None and divider is not None and base is not None:
        amplitudes = " × ".join(f"{1e3 * value:.4g}" for value in np.ravel(strength))
        frequencies = ", ".join(f"{float(base) / value / 1e3:.3f}" for value in np.ravel(divider))
        found += [("drive field", f"{amplitudes} mT at {frequencies} kHz")]
    gradient = header.array("/acquisition/gradient")
    if gradient is not None:
        diagonal = np.diag(np.asarray(gradient, float).reshape(-1, 3, 3)[0])
        found += [("selection field", f"{', '.join(f'{value:.4g}' for value in diagonal)} T/m along x, y, z")]
    return found


def _matrix_rows(matrix: SystemMatrixFile) -> list[Row]:
    channels, frequencies, *size = matrix.shape
    rows = [
        ("content", "system matrix"),
        ("grid", f"{' × '.join(map(str, size))} positions, {_lengths(matrix.grid.field_of_view_mm)} mm"),
        ("channels", str(channels)),
        ("frequencies", f"{frequencies}, {_range(matrix.frequency_Hz / 1e3)} kHz"),
        ("background", f"{matrix.background_frames} empty frames"),
        ("unit", matrix.unit),
        ("size", f"{8 * channels * frequencies * matrix.grid.voxels / 2**20:.1f} MiB"),
    ]
    if matrix.snr is not None:
        above = ", ".join(f"{int((matrix.snr >= level).sum())} ≥ {level}" for level in (2, 5, 10))
        rows.append(("signal-to-noise", f"{_range(matrix.snr)}; rows: {above}"))
    return rows


def _signal_rows(path: Path) -> list[Row]:
    from mpipipe.storage.mdf_front import read_mdf

    measured = read_mdf(path)
    frames, channels, frequencies = measured.shape
    return [
        ("content", "measurement"),
        ("frames", f"{frames} (background subtracted where there is one)"),
        ("channels", str(channels)),
        ("frequencies", f"{frequencies}, {_range(measured['frequency_Hz'].values / 1e3)} kHz"),
    ]


def _lengths(values: tuple[float, ...]) -> str:
    return " × ".join(f"{value:.4g}" for value in values)


def _range(values: npt.NDArray[np.floating[Any]]) -> str:
    return f"{values.min():.4g} to {values.max():.4g}"


# ------------------------------------------------------------- other files


def _describe_matrix(path: Path) -> tuple[list[Row], list[str]]:
    with open_system_matrix_file(path) as matrix:
        return _names(matrix.header) + _fields(matrix.header) + _matrix_rows(matrix), []


def _describe_part(path: Path) -> tuple[list[Row], list[str]]:
    from mpipipe.storage.ensemble import Part

    part = Part(path)
    grids = sorted({" × ".join(map(str, one.shape)) for one in part.matrices})
    shown = ", ".join(grids[:4]) + (f" and {len(grids) - 4} more" if len(grids) > 4 else "")
    return [
        ("system matrices", str(len(part.matrices))),
        ("components", f"{len(part)} in chunks of {part.chunk_length}"),
        ("grids", shown),
    ], []


def _describe_weights(path: Path) -> tuple[list[Row], list[str]]:
    from mpipipe.storage.weights import read_weights

    tensors = read_weights(path)
    count = sum(tensor.numel() for tensor in tensors.values())
    return [("tensors", str(len(tensors))), ("parameters", f"{count:,}")], []


# ------------------------------------------------------------------ output


def _print(title: str, rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, show_header=False, title_justify="left")
    for name, value in rows:
        table.add_row(name, value)
    Console().print(table, markup=False)


def _draw(path: Path, figure: Path) -> None:
    from mpipipe.config.recipe import digest
    from mpipipe.evaluation.captions import Provenance
    from mpipipe.evaluation.component_axes import extent_of
    from mpipipe.evaluation.figures import render
    from mpipipe.evaluation.matrix_overview import matrix_overview
    from mpipipe.physics.grid import Grid
    from mpipipe.storage.atomic import write_bytes

    with open_system_matrix_file(path) as matrix:
        level = _levels(matrix)
        dimensions = 2 if matrix.grid.shape[2] == 1 else 3
        shown = _strongest(matrix, level, dimensions)
        strength = level if matrix.snr is None else matrix.snr
        quantity = f"RMS / {matrix.unit}" if matrix.snr is None else "signal-to-noise ratio"
        frequency_Hz, names = matrix.frequency_Hz, [str(number) for number in range(matrix.channels)]
        grid = Grid(
            shape=matrix.grid.shape[:dimensions],
            field_of_view_mm=matrix.grid.field_of_view_mm[:dimensions],
            centre_mm=matrix.grid.centre_mm[:dimensions],
        )
    extent = extent_of(grid.field_of_view_mm, grid.centre_mm)
    provenance = Provenance(scale="measured", digest=digest({"file": path.name}), seed=0)
    drawn = render(
        matrix_overview(frequency_Hz, strength, names, shown, extent, provenance, quantity=quantity), 150
    )
    write_bytes(figure, drawn.svg if figure.suffix == ".svg" else drawn.png)
    typer.echo(
        f"{figure}: components of {path.name}; hue is the phase, brightness the modulus over its maximum"
    )


def _levels(matrix: SystemMatrixFile) -> npt.NDArray[np.float64]:
    """Return the root mean square of each row ``(channel, row)``, read in blocks."""
    level = np.zeros((matrix.channels, len(matrix.frequency)))
    for channel, start, stop in matrix.blocks():
        rows = matrix.read(channel, start, stop).reshape(stop - start, -1)
        level[channel, start:stop] = np.sqrt(np.mean(np.abs(rows) ** 2, axis=1, dtype=np.float64))
    return level


def _strongest(matrix: SystemMatrixFile, level: npt.NDArray[np.float64], dimensions: int) -> list[Any]:
    """Return components spread over the best rows, by signal-to-noise ratio where the file has it."""
    from mpipipe.evaluation.matrix_overview import ShownComponent

    rank = level if matrix.snr is None else matrix.snr
    order = np.argsort(-rank, axis=None, kind="stable")
    best = order[: max(SHOWN, min(len(order), int((rank.ravel() > 5).sum())))]
    places = best[np.unique(np.linspace(0, len(best) - 1, SHOWN).round().astype(int))]
    shown = []
    for place in places:
        channel, row = divmod(int(place), len(matrix.frequency))
        image = matrix.read(channel, row, row + 1)[0]
        label = f"channel {channel}\n{matrix.frequency_Hz[row] / 1e3:.1f} kHz"
        shown.append(ShownComponent(image[..., 0] if dimensions == 2 else image, label))
    return shown
