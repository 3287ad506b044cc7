"""Figures whose parts have places in inches, for panels of images with different shapes."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import FOOTER_GREY

FOOTER = 0.2
"""Height that the footer takes, in inches."""


def inch_figure(width: float, height: float, provenance: Provenance) -> Figure:
    """Return an empty figure of a size in inches, with scale, recipe and seed in its lower right corner."""
    figure = Figure(figsize=(width, height))
    place_text(figure, width - 0.05, 0.05, provenance.line, fontsize=6, color=FOOTER_GREY, ha="right")
    return figure


def place_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place in inches from the lower left corner."""
    across, up = figure.get_figwidth(), figure.get_figheight()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def place_text(figure: Figure, x: float, y: float, text: str, **how: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Write text at a place in inches from the lower left corner."""
    figure.text(x / figure.get_figwidth(), y / figure.get_figheight(), text, **how)


def place_colour_bar(
    figure: Figure,
    place: tuple[float, float, float, float],
    norm: Normalize,
    colours: str,
    **how: Any,  # noqa: ANN401 - matplotlib's
) -> Colorbar:
    """Add a colour bar at left, bottom, width and height in inches."""
    return figure.colorbar(ScalarMappable(norm, colours), cax=place_axes(figure, *place), **how)
