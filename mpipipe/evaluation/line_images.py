"""Images whose rows are one-dimensional scenes: patterns in columns, the truth on top and a row of images for each network."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_axes, place_text
from mpipipe.evaluation.placed_image import Scale, inner_ticks, place_scale
from mpipipe.evaluation.tables import format_number

Rows = npt.NDArray[np.floating[Any]]
TRUTH = "truth"

# In inches.
LEFT, LABEL, WIDTH, HEIGHT, GAP, ROW_GAP = 1.6, 1.25, 1.9, 0.62, 0.4, 0.2
RIGHT, TOP, BELOW, BAR, BAR_LABELS = 0.85, 0.3, 0.38, 0.11, 0.2
TALLEST_BAR = 2.0
LETTERS = 18
"""Of a line of a label."""


@dataclass(frozen=True)
class Pattern:
    """A pattern of scenes, and its reconstructions.

    Attributes
    ----------
    name : str
        What stands above it.
    truth : (row, voxel) ndarray of float
        Scenes, one a row, from the top down.
    images : mapping of str to (row, voxel) ndarray of float
        Estimates by the label of the network; a label that another pattern has only is left empty.
    """

    name: str
    truth: Rows
    images: Mapping[str, Rows]


def line_images(
    patterns: Sequence[Pattern], position_mm: npt.NDArray[np.floating[Any]], provenance: Provenance
) -> Figure:
    """Draw patterns beside each other, on one scale from 0 to 1, with the mean squared error above each estimate.

    Parameters
    ----------
    patterns : sequence of Pattern
        Patterns from left to right; networks stand below each other in the order in which they first occur.
    position_mm : (voxel,) ndarray of float
        Centres of the voxels, evenly spaced, rising.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure
        What is below 0 or above 1 is cut.

    Raises
    ------
    InputError
        When there is no pattern or estimate, or a shape does not fit.
    """
    _check(patterns, position_mm)
    labels = list(dict.fromkeys(label for pattern in patterns for label in pattern.images))
    step = (position_mm[-1] - position_mm[0]) / (len(position_mm) - 1)
    edges = (float(position_mm[0] - step / 2), float(position_mm[-1] + step / 2))
    lefts = [LEFT + number * (WIDTH + GAP) for number in range(len(patterns))]
    bottoms = [FOOTER + BELOW + (HEIGHT + ROW_GAP) * number for number in reversed(range(len(labels) + 1))]
    top = bottoms[0] + HEIGHT
    scale = Scale("concentration, relative", 0, 1)
    with style():
        figure = inch_figure(lefts[-1] + WIDTH + RIGHT, top + TOP, provenance)
        for label, bottom in zip([TRUTH, *labels], bottoms, strict=True):
            how: dict[str, Any] = {
                "va": "center",
                "ha": "center",
                "multialignment": "center",
                "fontsize": 7.5,
            }
            text = "\n".join(textwrap.fill(line, LETTERS) for line in label.splitlines())
            place_text(figure, LABEL / 2, bottom + HEIGHT / 2, text, **how)
        for pattern, left in zip(patterns, lefts, strict=True):
            place_text(figure, left + WIDTH / 2, top + 0.07, pattern.name, fontsize=8.5, ha="center")
            shown = {TRUTH: pattern.truth, **pattern.images}
            lowest = min(bottoms[number] for number, label in enumerate([TRUTH, *labels]) if label in shown)
            for label, bottom in zip([TRUTH, *labels], bottoms, strict=True):
                if label in shown:
                    place = (left, bottom, WIDTH, HEIGHT)
                    named = (left == LEFT, bottom == lowest)
                    _draw(figure, place, shown[label], edges, scale, named)
                if label in pattern.images:
                    error = float(np.mean(np.square(shown[label] - pattern.truth, dtype=np.float64)))
                    text = f"MSE {format_number(error, '.2e')}"
                    place_text(figure, left + WIDTH, bottom + HEIGHT + 0.03, text, fontsize=6.5, ha="right")
        tall = min(TALLEST_BAR, top - bottoms[-1])
        place_scale(figure, (lefts[-1] + WIDTH + BAR_LABELS, top - tall, BAR, tall), scale)
    return figure


def _check(patterns: Sequence[Pattern], position_mm: npt.NDArray[Any]) -> None:
    if not patterns or not any(pattern.images for pattern in patterns):
        raise InputError("patterns: found none or none with an estimate, expected at least one")
    if position_mm.ndim != 1 or len(position_mm) < 2:
        raise InputError(f"position_mm: found shape {position_mm.shape}, expected at least two voxels")
    for pattern in patterns:
        for label, image in {TRUTH: pattern.truth, **pattern.images}.items():
            if image.shape != (len(pattern.truth), len(position_mm)):
                raise InputError(
                    f"patterns: {pattern.name}: {label}: found shape {image.shape}, expected "
                    f"({len(pattern.truth)}, {len(position_mm)}), a row a scene and a column a voxel"
                )


def _draw(
    figure: Figure,
    place: tuple[float, float, float, float],
    image: Rows,
    edges: tuple[float, float],
    scale: Scale,
    named: tuple[bool, bool],
) -> None:
    """Draw an image with its first row on top; `named` says whether rows and positions have names."""
    axes = place_axes(figure, *place)
    rows = len(image)
    axes.imshow(
        image,
        extent=(*edges, rows + 0.5, 0.5),
        cmap=scale.colours,
        norm=scale.norm,
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_xticks(inner_ticks(*edges))
    axes.set_yticks([1, rows] if rows > 1 else [1])
    axes.tick_params(length=2, labelbottom=named[1])
    if named[0]:
        axes.set_ylabel("row", labelpad=1)
    if named[1]:
        axes.set_xlabel("x / mm", labelpad=2)
