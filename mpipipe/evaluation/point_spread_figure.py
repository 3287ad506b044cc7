"""A gridded point source beside the theoretical point spread: images, difference and a profile."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent
from mpipipe.evaluation.figures import BLACK, VERMILION, style
from mpipipe.evaluation.inch_layout import inch_figure, place_axes, place_text
from mpipipe.evaluation.placed_image import COLLINEAR_COLOURS, DIFFERENCE_COLOURS, Image, Scale, inner_ticks
from mpipipe.evaluation.scaled_grid import TOP, Column, arrange, check_rows, draw_grid, title_height

PARTITIONS = ("45° partition", "135° partition")
COLUMNS = (
    Column("gridded", "spread"),
    Column("theory", "spread"),
    Column("gridded − theory", "difference"),
)
# In inches.
PANEL, APART, PROFILE, RIGHT = 1.45, 0.62, 1.95, 0.12


@dataclass(frozen=True)
class PointSource:
    """Images of one point source.

    Attributes
    ----------
    gridded, theory : (partition, x, y) ndarray of float
        Collinear images of the 45° and the 135° partition.
    extent_mm : tuple of float
        Edges of the grid: lower and upper along x and y.
    pixel : tuple of int
        Pixel of the source along x and y.
    """

    gridded: npt.NDArray[np.floating[Any]]
    theory: npt.NDArray[np.floating[Any]]
    extent_mm: Extent
    pixel: tuple[int, int]

    @property
    def peak(self) -> float:
        """Largest value of the theory."""
        return float(self.theory.max())

    @property
    def difference_percent(self) -> npt.NDArray[np.float64]:
        """Gridded minus theory ``(partition, x, y)``, in percent of the peak."""
        return np.asarray(100 * (self.gridded - self.theory) / self.peak, np.float64)

    @property
    def inner_difference_percent(self) -> float:
        """Largest modulus of the difference in the central half of the field of view along each axis."""
        inner = [slice(size // 4, size - size // 4) for size in self.theory.shape[1:]]
        return float(np.abs(self.difference_percent[(slice(None), *inner)]).max())


def point_spread_figure(source: PointSource, provenance: Provenance) -> Figure:
    """Draw gridded and theoretical images, their difference, and profiles along x through the source.

    Parameters
    ----------
    source : PointSource
        Images; all are drawn over the peak of the theory.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure
        At most 8.5 inches wide, one row a partition.

    Raises
    ------
    InputError
        When the arrays differ in shape, have not two partitions, or the theory is nowhere above 0.
    """
    _check(source)
    difference = source.difference_percent
    reach = float(np.abs(difference).max())
    scales = {
        "spread": Scale("over the theory's peak", 0, 1, COLLINEAR_COLOURS),
        "difference": Scale("% of the peak", -reach, reach, DIFFERENCE_COLOURS),
    }
    rows: dict[str, list[Image]] = {
        name: [source.gridded[k] / source.peak, source.theory[k] / source.peak, difference[k]]
        for k, name in enumerate(PARTITIONS)
    }
    check_rows(COLUMNS, rows, source.extent_mm)
    places = arrange(COLUMNS, len(rows), source.extent_mm, panel=PANEL)
    left, height = places.right + APART, places.panel[1]
    with style():
        figure = inch_figure(left + PROFILE + RIGHT, places.top + TOP + title_height(COLUMNS), provenance)
        draw_grid(figure, places, COLUMNS, rows, scales, source.extent_mm)
        for number, bottom in enumerate(places.bottoms):
            axes = place_axes(figure, left, bottom, PROFILE, height)
            _draw_profile(axes, source, number, last=number == len(rows) - 1)
        text = "profile along x"
        place_text(
            figure, left + PROFILE / 2, places.top + 0.04, text, fontsize=7.5, ha="center", va="bottom"
        )
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="lower center",
            ncols=2,
            bbox_to_anchor=((left + PROFILE / 2) / figure.get_figwidth(), 0.24 / figure.get_figheight()),
        )
    return figure


def _check(source: PointSource) -> None:
    shape = source.theory.shape
    if source.gridded.shape != shape or len(shape) != 3 or shape[0] != len(PARTITIONS):
        raise InputError(
            f"source: found gridded {source.gridded.shape} and theory {shape}, expected both (2, x, y)"
        )
    if not source.peak > 0:
        raise InputError(f"source: found a theory with the maximum {source.peak:g}, expected one above 0")


def _draw_profile(axes: Axes, source: PointSource, partition: int, *, last: bool) -> None:
    low, high = source.extent_mm[:2]
    size = source.theory.shape[1]
    x = low + (np.arange(size) + 0.5) * (high - low) / size
    row = source.pixel[1]
    axes.plot(x, source.theory[partition, :, row] / source.peak, color=BLACK, linewidth=1.2, label="theory")
    axes.plot(
        x,
        source.gridded[partition, :, row] / source.peak,
        color=VERMILION,
        linewidth=1.2,
        linestyle="--",
        label="gridded",
    )
    axes.set_xlim(low, high)
    axes.set_ylim(min(0.0, float(source.gridded.min()) / source.peak) - 0.05, 1.1)
    axes.set_xticks(inner_ticks(low, high))
    axes.set_yticks([0, 0.5, 1])
    axes.tick_params(length=2, labelbottom=last)
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    if last:
        axes.set_xlabel("x / mm", labelpad=2)
