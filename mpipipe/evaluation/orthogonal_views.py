"""A concentration map in a block of views: the plane xy, and of a volume zy to the right of it and xz below."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mpipipe.evaluation.component_axes import Extent
from mpipipe.evaluation.inch_layout import place_axes

Image = npt.NDArray[np.floating[Any]]
Projection = Literal["central", "maximum"]

CONCENTRATION_COLOURS = "inferno"
# In inches: between views, and what the labels left of and below a block take.
GAP, LEFT, BELOW = 0.1, 0.5, 0.38
_AXES = "xyz"


@dataclass(frozen=True)
class View:
    """One view of an image.

    Attributes
    ----------
    plane : (a, b) ndarray of float
        Values.
    axes : tuple of int
        Which axes of the image run to the right and upwards.
    position : str
        Where the slice lies, such as ``z = 0.5``; empty for a projection.
    """

    plane: Image
    axes: tuple[int, int]
    position: str = ""


def centre_of(extent_mm: Extent) -> tuple[float, ...]:
    """Return the centre of a field from its edges."""
    return tuple((low + high) / 2 for low, high in zip(extent_mm[::2], extent_mm[1::2], strict=True))


def views(
    image: Image, extent_mm: Extent, projection: Projection, centre_mm: tuple[float, ...] | None = None
) -> tuple[View, ...]:
    """Return the views of an image: xy, and of a volume also zy and xz.

    Parameters
    ----------
    image : (x, y[, z]) ndarray of float
        Concentration.
    extent_mm : tuple of float
        Edges of its grid.
    projection : {"central", "maximum"}
        Slices that are nearest to the centre, or maximum-intensity projections; a plane is shown as it is.
    centre_mm : tuple of float, optional
        Centre of the field that is shown; none given means that of the grid.
    """
    if image.ndim == 2:
        return (View(image, (0, 1)),)
    centre = centre_of(extent_mm) if centre_mm is None else centre_mm
    planes = ((0, 1), (2, 1), (0, 2))
    return tuple(_view(image, extent_mm, axes, projection, centre) for axes in planes)


def _view(
    image: Image, extent_mm: Extent, axes: tuple[int, int], projection: Projection, centre: tuple[float, ...]
) -> View:
    across = 3 - sum(axes)
    if projection == "maximum":
        plane, position = image.max(axis=across), ""
    else:
        low, high = _edges(extent_mm, across)
        places = low + (np.arange(image.shape[across]) + 0.5) * (high - low) / image.shape[across]
        # Rounded, so that of two slices that are equally near always the first is taken.
        number = int(np.argmin(np.round(np.abs(places - centre[across]), 6)))
        plane, position = np.take(image, number, axis=across), f"{_AXES[across]} = {_decimal(places[number])}"
    return View(plane if axes[0] < axes[1] else plane.T, axes, position)


def _decimal(place: float) -> str:
    return f"{round(place, 1) + 0.0:.1f}".replace("-", "−")


def block_size(extent_mm: Extent, inch_per_mm: float) -> tuple[float, float]:
    """Return width and height of a block in inches, without the labels left of it and below."""
    x, y, *z = np.diff(np.reshape(extent_mm, (-1, 2)), axis=1)[:, 0] * inch_per_mm
    deep = GAP + z[0] if z else 0.0
    return float(x + deep), float(y + deep)


def draw_block(
    figure: Figure,
    left: float,
    top: float,
    shown: tuple[View, ...],
    extent_mm: Extent,
    inch_per_mm: float,
    norm: Normalize,
    *,
    image_extent_mm: Extent | None = None,
    length_unit: str = "mm",
    label_left: bool = True,
) -> None:
    """Draw the views of one image to scale.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Where.
    left, top : float
        Corner of the plane xy in inches from the lower left corner of the figure.
    shown : tuple of View
        Views.
    extent_mm : tuple of float
        Edges of the field that is shown.
    inch_per_mm : float
        Scale.
    norm : matplotlib.colors.Normalize
        Scale of the colours.
    image_extent_mm : tuple of float, optional
        Edges of the image's own grid; none given means the field's.
    length_unit : str
        Unit of the extent, where it is not mm.
    label_left : bool
        Write what runs upwards.
    """
    own = extent_mm if image_extent_mm is None else image_extent_mm
    sizes = [float(edge) * inch_per_mm for edge in np.diff(np.reshape(extent_mm, (-1, 2)), axis=1)[:, 0]]
    for view in shown:
        right, up = view.axes
        x = left + (sizes[0] + GAP if right == 2 else 0.0)
        y = top - sizes[1] - (GAP + sizes[2] if up == 2 else 0.0)
        axes = place_axes(figure, x, y, sizes[right], sizes[up])
        axes.imshow(
            view.plane.T,
            extent=(*_edges(own, right), *_edges(own, up)),
            origin="lower",
            cmap=CONCENTRATION_COLOURS,
            norm=norm,
            aspect="auto",
            interpolation="nearest",
        )
        axes.set(xlim=_edges(extent_mm, right), ylim=_edges(extent_mm, up))
        outer_left, outer_bottom = right == 0, len(shown) == 1 or view.axes != (0, 1)
        axes.tick_params(length=2, labelleft=outer_left and label_left, labelbottom=outer_bottom)
        axes.locator_params(axis="x", nbins=3 if sizes[right] > 0.8 else 2)
        axes.locator_params(axis="y", nbins=3 if sizes[up] > 0.8 else 2)
        if outer_left and label_left:
            axes.set_ylabel(f"{_AXES[up]} / {length_unit}", labelpad=2)
        if outer_bottom:
            axes.set_xlabel(f"{_AXES[right]} / {length_unit}", labelpad=2)
        if view.position:
            _write_position(axes, f"{view.position} {length_unit}")


def _write_position(axes: Axes, text: str) -> None:
    backing = {"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.0}
    axes.text(
        *(0.04, 0.94), text, transform=axes.transAxes, color="white", fontsize=6, va="top", bbox=backing
    )


def _edges(extent_mm: Extent, axis: int) -> tuple[float, float]:
    return extent_mm[2 * axis], extent_mm[2 * axis + 1]
