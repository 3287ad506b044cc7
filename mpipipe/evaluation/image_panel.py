"""Reconstructed images side by side on one scale (Tsanda 2025, figures 3 to 6; Peng 2024, figure 4)."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent, check_extent
from mpipipe.evaluation.figures import style, wrapped
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_colour_bar, place_text
from mpipipe.evaluation.orthogonal_views import (
    BELOW,
    CONCENTRATION_COLOURS,
    LEFT,
    Projection,
    block_size,
    centre_of,
    draw_block,
    views,
)

# In inches.
PLANE_WIDTH, TALLEST, BLOCK_WIDTH = 1.45, 2.2, 2.1
BETWEEN, LINE, SCORE_LINE, BAR, BAR_LABELS = 0.2, 0.145, 0.125, 0.13, 0.8
LONGEST_BAR, LETTERS_AN_INCH = 2.6, 16


@dataclass(frozen=True)
class PanelImage:
    """One image of a panel.

    Attributes
    ----------
    title : str
        Name of the method, or of the truth; what stands in brackets or behind a comma goes on a second line.
    image : (x, y[, z]) ndarray of float
        Concentration.
    scores : mapping of str to str
        What stands below the title, such as ``{"PSNR": "24.1 dB", "SSIM": "0.93"}``.
    extent_mm : tuple of float, optional
        Edges of its own grid, where they are not those of the panel's field of view.
    """

    title: str
    image: npt.NDArray[np.floating[Any]]
    scores: Mapping[str, str]
    extent_mm: Extent | None = None

    @property
    def heading(self) -> list[str]:
        """Lines of the title."""
        return wrapped(self.title).replace(", ", ",\n", 1).split("\n")

    @property
    def score_lines(self) -> list[str]:
        """Scores, two a line."""
        each = [f"{name} {value}" for name, value in self.scores.items()]
        return [", ".join(each[start : start + 2]) for start in range(0, len(each), 2)]


def image_panel(
    images: Sequence[PanelImage],
    extent_mm: Extent,
    provenance: Provenance,
    *,
    unit: str = "relative to the calibration sample",
    peak: float | None = None,
    columns: int = 5,
    length_unit: str = "mm",
    projection: Projection = "central",
) -> Figure:
    """Draw images side by side with one colour bar; volumes as three views, xy, zy and xz.

    Parameters
    ----------
    images : sequence of PanelImage
        Images of one field of view; their grids may differ.
    extent_mm : tuple of float
        Edges of the field of view: lower and upper along x, y and, of volumes, z.
    provenance : Provenance
        Run, for the footer.
    unit : str
        Unit of the concentration, such as ``mmol/l``.
    peak : float, optional
        Upper end of the scale; none given means the first image's maximum, usually the truth's.
    columns : int
        Images in a row.
    length_unit : str
        Unit of the extent, where it is not mm.
    projection : {"central", "maximum"}
        Central slices of volumes, or maximum-intensity projections.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no image, or one has not the axes of the field of view.
    """
    if not images:
        raise InputError("images: found none, expected at least one")
    for item in images:
        for edges in (extent_mm, item.extent_mm or extent_mm):
            check_extent(f"images: {item.title}", edges, item.image.ndim)
    norm = Normalize(0, (float(images[0].image.max()) if peak is None else peak) or 1)
    scale = _inch_per_mm(extent_mm)
    wide, high = block_size(extent_mm, scale)
    bands = [images[start : start + columns] for start in range(0, len(images), columns)]
    heads = [_heading_height(band) for band in bands]
    width = LEFT + len(bands[0]) * (wide + BETWEEN) + BAR + BAR_LABELS
    total = sum(heads) + len(bands) * (high + BELOW) + FOOTER
    with style():
        figure = inch_figure(width, total, provenance)
        top = total
        for band, head in zip(bands, heads, strict=True):
            top -= head
            for number, item in enumerate(band):
                left = LEFT + number * (wide + BETWEEN)
                shown = views(item.image, item.extent_mm or extent_mm, projection, centre_of(extent_mm))
                draw_block(
                    *(figure, left, top, shown, extent_mm, scale, norm),
                    image_extent_mm=item.extent_mm,
                    length_unit=length_unit,
                    label_left=number == 0,
                )
                _write_heading(figure, item, left + wide / 2, top)
            top -= high + BELOW
        _draw_bar(figure, norm, unit, total - heads[0], BELOW + FOOTER)
    return figure


def _draw_bar(figure: Figure, norm: Normalize, unit: str, top: float, bottom: float) -> None:
    length = min(top - bottom, LONGEST_BAR)
    place = (figure.get_figwidth() - BAR - BAR_LABELS, top - length, BAR, length)
    bar = place_colour_bar(figure, place, norm, CONCENTRATION_COLOURS, extend="both")
    bar.set_label(textwrap.fill(f"concentration, {unit}", max(18, int(length * LETTERS_AN_INCH))))
    bar.ax.tick_params(length=2)


def _inch_per_mm(extent_mm: Extent) -> float:
    """Return the scale at which a block has its width, and is not too tall."""
    width, height = block_size(extent_mm, 1.0)
    limit = PLANE_WIDTH if len(extent_mm) == 4 else BLOCK_WIDTH
    return min(limit / width, TALLEST / height)


def _heading_height(band: Sequence[PanelImage]) -> float:
    return 0.12 + max(len(item.heading) * LINE + len(item.score_lines) * SCORE_LINE for item in band)


def _write_heading(figure: Figure, item: PanelImage, middle: float, top: float) -> None:
    lines = item.score_lines
    how = {"ha": "center", "va": "bottom"}
    if lines:
        place_text(figure, middle, top + 0.04, "\n".join(lines), fontsize=6.5, **how)
    up = top + 0.04 + SCORE_LINE * len(lines)
    place_text(figure, middle, up, "\n".join(item.heading), fontsize=8.5, **how)
