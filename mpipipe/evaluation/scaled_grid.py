"""Images in rows and columns, where columns of one quantity share a scale and the bar below them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent, check_extent
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_text
from mpipipe.evaluation.placed_image import Image, Scale, place_image, place_scale

# In inches.
WIDEST, PANEL, GAP, SCALE_GAP, ROW_GAP = 8.5, 1.4, 0.07, 0.22, 0.12
LABEL, LEFT, RIGHT, TOP, TITLE_LINE = 0.3, 0.48, 0.15, 0.08, 0.15
TICKS, BAR, BAR_LABELS = 0.42, 0.09, 0.36


@dataclass(frozen=True)
class Column:
    """What all images of a column have in common.

    Attributes
    ----------
    title : str
        What stands above it, one or more lines.
    scale : str
        Name of its scale; neighbours with the same name share a bar.
    """

    title: str
    scale: str


@dataclass(frozen=True)
class GridPlaces:
    """Where a grid of images stands, in inches from the lower left corner.

    Attributes
    ----------
    lefts : tuple of float
        Left edge of each column.
    bottoms : tuple of float
        Lower edge of each row.
    panel : tuple of float
        Width and height of an image.
    """

    lefts: tuple[float, ...]
    bottoms: tuple[float, ...]
    panel: tuple[float, float]

    @property
    def right(self) -> float:
        """Right edge of the last column."""
        return self.lefts[-1] + self.panel[0]

    @property
    def top(self) -> float:
        """Upper edge of the first row."""
        return self.bottoms[0] + self.panel[1]


def scaled_grid(
    columns: Sequence[Column],
    rows: Mapping[str, Sequence[Image]],
    scales: Mapping[str, Scale],
    extent_mm: Extent,
    provenance: Provenance,
) -> Figure:
    """Draw images in rows and columns; each scale has a bar below its columns.

    Parameters
    ----------
    columns : sequence of Column
        Columns; those of one scale stand next to each other.
    rows : mapping of str to sequence of (x, y) ndarray of float
        Images of each row by its label, one a column.
    scales : mapping of str to Scale
        Scales by name.
    extent_mm : tuple of float
        Edges of the grid: lower and upper along x and y.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure
        At most 8.5 inches wide.

    Raises
    ------
    InputError
        When there is no row, or a row does not fit the columns or the extent.
    """
    check_rows(columns, rows, extent_mm)
    places = arrange(columns, len(rows), extent_mm)
    height = places.top + TOP + title_height(columns)
    with style():
        figure = inch_figure(places.right + RIGHT, height, provenance)
        draw_grid(figure, places, columns, rows, scales, extent_mm)
    return figure


def check_rows(columns: Sequence[Column], rows: Mapping[str, Sequence[Image]], extent_mm: Extent) -> None:
    """Raise `InputError` unless there are rows and each has one image a column."""
    if not rows:
        raise InputError("rows: found none, expected at least one row of images")
    for label, images in rows.items():
        if len(images) != len(columns):
            raise InputError(
                f"rows: {label}: found {len(images)} images, expected {len(columns)}, one a column"
            )
        for image in images:
            check_extent(f"rows: {label}", extent_mm, image.ndim)


def arrange(
    columns: Sequence[Column], rows: int, extent_mm: Extent, widest: float = WIDEST, panel: float = PANEL
) -> GridPlaces:
    """Return where the images stand above ticks, bars and footer, when all may be `widest` inches wide."""
    gaps = [GAP if one.scale == other.scale else SCALE_GAP for one, other in pairwise(columns)]
    room = widest - LABEL - LEFT - RIGHT - sum(gaps)
    width = min(panel, room / len(columns))
    height = width * (extent_mm[3] - extent_mm[2]) / (extent_mm[1] - extent_mm[0])
    lefts = [LABEL + LEFT]
    for gap in gaps:
        lefts.append(lefts[-1] + width + gap)
    lowest = FOOTER + BAR_LABELS + BAR + TICKS
    bottoms = [lowest + (rows - 1 - number) * (height + ROW_GAP) for number in range(rows)]
    return GridPlaces(tuple(lefts), tuple(bottoms), (width, height))


def title_height(columns: Sequence[Column]) -> float:
    """Return the height that the titles take, in inches."""
    return TITLE_LINE * max(len(column.title.splitlines()) for column in columns) + 0.04


def draw_grid(
    figure: Figure,
    places: GridPlaces,
    columns: Sequence[Column],
    rows: Mapping[str, Sequence[Image]],
    scales: Mapping[str, Scale],
    extent_mm: Extent,
) -> None:
    """Draw titles, row labels, images and bars of a grid whose places are known."""
    width, height = places.panel
    for column, left in zip(columns, places.lefts, strict=True):
        place_text(
            figure, left + width / 2, places.top + 0.04, column.title, fontsize=7.5, ha="center", va="bottom"
        )
    for (label, images), bottom in zip(rows.items(), places.bottoms, strict=True):
        middle = bottom + height / 2
        place_text(figure, LABEL / 2 + 0.02, middle, label, rotation=90, ha="center", va="center")
        for number, (column, image) in enumerate(zip(columns, images, strict=True)):
            place_image(
                *(figure, (places.lefts[number], bottom, width, height), image, extent_mm),
                scales[column.scale],
                left=number == 0,
                bottom=bottom == places.bottoms[-1],
            )
    for name, first, last in _runs(columns):
        left, right = places.lefts[first], places.lefts[last] + width
        place_scale(figure, (left, FOOTER + BAR_LABELS, right - left, BAR), scales[name], flat=True)


def _runs(columns: Sequence[Column]) -> list[tuple[str, int, int]]:
    """Return each run of columns with one scale: its name, first and last column."""
    runs: list[tuple[str, int, int]] = []
    for number, column in enumerate(columns):
        if runs and runs[-1][0] == column.scale:
            runs[-1] = (column.scale, runs[-1][1], number)
        else:
            runs.append((column.scale, number, number))
    return runs
