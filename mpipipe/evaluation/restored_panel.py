"""Measured components before and after restoration, where no truth is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import (
    Component,
    Extent,
    check_extent,
    draw_component,
    draw_key,
    panel_size,
    slice_position_mm,
)
from mpipipe.evaluation.figures import style, wrapped
from mpipipe.evaluation.inch_layout import inch_figure, place_axes, place_text

# Layout in inches.
PANEL, TALLEST, GAP = 1.12, 1.5, 0.12
LEFT, RIGHT, TOP, BOTTOM, TICKS = 1.5, 1.15, 0.45, 0.25, 0.42
KEY = 1.05
MEASURED = "Measured"


@dataclass(frozen=True)
class RestoredComponent:
    """One measured component and what methods make of it; of a volume the slice through its strongest voxel is shown.

    Attributes
    ----------
    measured : (x, y[, z]) ndarray of complex
        Component as it was measured.
    restored : mapping of str to (x, y[, z]) ndarray of complex
        Restored components by name, in the order of columns.
    label : str
        What the component is.
    """

    measured: Component
    restored: Mapping[str, Component]
    label: str = ""


def restored_panel(
    components: Sequence[RestoredComponent],
    extent: Extent,
    provenance: Provenance,
    *,
    length_unit: str = "mm",
) -> Figure:
    """Draw measured components in the first column and each method's in the others, one row a component.

    Hue is the phase and brightness the modulus, over the largest modulus of the measured plane, in a whole row.

    Parameters
    ----------
    components : sequence of RestoredComponent
        Rows; all have the same grid and methods.
    extent : tuple of float
        Edges of the grid: lower and upper along x, y and, of volumes, z.
    provenance : Provenance
        Run, for the footer.
    length_unit : str
        Unit of the extent.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no component, or names or grids differ.
    """
    _check(components, extent)
    names = [MEASURED, *components[0].restored]
    width, height = panel_size(extent, PANEL, TALLEST)
    whole = max(TOP + len(components) * (height + GAP) + TICKS + BOTTOM, TOP + 1.55)
    right = LEFT + len(names) * (PANEL + GAP)
    with style():
        figure = inch_figure(right + RIGHT, whole, provenance)
        for number, component in enumerate(components):
            up = whole - TOP - (number + 1) * height - number * GAP
            planes, label = _planes(component, extent, length_unit)
            place_text(figure, 0.08, up + height / 2, label, va="center", fontsize=7)
            for column, (name, plane) in enumerate(zip(names, planes, strict=True)):
                left = LEFT + column * (PANEL + GAP) + (PANEL - width) / 2
                axes = place_axes(figure, left, up, width, height)
                draw_component(axes, plane, extent)
                last = number == len(components) - 1
                _label(axes, length_unit, left=column == 0, bottom=last)
                if number == 0:
                    axes.set_title(wrapped(name), pad=4)
        draw_key(place_axes(figure, right, whole - TOP - KEY, KEY, KEY))
    return figure


def _check(components: Sequence[RestoredComponent], extent: Extent) -> None:
    if not components:
        raise InputError("components: found none, expected at least one")
    names, grid = list(components[0].restored), components[0].measured.shape
    check_extent("components", extent, len(grid))
    for component in components:
        if list(component.restored) != names:
            raise InputError(
                f"components: found methods {list(component.restored)}, expected {names} in each"
            )
        for name, image in {MEASURED: component.measured, **component.restored}.items():
            if image.shape != grid:
                raise InputError(f"components: {name}: found shape {image.shape}, expected {grid}")


def _planes(component: RestoredComponent, extent: Extent, unit: str) -> tuple[list[npt.NDArray[Any]], str]:
    """Return the planes of a row over the measured one's maximum, and the row's label."""
    measured, label = component.measured, component.label
    images = [measured, *component.restored.values()]
    if measured.ndim == 3:
        number = int(np.argmax(np.abs(measured).max(axis=(0, 1))))
        images = [image[..., number] for image in images]
        position = f"{slice_position_mm(extent, measured.shape[2], number):.1f}".replace("-", "−")
        label += f"\nz = {position} {unit}"
    peak = float(np.abs(images[0]).max()) or 1.0
    return [image / peak for image in images], label


def _label(axes: Axes, unit: str, *, left: bool, bottom: bool) -> None:
    axes.tick_params(length=2, labelleft=left, labelbottom=bottom)
    axes.locator_params(nbins=3, integer=True)
    if left:
        axes.set_ylabel(f"y / {unit}", labelpad=2)
    if bottom:
        axes.set_xlabel(f"x / {unit}", labelpad=2)
