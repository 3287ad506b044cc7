"""A few components before and after a restoration, as a picture."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mpipipe.cli.matrix_file import OpenMatrix
from mpipipe.errors import InputError
from mpipipe.evaluation.before_after import BeforeAfter, before_after
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import extent_of
from mpipipe.evaluation.figures import style
from mpipipe.physics.grid import Grid
from mpipipe.restorers.matrix_restorer import MatrixRestorer
from mpipipe.storage.atomic import write_bytes

SHOWN = 4
SIGNAL = 0.3
"""Largest σ/max|s| of components that are preferred: noisier ones show little."""
KINDS = (".png", ".svg", ".pdf")
DPI = 200
DIFFERENCE = (
    "Difference: restored less measured at measured voxels, five times as bright. How smooth a component looks does not say "
    "how right it is."
)


def check_figure(path: Path, *, overwrite: bool) -> None:
    """Refuse a picture of an unknown kind, or one that is there already."""
    if path.suffix not in KINDS:
        raise InputError(f"{path}: found {path.suffix or 'no suffix'!r}, expected one of {', '.join(KINDS)}")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: found a file, expected none; --overwrite replaces it")


def shown_components(relative: npt.NDArray[np.float64]) -> list[int]:
    """Return components from least to most noise among those with signal.

    Parameters
    ----------
    relative : (component,) ndarray of float64
        σ over the largest modulus of each component; infinite where one is zero.
    """
    order = np.argsort(relative, kind="stable")
    some = order[relative[order] < SIGNAL]
    some = some if len(some) else order
    places = np.linspace(0, len(some) - 1, min(SHOWN, len(some))).round().astype(int)
    return [int(some[place]) for place in places]


def write_before_after(
    path: Path,
    matrix: OpenMatrix,
    restorer: MatrixRestorer,
    sigma: float | None,
    relative: npt.NDArray[np.float64],
    grid: Grid | None,
) -> None:
    """Draw a few components of a matrix as measured and restored, and write the picture.

    Parameters
    ----------
    path : Path
        Picture.
    matrix : OpenMatrix
        Measured matrix.
    restorer : MatrixRestorer
        What restores it.
    sigma : float or None
        Noise level that was given.
    relative : (component,) ndarray of float64
        σ over the largest modulus of each component.
    grid : Grid or None
        Restored grid; None where only its voxels are known.
    """
    plane = tuple(size for size in restorer.target if size > 1)
    components = [
        _component(matrix, restorer, sigma, number, relative[number]) for number in shown_components(relative)
    ]
    card = restorer.card
    drawn = grid or Grid(shape=restorer.target, field_of_view_mm=tuple(map(float, restorer.target)))
    unit = "mm" if grid is not None else "voxel"
    figure = before_after(
        components,
        card.method,
        card.factor,
        extent_of(drawn.field_of_view_mm[: len(plane)], drawn.centre_mm[: len(plane)]),
        f"{matrix.path.name}, {restorer.task} with {card.method}: components with signal, from least noise (top) to most; "
        f"hue is the phase, brightness the modulus over the measured one's maximum. {DIFFERENCE}",
        Provenance(scale=card.scale, digest=card.provenance, seed=card.seed),
        length_unit=unit,
    )
    target = io.BytesIO()
    with style():
        figure.savefig(target, format=path.suffix[1:], dpi=DPI, bbox_inches="tight")
    write_bytes(path, target.getvalue())


def _component(
    matrix: OpenMatrix, restorer: MatrixRestorer, sigma: float | None, number: int, relative: float
) -> BeforeAfter:
    channel, row = divmod(number, matrix.rows)
    read = matrix.read(channel, row, row + 1)
    level = matrix.noise(channel, row, row + 1) if sigma is None else sigma
    restored = restorer.restore(read, level).values
    measured = restorer.measured(read)
    plain = tuple(size for size in restored.shape[1:] if size > 1)
    return BeforeAfter(
        measured[0],
        restored.reshape(plain),
        (restorer.at_measured(restored) - measured)[0],
        f"{matrix.label(channel, row)}\nσ/max|s| = {relative:.2g}",
    )
