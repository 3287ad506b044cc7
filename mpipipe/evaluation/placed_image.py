"""An image at a place in inches, and the scale that its colours stand for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mpipipe.evaluation.component_axes import Extent, as_picture
from mpipipe.evaluation.inch_layout import place_axes, place_colour_bar
from mpipipe.evaluation.orthogonal_views import CONCENTRATION_COLOURS

Image = npt.NDArray[np.floating[Any]]
Place = tuple[float, float, float, float]
"""Left, bottom, width and height in inches."""

COLLINEAR_COLOURS, DIFFERENCE_COLOURS = "bone", "RdBu_r"
"""Blurred images do not look like concentrations, and differences have a white zero."""
MARGIN = 0.15
"""Share of an axis next to each edge that has no tick, so that labels of neighbours do not touch."""

SHORT_BAR = 1.6
"""Colour bars up to this length, in inches, have fewer ticks."""


@dataclass(frozen=True)
class Scale:
    """What colours stand for.

    Attributes
    ----------
    label : str
        Quantity and unit, for the colour bar.
    low, high : float
        Ends of the scale.
    colours : str
        Name of a colour map.
    """

    label: str
    low: float
    high: float
    colours: str = CONCENTRATION_COLOURS

    @property
    def norm(self) -> Normalize:
        """Map of values to the colour map."""
        return Normalize(self.low, self.high if self.high > self.low else self.low + 1)


def place_image(
    figure: Figure,
    place: Place,
    image: Image,
    extent: Extent,
    scale: Scale,
    *,
    left: bool = False,
    bottom: bool = False,
    unit: str = "mm",
) -> Axes:
    """Draw an image ``(x, y)`` at a place, with ticks inside; axes are named at the sides that are asked for."""
    axes = place_axes(figure, *place)
    axes.imshow(
        as_picture(image),
        extent=(extent[0], extent[1], extent[2], extent[3]),
        origin="lower",
        cmap=scale.colours,
        norm=scale.norm,
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_xticks(inner_ticks(extent[0], extent[1]))
    axes.set_yticks(inner_ticks(extent[2], extent[3]))
    axes.tick_params(length=2, labelleft=left, labelbottom=bottom)
    if left:
        axes.set_ylabel(f"y / {unit}", labelpad=2)
    if bottom:
        axes.set_xlabel(f"x / {unit}", labelpad=2)
    return axes


def inner_ticks(low: float, high: float) -> list[float]:
    """Return multiples of 1, 2 or 5 times a power of ten that are not close to the edges: as few as there can be from three."""
    margin = MARGIN * (high - low)
    power = 10.0 ** np.floor(np.log10(high - low))
    for step in (5 * power, 2 * power, power, 0.5 * power, 0.2 * power):
        ticks = np.arange(np.ceil((low + margin) / step), np.floor((high - margin) / step) + 1) * step
        if len(ticks) >= 3:
            break
    return [float(tick) for tick in ticks]


def place_scale(figure: Figure, place: Place, scale: Scale, *, flat: bool = False) -> Colorbar:
    """Draw the colour bar of a scale at a place, upright or flat; arrows say that values may lie beyond."""
    orientation = "horizontal" if flat else "vertical"
    extend = "both" if scale.low < 0 else "max"
    bar = place_colour_bar(figure, place, scale.norm, scale.colours, orientation=orientation, extend=extend)
    bar.set_label(scale.label, fontsize=7)
    bar.ax.tick_params(length=2)
    bar.ax.locator_params(nbins=4 if max(place[2:]) > SHORT_BAR else 2)
    return bar
