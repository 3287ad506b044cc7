"""Confusion matrices of a localisation: how often a sample at one position was found at another."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_axes, place_colour_bar

# In inches.
SIDE, LEFT, BELOW, HEAD, BETWEEN, ABOVE = 1.75, 0.62, 0.5, 0.42, 0.2, 0.06
BAR_GAP, BAR, BAR_LABELS = 0.16, 0.13, 0.55
COLOURS = "Blues"


@dataclass(frozen=True)
class ConfusionMatrix:
    """Counts of one method.

    Attributes
    ----------
    title : str
        Method and condition, of one or two lines.
    counts : (true position, estimated position) ndarray of int64
        Rows.
    """

    title: str
    counts: npt.NDArray[np.int64]


def confusion_figure(
    matrices: Sequence[ConfusionMatrix],
    position_mm: npt.NDArray[np.float64],
    provenance: Provenance,
    *,
    columns: int,
) -> Figure:
    """Draw confusion matrices side by side on one scale of counts; a perfect method has its counts on the diagonal.

    Parameters
    ----------
    matrices : sequence of ConfusionMatrix
        From the upper left, row by row.
    position_mm : (position,) ndarray of float64
        Positions in equal steps.
    provenance : Provenance
        Run, for the footer.
    columns : int
        Matrices in a row.

    Raises
    ------
    InputError
        When there is no matrix, or one does not fit the positions.
    """
    if not matrices:
        raise InputError("matrices: found none, expected at least one")
    size = len(position_mm)
    for one in matrices:
        if one.counts.shape != (size, size):
            raise InputError(
                f"matrices: found {one.title!r} of shape {one.counts.shape}, expected {(size, size)}"
            )
    columns = min(columns, len(matrices))
    lines = -(-len(matrices) // columns)
    across, up = columns * SIDE + (columns - 1) * BETWEEN, lines * (SIDE + HEAD)
    bottom = FOOTER + BELOW
    highest = max(int(one.counts.max()) for one in matrices)
    norm = BoundaryNorm(np.arange(highest + 2) - 0.5, mpl.colormaps[COLOURS].N)
    with style():
        figure = inch_figure(LEFT + across + BAR_GAP + BAR + BAR_LABELS, bottom + up + ABOVE, provenance)
        for number, one in enumerate(matrices):
            line, column = divmod(number, columns)
            left, low = LEFT + column * (SIDE + BETWEEN), bottom + up - (line + 1) * (SIDE + HEAD)
            axes = place_axes(figure, left, low, SIDE, SIDE)
            _draw(axes, one, position_mm, norm)
            last = number + columns >= len(matrices)
            axes.tick_params(length=2, labelbottom=last, labelleft=column == 0)
            axes.set_xlabel("true position (mm)" if last else "")
            axes.set_ylabel("estimated position (mm)" if column == 0 else "")
        place = (LEFT + across + BAR_GAP, bottom, BAR, up - HEAD)
        bar = place_colour_bar(figure, place, norm, COLOURS, ticks=range(highest + 1))
        bar.set_label("measured rows")
    return figure


def _draw(
    axes: Axes, matrix: ConfusionMatrix, position_mm: npt.NDArray[np.float64], norm: BoundaryNorm
) -> None:
    half = (position_mm[1] - position_mm[0]) / 2 if len(position_mm) > 1 else 0.5
    edges = (position_mm[0] - half, position_mm[-1] + half)
    axes.imshow(
        matrix.counts.T,
        origin="lower",
        extent=(*edges, *edges),
        cmap=COLOURS,
        norm=norm,
        interpolation="nearest",
    )
    axes.set_title(matrix.title)
    ticks = position_mm[:: max(1, (len(position_mm) - 1) // 4)]
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
