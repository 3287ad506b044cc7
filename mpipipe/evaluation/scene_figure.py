"""Calibration scenes with the window that one measurement sees (Ergun 2022, figure 1a)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent, check_extent
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_text
from mpipipe.evaluation.placed_image import Image, Place, Scale, place_image, place_scale

WINDOW_RED = "#ff2020"
# In inches.
WIDEST, PANEL, LEFT, BETWEEN, BELOW, TOP = 8.5, 2.9, 0.5, 0.12, 0.42, 0.32
BAR_GAP, BAR, BAR_LABELS = 0.1, 0.11, 0.62


@dataclass(frozen=True)
class MarkedScene:
    """A scene and the windows in it that are marked.

    Attributes
    ----------
    title : str
        What stands above it.
    concentration : (x, y) ndarray of float
        Concentration.
    extent_cm : tuple of float
        Edges of its grid in cm: lower and upper along x and y.
    windows_cm : sequence of (corner, axis) ndarray of float
        Corners of each marked window in cm, in order around it.
    """

    title: str
    concentration: Image
    extent_cm: Extent
    windows_cm: Sequence[npt.NDArray[np.floating[Any]]] = ()

    def check(self) -> None:
        """Raise `InputError` unless the scene has two axes and each window at least three corners in the plane."""
        check_extent(f"scene: {self.title}", self.extent_cm, self.concentration.ndim)
        for corners in self.windows_cm:
            if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
                raise InputError(
                    f"scene: {self.title}: found window corners of shape {corners.shape}, expected (corner, 2)"
                )


def scene_figure(scenes: Sequence[MarkedScene], scale: Scale, provenance: Provenance) -> Figure:
    """Draw scenes side by side on one scale, windows as red outlines.

    Parameters
    ----------
    scenes : sequence of MarkedScene
        Scenes.
    scale : Scale
        Scale of the concentration.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure
        At most 8.5 inches wide.

    Raises
    ------
    InputError
        When there is no scene, or one does not fit its extent.
    """
    if not scenes:
        raise InputError("scenes: found none, expected at least one")
    for scene in scenes:
        scene.check()
    room = WIDEST - LEFT - BAR_GAP - BAR - BAR_LABELS - BETWEEN * (len(scenes) - 1)
    edge = min(PANEL, room / len(scenes))
    right = LEFT + len(scenes) * (edge + BETWEEN) - BETWEEN
    bottom = FOOTER + BELOW
    with style():
        figure = inch_figure(right + BAR_GAP + BAR + BAR_LABELS, bottom + edge + TOP, provenance)
        for number, scene in enumerate(scenes):
            place = (LEFT + number * (edge + BETWEEN), bottom, edge, edge)
            draw_scene(figure, place, scene, scale, left=number == 0)
            place_text(
                figure,
                place[0] + edge / 2,
                bottom + edge + 0.06,
                scene.title,
                fontsize=8,
                ha="center",
                va="bottom",
            )
        place_scale(figure, (right + BAR_GAP, bottom, BAR, edge), scale)
    return figure


def draw_scene(figure: Figure, place: Place, scene: MarkedScene, scale: Scale, *, left: bool = True) -> Axes:
    """Draw a scene at a place in inches, its windows as red outlines; axes are in cm."""
    axes = place_image(
        figure, place, scene.concentration, scene.extent_cm, scale, left=left, bottom=True, unit="cm"
    )
    for corners in scene.windows_cm:
        axes.add_patch(Polygon(corners, closed=True, fill=False, edgecolor=WINDOW_RED, linewidth=1.4))
    return axes
