"""Images in rows and columns on one grid and one scale, with their errors below (Peng 2024, figures 3 to 6)."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent, as_picture, check_extent
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_axes, place_colour_bar, place_text
from mpipipe.evaluation.orthogonal_views import CONCENTRATION_COLOURS

# In inches.
WIDEST, PANEL, GAP, ROW_GAP = 8.5, 1.1, 0.06, 0.12
LABEL, LEFT, TOP, BELOW = 0.3, 0.48, 0.08, 0.4
TITLE_LINE, SCORE_LINE, BAR_GAP, BAR, BAR_LABELS, LONGEST_BAR = 0.15, 0.12, 0.1, 0.11, 0.62, 2.4
LETTERS_AN_INCH, TITLE_LETTERS, SHORT_BAR, NARROW = 19, 16, 1.0, 0.65
CAPITAL = 0.25
"""Room that a capital takes beyond that of a letter, in letters."""
ERROR_COLOURS = "viridis"
"""Errors do not look like images."""


@dataclass(frozen=True)
class GridRow:
    """One row of images.

    Attributes
    ----------
    label : str
        What stands left of it; empty for nothing.
    images : sequence of (x, y) ndarray of float
        Images, one a column.
    scores : sequence of str
        What stands above each image, one or more lines; empty for nothing.
    """

    label: str
    images: Sequence[npt.NDArray[np.floating[Any]]]
    scores: Sequence[str] = ()

    @property
    def score_height(self) -> float:
        """Height of the scores in inches."""
        return SCORE_LINE * max((len(score.splitlines()) for score in self.scores), default=0)


@dataclass(frozen=True)
class _Layout:
    """Where columns and rows stand, in inches from the lower left corner."""

    left: float
    panel: tuple[float, float]
    tops: tuple[float, ...]
    height: float
    errors: bool

    def column(self, number: int) -> float:
        return self.left + number * (self.panel[0] + GAP)

    def error_top(self, row: int) -> float:
        return self.tops[row] - self.panel[1] - GAP


def image_grid(
    titles: Sequence[str],
    rows: Sequence[GridRow],
    extent_mm: Extent,
    provenance: Provenance,
    *,
    unit: str = "relative to the calibration sample",
    peak: float = 1.0,
    error_peak: float | None = None,
) -> Figure:
    r"""Draw images in rows and columns with one colour bar, and their errors below with another one.

    Parameters
    ----------
    titles : sequence of str
        Heading of each column; empty for none.
    rows : sequence of GridRow
        Rows, all on one grid.
    extent_mm : tuple of float
        Edges of the grid: lower and upper along x and y.
    provenance : Provenance
        Run, for the footer.
    unit : str
        What a concentration is relative to, for the colour bar.
    peak : float
        Upper end of the scale of the images.
    error_peak : float, optional
        Upper end of the scale of the errors \|image − first image of the row\|, which are drawn below all
        images but the first; none given draws no errors.

    Returns
    -------
    matplotlib.figure.Figure
        At most 8.5 inches wide.

    Raises
    ------
    InputError
        When there is no row, or a row does not fit the columns, the grid, or the extent.
    """
    _check(titles, rows, extent_mm)
    letters = int(_panel_width(rows, len(titles)) * TITLE_LETTERS)
    titles = ["\n".join(_broken(line, letters) for line in title.splitlines()) for title in titles]
    layout = _arrange(titles, rows, extent_mm, errors=error_peak is not None)
    norm, error_norm = Normalize(0, peak), Normalize(0, error_peak)
    width = layout.column(len(titles)) + BAR_GAP + BAR + BAR_LABELS
    with style():
        figure = inch_figure(width, layout.height, provenance)
        for number, title in enumerate(titles):
            middle = layout.column(number) + layout.panel[0] / 2
            up = layout.tops[0] + 0.03 + rows[0].score_height
            place_text(figure, middle, up, title, fontsize=7, ha="center", va="bottom")
        for number, row in enumerate(rows):
            _draw_row(figure, layout, number, row, extent_mm, norm, last=number == len(rows) - 1)
            if layout.errors:
                _draw_errors(figure, layout, number, row, extent_mm, error_norm, last=number == len(rows) - 1)
        _draw_bars(figure, layout, [(norm, CONCENTRATION_COLOURS, f"concentration, {unit}")]
                   + [(error_norm, ERROR_COLOURS, "|error|, same unit")] * layout.errors)  # fmt: skip
    return figure


def _check(titles: Sequence[str], rows: Sequence[GridRow], extent_mm: Extent) -> None:
    if not rows:
        raise InputError("rows: found none, expected at least one row of images")
    for row in rows:
        if len(row.images) != len(titles) or len(row.scores) not in (0, len(titles)):
            raise InputError(
                f"rows: {row.label}: found {len(row.images)} images and {len(row.scores)} scores, "
                f"expected {len(titles)} images, one a column, and as many scores or none"
            )
        for image in row.images:
            check_extent(f"rows: {row.label}", extent_mm, image.ndim)
            if image.shape != rows[0].images[0].shape:
                raise InputError(
                    f"rows: {row.label}: found shape {image.shape}, expected {rows[0].images[0].shape} as the first image"
                )


def _broken(title: str, letters: int) -> str:
    """Return a title in lines that its column has room for, broken between words, and behind an underscore."""
    lines = textwrap.wrap(title, max(letters, 1), break_long_words=False, break_on_hyphens=False)
    wide = [len(line) + CAPITAL * sum(map(str.isupper, line)) > letters for line in lines]
    return "\n".join(
        line.replace("_", "_\n") if broken else line for line, broken in zip(lines, wide, strict=True)
    )


def _left(rows: Sequence[GridRow]) -> float:
    return LEFT + LABEL * any(row.label for row in rows)


def _panel_width(rows: Sequence[GridRow], columns: int) -> float:
    return min(PANEL, (WIDEST - _left(rows) - BAR_GAP - BAR - BAR_LABELS) / columns - GAP)


def _arrange(titles: Sequence[str], rows: Sequence[GridRow], extent_mm: Extent, *, errors: bool) -> _Layout:
    left, width = _left(rows), _panel_width(rows, len(titles))
    panel = (width, width * (extent_mm[3] - extent_mm[2]) / (extent_mm[1] - extent_mm[0]))
    lines = max((len(title.splitlines()) for title in titles), default=0)
    used, downs = TOP + TITLE_LINE * lines, []
    for row in rows:
        downs.append(used + row.score_height + 0.02)
        used = downs[-1] + panel[1] + (GAP + panel[1]) * errors + ROW_GAP
    height = used - ROW_GAP + BELOW + FOOTER
    return _Layout(left, panel, tuple(height - down for down in downs), height, errors)


def _draw_row(
    figure: Figure,
    layout: _Layout,
    number: int,
    row: GridRow,
    extent_mm: Extent,
    norm: Normalize,
    *,
    last: bool,
) -> None:
    top, (width, height) = layout.tops[number], layout.panel
    for column, image in enumerate(row.images):
        axes = place_axes(figure, layout.column(column), top - height, width, height)
        _draw_image(axes, image, extent_mm, norm, CONCENTRATION_COLOURS)
        # Where an error map follows, that one carries the axis.
        bottom = last and (not layout.errors or column == 0)
        _label(axes, extent_mm, narrow=width < NARROW, left=column == 0, bottom=bottom)
        if row.scores and row.scores[column]:
            middle = layout.column(column) + width / 2
            place_text(figure, middle, top + 0.025, row.scores[column], fontsize=6, ha="center", va="bottom")
    lower = layout.error_top(number) - height if layout.errors else top - height
    place_text(
        figure,
        *(LABEL / 2 + 0.02, (top + lower) / 2),
        row.label,
        rotation=90,
        ha="center",
        va="center",
        multialignment="center",
    )


def _draw_errors(
    figure: Figure,
    layout: _Layout,
    number: int,
    row: GridRow,
    extent_mm: Extent,
    norm: Normalize,
    *,
    last: bool,
) -> None:
    width, height = layout.panel
    truth, *estimates = row.images
    for column, image in enumerate(estimates, 1):
        place = (layout.column(column), layout.error_top(number) - height, width, height)
        axes = place_axes(figure, *place)
        _draw_image(axes, np.abs(image - truth), extent_mm, norm, ERROR_COLOURS)
        _label(axes, extent_mm, narrow=width < NARROW, left=False, bottom=last)


def _draw_image(
    axes: Axes, image: npt.NDArray[np.floating[Any]], extent_mm: Extent, norm: Normalize, colours: str
) -> None:
    axes.imshow(
        as_picture(image),
        extent=(extent_mm[0], extent_mm[1], extent_mm[2], extent_mm[3]),
        origin="lower",
        cmap=colours,
        norm=norm,
        aspect="auto",
        interpolation="nearest",
    )


def _label(axes: Axes, extent_mm: Extent, *, narrow: bool, left: bool, bottom: bool) -> None:
    """Set three ticks an axis, well inside, so that labels of neighbours do not touch; two where it is narrow."""
    axes.set_xticks(_ticks(extent_mm[0], extent_mm[1])[:: 2 if narrow else 1])
    axes.set_yticks(_ticks(extent_mm[2], extent_mm[3]))
    axes.tick_params(length=2, labelleft=left, labelbottom=bottom)
    if left:
        axes.set_ylabel("y / mm", labelpad=2)
    if bottom:
        axes.set_xlabel("x / mm", labelpad=2)


def _ticks(low: float, high: float) -> list[float]:
    """Return a round number near the middle, and one on each side, at most 0.6 of the way to the edge."""
    reach = 0.3 * (high - low)
    power = 10.0 ** np.floor(np.log10(reach))
    step = float(max(digit * power for digit in (1, 2, 5) if digit * power <= reach))
    middle = round((low + high) / 2 / step) * step
    return [middle - step, middle, middle + step]


def _draw_bars(figure: Figure, layout: _Layout, bars: Sequence[tuple[Normalize, str, str]]) -> None:
    """Draw the colour bars below one another, right of the panels."""
    step = (layout.tops[0] - BELOW - FOOTER) / len(bars)
    length = min(step - 0.15 * (len(bars) - 1), LONGEST_BAR)
    for number, (norm, colours, label) in enumerate(bars):
        low = layout.tops[0] - number * step - length
        place = (figure.get_figwidth() - BAR - BAR_LABELS, low, BAR, length)
        bar = place_colour_bar(figure, place, norm, colours, extend="max")
        # What a short bar has no room for is left to the caption.
        text = label if length > SHORT_BAR else label.split(",")[0]
        broken = text.replace(", ", ",\n") if len(text) > length * LETTERS_AN_INCH else text
        bar.set_label(broken, fontsize=7)
        bar.ax.tick_params(length=2)
        bar.ax.locator_params(nbins=5)
