"""One complex component in one pair of axes, and the key to its colours."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from mpipipe.errors import InputError
from mpipipe.evaluation.complex_colour import complex_colours

Component = npt.NDArray[np.complexfloating[Any, Any]]
Mask = npt.NDArray[np.bool_]
Extent = tuple[float, ...]
"""Edges of a grid in mm: lower and upper along x, y and, of a volume, z."""

MISSING_GREY, MISSING_HATCH = "#b0b0b0", "#808080"
NARROWEST, WIDEST = 0.5, 2.0
"""Smallest and largest height over width that is drawn to scale."""


def check_extent(name: str, extent_mm: Extent, axes: int) -> None:
    """Raise `InputError` unless an image has two or three axes and its extent two increasing edges for each."""
    edges = list(zip(extent_mm[::2], extent_mm[1::2], strict=False))
    if axes not in (2, 3) or len(extent_mm) != 2 * axes or any(low >= high for low, high in edges):
        raise InputError(
            f"{name}: found an image with {axes} axes and the edges {tuple(extent_mm)}, "
            "expected 2 or 3 axes, and a lower and an upper edge of each"
        )


def extent_of(field_of_view_mm: Sequence[float], centre_mm: Sequence[float] | None = None) -> Extent:
    """Return the edges of a grid from its edge lengths and its centre, the origin by default."""
    centre = [0.0] * len(field_of_view_mm) if centre_mm is None else centre_mm
    pairs = zip(field_of_view_mm, centre, strict=True)
    return tuple(middle + side * edge / 2 for edge, middle in pairs for side in (-1, 1))


def measured_extent(extent_mm: Extent, grid: tuple[int, ...], factor: int) -> Extent:
    """Return the edges of the measured grid when every k-th voxel along each axis was measured, the first on.

    Its voxels are `factor` times as wide and lie around the positions that were measured, so its lower edge lies
    ``(k − 1)/2`` voxels of the full grid below that grid's.

    Parameters
    ----------
    extent_mm : tuple of float
        Edges of the full grid.
    grid : tuple of int
        Its size.
    factor : int
        k.
    """
    found: list[float] = []
    for low, high, size in zip(extent_mm[::2], extent_mm[1::2], grid, strict=True):
        voxel = (high - low) / size
        start = low - (factor - 1) / 2 * voxel
        found += [start, start + -(-size // factor) * factor * voxel]
    return tuple(found)


def slice_position_mm(extent_mm: Extent, slices: int, number: int) -> float:
    """Return z of the centre of a slice of a volume, in mm."""
    low, high = extent_mm[4:6]
    return low + (number + 0.5) * (high - low) / slices


def mm_text(position_mm: float) -> str:
    """Return a position with one decimal and its unit, with a true minus sign and no negative zero."""
    return f"{round(position_mm, 1) + 0.0:.1f} mm".replace("-", "−")


def panel_size(extent_mm: Extent, width: float, tallest: float) -> tuple[float, float]:
    """Return width and height of a panel in inches, to scale between 2:1 and 1:2; longer fields are compressed."""
    aspect = (extent_mm[3] - extent_mm[2]) / (extent_mm[1] - extent_mm[0])
    aspect = min(max(aspect, NARROWEST), WIDEST)
    height = min(width * aspect, tallest)
    return height / aspect, height


def draw_component(axes: Axes, image: Component, extent_mm: Extent, known: Mask | None = None) -> None:
    """Draw a plane: hue is the phase, brightness the modulus, and missing voxels are transparent.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where.
    image : (x, y) ndarray of complex
        Values; a modulus of 1 has full brightness.
    extent_mm : tuple of float
        Edges of its grid.
    known : (x, y) ndarray of bool, optional
        Voxels that were measured; none given means all.
    """
    colours = complex_colours(image)
    if known is not None:
        colours = np.concatenate([colours, known[..., None].astype(np.float64)], axis=-1)
    axes.imshow(
        as_picture(colours),
        extent=(extent_mm[0], extent_mm[1], extent_mm[2], extent_mm[3]),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )


def hatch_background(axes: Axes) -> None:
    """Hatch in grey what no image covers: voxels that were not measured."""
    axes.patch.set(facecolor=MISSING_GREY, hatch="////////", edgecolor=MISSING_HATCH, linewidth=0)


def as_picture(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn (x, y) or (x, y, colour) into the rows and columns that imshow takes."""
    return np.swapaxes(values, 0, 1)


def label_axes(axes: Axes, *, left: bool, bottom: bool, width: float) -> None:
    """Write x and y in mm at the sides that are asked for; `width` in inches decides on the number of ticks."""
    axes.tick_params(length=2, labelleft=left, labelbottom=bottom)
    axes.locator_params(axis="y", nbins=3)
    axes.locator_params(axis="x", nbins=2 if width < 0.8 else 3)
    if left:
        axes.set_ylabel("y / mm", labelpad=2)
    if bottom:
        axes.set_xlabel("x / mm", labelpad=2)


def draw_key(axes: Axes) -> None:
    """Draw the colour key: a disk whose angle is the phase and whose radius is the modulus."""
    line = np.linspace(-1, 1, 201)
    disk = line[:, None] + 1j * line[None, :]
    opaque = (np.abs(disk) <= 1).astype(float)[..., None]
    picture = as_picture(np.concatenate([complex_colours(disk), opaque], axis=-1))
    axes.imshow(picture, extent=(-1, 1, -1, 1), origin="lower")
    axes.set_xlim(-1.9, 1.9)
    axes.set_ylim(-1.9, 1.9)
    axes.axis("off")
    for text, x, y in (("0", 1.35, 0), ("π/2", 0, 1.35), ("±π", -1.45, 0), ("−π/2", 0, -1.4)):
        axes.text(x, y, text, ha="center", va="center", fontsize=7)
    axes.text(0, -2.0, "angle: phase\nradius: |s|, 0 to 1", ha="center", va="top", fontsize=7)
