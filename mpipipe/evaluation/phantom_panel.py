"""The phantoms of the restoration study side by side, to scale (Tsanda 2025, figure 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent, check_extent, extent_of
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_colour_bar, place_text
from mpipipe.evaluation.orthogonal_views import (
    BELOW,
    CONCENTRATION_COLOURS,
    LEFT,
    block_size,
    draw_block,
    views,
)

# In inches; WIDEST is the longest edge of all phantoms.
WIDEST, TEXT_WIDTH, BETWEEN, HEAD, BAR, BAR_LABELS = 1.6, 1.35, 0.15, 0.5, 0.13, 0.75


@dataclass(frozen=True)
class RenderedPhantom:
    """A phantom on a grid.

    Attributes
    ----------
    title : str
        Name of the phantom.
    concentration : (x, y[, z]) ndarray of float
        Concentration relative to the calibration sample.
    field_of_view_mm : (axis,) tuple of float
        Edge lengths of the grid, centred at the origin.
    """

    title: str
    concentration: npt.NDArray[np.floating[Any]]
    field_of_view_mm: tuple[float, ...]

    @property
    def extent_mm(self) -> Extent:
        """Edges of the grid."""
        return extent_of(self.field_of_view_mm)

    @property
    def text(self) -> str:
        """Field of view and grid."""
        field = " × ".join(f"{edge:g}" for edge in self.field_of_view_mm)
        grid = " × ".join(str(size) for size in self.concentration.shape)
        return f"{field} mm\n{grid} voxels"


def phantom_panel(phantoms: Sequence[RenderedPhantom], provenance: Provenance) -> Figure:
    """Draw phantoms in one row at one scale, volumes as maximum-intensity projections onto xy, zy and xz.

    Parameters
    ----------
    phantoms : sequence of RenderedPhantom
        Columns.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no phantom, or an array has not the axes of its field of view.
    """
    if not phantoms:
        raise InputError("phantoms: found none, expected at least one")
    for phantom in phantoms:
        check_extent(f"phantoms: {phantom.title}", phantom.extent_mm, phantom.concentration.ndim)
    scale = WIDEST / max(edge for phantom in phantoms for edge in phantom.field_of_view_mm)
    sizes = [block_size(phantom.extent_mm, scale) for phantom in phantoms]
    columns = [LEFT + max(width, TEXT_WIDTH) + BETWEEN for width, _ in sizes]
    peak = max(float(phantom.concentration.max()) for phantom in phantoms)
    norm = Normalize(0, peak or 1)
    total = HEAD + max(height for _, height in sizes) + BELOW + FOOTER
    with style():
        figure = inch_figure(sum(columns) + BAR + BAR_LABELS, total, provenance)
        left = LEFT
        for phantom, (width, _), step in zip(phantoms, sizes, columns, strict=True):
            shown = views(phantom.concentration, phantom.extent_mm, "maximum")
            draw_block(figure, left, total - HEAD, shown, phantom.extent_mm, scale, norm)
            _write_heading(figure, phantom, left + width / 2, total)
            left += step
        length = min(total - HEAD - BELOW - FOOTER, 2.2)
        place = (sum(columns), total - HEAD - length, BAR, length)
        bar = place_colour_bar(figure, place, norm, CONCENTRATION_COLOURS)
        bar.set_label("concentration\n(relative to the calibration sample)")
        bar.ax.tick_params(length=2)
    return figure


def _write_heading(figure: Figure, phantom: RenderedPhantom, middle: float, total: float) -> None:
    place_text(figure, middle, total - 0.2, phantom.title, fontsize=8.5, ha="center", va="bottom")
    place_text(figure, middle, total - HEAD + 0.04, phantom.text, fontsize=6.5, ha="center", va="bottom")
