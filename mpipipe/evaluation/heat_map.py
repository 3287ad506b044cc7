"""Numbers as a colour map with the numbers in its cells, in blocks of rows on one scale (Ergun 2022, figure 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import MISSING_GREY
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_axes, place_colour_bar
from mpipipe.evaluation.tables import format_number

# In inches.
WIDEST, CELL_WIDTH, CELL_HEIGHT, BLOCK_GAP = 8.5, 0.56, 0.3, 0.12
LABEL, LETTER, TOP, BELOW, BAR_GAP, BAR, BAR_LABELS = 0.34, 0.068, 0.12, 0.45, 0.14, 0.12, 0.55
COLOURS, DARK = "viridis", 0.179
"""Below this relative luminance white text has the larger contrast: (1 + 0.05)/(L + 0.05) = (L + 0.05)/0.05."""


@dataclass(frozen=True)
class HeatBlock:
    """Rows of a heat map that belong together.

    Attributes
    ----------
    rows : sequence of str
        Label of each row.
    values : (row, column) ndarray of float
        Numbers; NaN where there is none.
    label : str
        What the labels are, such as ``Training SNR``; empty for nothing.
    marked : sequence of (int, int)
        Cells that have a frame, by row and column.
    """

    rows: Sequence[str]
    values: npt.NDArray[np.floating[Any]]
    label: str = ""
    marked: Sequence[tuple[int, int]] = ()


def heat_map(
    columns: Sequence[str],
    blocks: Sequence[HeatBlock],
    provenance: Provenance,
    *,
    column_label: str,
    value_label: str,
    spec: str = ".1f",
) -> Figure:
    """Draw blocks of rows below one another on one colour scale, with the number in each cell.

    Parameters
    ----------
    columns : sequence of str
        Label of each column.
    blocks : sequence of HeatBlock
        Blocks from the top, with a gap between them.
    provenance : Provenance
        Run, for the footer.
    column_label, value_label : str
        What the columns and the numbers are.
    spec : str
        Format of a number.

    Returns
    -------
    matplotlib.figure.Figure
        At most 8.5 inches wide. The first row of a block stands at its lower edge, as on an axis.

    Raises
    ------
    InputError
        When there is no block or no number, or a block does not fit its labels.
    """
    _check(columns, blocks)
    finite = np.concatenate([block.values[np.isfinite(block.values)] for block in blocks])
    norm = Normalize(float(finite.min()), float(finite.max()))
    left = max(_label_width(block) for block in blocks)
    cell = min(CELL_WIDTH, (WIDEST - left - BAR_GAP - BAR - BAR_LABELS) / len(columns))
    width, bottom = cell * len(columns), FOOTER + BELOW
    inside = sum(_height(block) for block in blocks) + BLOCK_GAP * (len(blocks) - 1)
    with style():
        figure = inch_figure(left + width + BAR_GAP + BAR + BAR_LABELS, bottom + inside + TOP, provenance)
        low = bottom + inside
        for block in blocks:
            low -= _height(block)
            axes = place_axes(figure, left, low, width, _height(block))
            _draw_block(axes, block, norm, spec)
            axes.set_xticks(range(len(columns)), list(columns))
            axes.tick_params(length=0, labelbottom=block is blocks[-1])
            low -= BLOCK_GAP
        axes.set_xlabel(column_label)
        bar = place_colour_bar(figure, (left + width + BAR_GAP, bottom, BAR, inside), norm, COLOURS)
        bar.set_label(value_label)
        bar.ax.tick_params(length=2)
        bar.ax.locator_params(nbins=6)
    return figure


def _label_width(block: HeatBlock) -> float:
    letters = max(len(line) for row in block.rows for line in row.splitlines())
    return 0.1 + LETTER * letters + LABEL * bool(block.label)


def _height(block: HeatBlock) -> float:
    return CELL_HEIGHT * len(block.rows)


def _check(columns: Sequence[str], blocks: Sequence[HeatBlock]) -> None:
    if not blocks:
        raise InputError("blocks: found none, expected at least one")
    for block in blocks:
        if block.values.shape != (len(block.rows), len(columns)):
            raise InputError(
                f"blocks: found numbers of shape {block.values.shape}, "
                f"expected {(len(block.rows), len(columns))}, one a row and column"
            )
    if not any(np.isfinite(block.values).any() for block in blocks):
        raise InputError("blocks: found no number, expected at least one")


def _draw_block(axes: Axes, block: HeatBlock, norm: Normalize, spec: str) -> None:
    colours = mpl.colormaps[COLOURS]
    axes.set_facecolor(MISSING_GREY)
    axes.imshow(
        np.ma.masked_invalid(block.values),
        cmap=colours,
        norm=norm,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_yticks(range(len(block.rows)), list(block.rows))
    short = LETTER * len(block.label) > _height(block)
    axes.set_ylabel(block.label.replace(" ", "\n") if short else block.label)
    for (row, column), value in np.ndenumerate(block.values):
        known = bool(np.isfinite(value))
        dark = known and _luminance(colours(norm(value))) < DARK
        text = format_number(float(value), spec)
        weight = "bold" if (row, column) in block.marked else "normal"
        colour = "white" if dark else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour, weight=weight)
    for row, column in block.marked:
        # White around black is seen on every colour.
        for colour, width in (("white", 2.4), ("black", 1.0)):
            corner = (column - 0.44, row - 0.42)
            axes.add_patch(Rectangle(corner, 0.88, 0.84, fill=False, edgecolor=colour, linewidth=width))


def _luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance of an sRGB colour (ITU-R BT.709), 0 to 1."""
    encoded = np.asarray(colour[:3])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
