"""A system matrix at a glance: the strength of its components over frequency, and the strongest of them as images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import (
    Component,
    Extent,
    check_extent,
    draw_component,
    draw_key,
    label_axes,
    mm_text,
    panel_size,
    slice_position_mm,
)
from mpipipe.evaluation.figures import BLUE, GREEN, VERMILION, style
from mpipipe.evaluation.inch_layout import inch_figure, place_axes

# Layout in inches.
PANEL, TALLEST, GAP, TITLE = 1.2, 1.6, 0.14, 0.3
LEFT, RIGHT, TOP, BOTTOM, SPECTRUM, BETWEEN, KEY = 0.75, 1.25, 0.3, 0.6, 1.5, 0.75, 1.05
COLUMNS = 5
LOOKS = ((BLUE, "o"), (VERMILION, "s"), (GREEN, "^"))


@dataclass(frozen=True)
class ShownComponent:
    """One component and its label; of a volume the slice through its strongest voxel is shown.

    Attributes
    ----------
    image : (x, y[, z]) ndarray of complex
        Values.
    label : str
        Channel and frequency.
    """

    image: Component
    label: str


def matrix_overview(
    frequency_Hz: npt.NDArray[np.float64],
    strength: npt.NDArray[np.floating[Any]],
    channels: Sequence[str],
    shown: Sequence[ShownComponent],
    extent_mm: Extent,
    provenance: Provenance,
    *,
    quantity: str,
) -> Figure:
    """Draw strength over frequency above a row or more of components.

    Hue is the phase and brightness the modulus over the largest one of the shown plane.

    Parameters
    ----------
    frequency_Hz : (frequency,) ndarray of float64
        Frequencies.
    strength : (channel, frequency) ndarray of float
        What is drawn above, positive where it is drawn.
    channels : sequence of str
        Names of the receive channels.
    shown : sequence of ShownComponent
        Components, all on one grid.
    extent_mm : tuple of float
        Edges of the grid.
    provenance : Provenance
        For the footer.
    quantity : str
        Name and unit of `strength`.

    Raises
    ------
    InputError
        When there is no component, or its axes are not those of the extent.
    """
    if not shown:
        raise InputError("components: found none, expected at least one")
    check_extent("components", extent_mm, shown[0].image.ndim)
    width, height = panel_size(extent_mm, PANEL, TALLEST)
    rows = -(-len(shown) // COLUMNS)
    across = LEFT + COLUMNS * (PANEL + GAP) + RIGHT
    up = BOTTOM + rows * (height + TITLE + GAP) + BETWEEN + SPECTRUM + TOP
    with style():
        figure = inch_figure(across, up, provenance)
        above = place_axes(figure, LEFT, up - TOP - SPECTRUM, across - LEFT - 0.15, SPECTRUM)
        for values, name, (colour, marker) in zip(strength, channels, _looks(len(channels)), strict=True):
            drawn = values > 0
            above.plot(
                frequency_Hz[drawn] / 1e3, values[drawn], marker, color=colour, markersize=1.5, label=name
            )
        above.set(yscale="log", xlabel="frequency / kHz", ylabel=quantity)
        above.legend(title="channel", loc="upper right", markerscale=3)
        for number, component in enumerate(shown):
            row, column = divmod(number, COLUMNS)
            bottom = up - TOP - SPECTRUM - BETWEEN - (row + 1) * (height + TITLE) - row * GAP
            axes = place_axes(figure, LEFT + column * (PANEL + GAP), bottom, width, height)
            plane, title = _plane(component, extent_mm)
            draw_component(axes, plane, extent_mm[:4])
            lowest = number + COLUMNS >= len(shown)
            label_axes(axes, left=column == 0, bottom=lowest, width=width)
            axes.set_title(title, fontsize=6.5, pad=3)
        draw_key(place_axes(figure, across - RIGHT + 0.1, BOTTOM + 0.25, KEY, KEY))
    return figure


def _looks(count: int) -> list[tuple[str, str]]:
    return [LOOKS[number % len(LOOKS)] for number in range(count)]


def _plane(component: ShownComponent, extent_mm: Extent) -> tuple[Component, str]:
    """Return the plane that is shown over its largest modulus, and its title."""
    image, title = component.image, component.label
    if image.ndim == 3:
        number = int(np.argmax(np.abs(image).max(axis=(0, 1))))
        title += f"\nz = {mm_text(slice_position_mm(extent_mm, image.shape[2], number))} mm"
        image = image[..., number]
    return image / (float(np.abs(image).max()) or 1.0), title
