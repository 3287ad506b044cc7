"""How errors fell while networks were trained: one line a training, coloured by what is varied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.error_curves import ErrorPanel, check_lines, draw_errors
from mpipipe.evaluation.figures import BLACK, add_footer, style
from mpipipe.evaluation.log_panels import Handle, log_panels, right_legend
from mpipipe.evaluation.snr_looks import snr_colours as rising_colours

Errors = npt.NDArray[np.floating[Any]]
TRAIN, VALIDATION, PRINTED = "training", "validation", "paper, training, at the end"


@dataclass(frozen=True)
class Learning:
    """Errors of one training by epoch.

    Attributes
    ----------
    value : float
        Value of what is varied, which decides the colour.
    epoch : (point,) ndarray
        Epochs, rising; one of 0 has no place on the logarithmic axis.
    train, validation : (point,) ndarray of float
        Mean squared errors at each of them; NaN where there is none.
    """

    value: float
    epoch: npt.NDArray[Any]
    train: Errors
    validation: Errors


@dataclass(frozen=True)
class LearningPanel:
    """Trainings of one panel.

    Attributes
    ----------
    title : str
        What stands above it.
    curves : sequence of Learning
        Trainings.
    printed : float, optional
        Training error at the end that the paper prints, drawn across the panel.
    """

    title: str
    curves: Sequence[Learning]
    printed: float | None = None


@dataclass(frozen=True)
class FinalPanel:
    """Errors at the end against what is varied.

    Attributes
    ----------
    errors : ErrorPanel
        Title and lines.
    condition : str
        Name of the horizontal axis.
    marks : mapping of str to float
        Values that are marked by vertical lines, by what is written at them.
    """

    errors: ErrorPanel
    condition: str
    marks: dict[str, float]


def learning_curves(
    panels: Sequence[LearningPanel], varied: str, provenance: Provenance, *, final: FinalPanel | None = None
) -> Figure:
    """Draw training and validation errors by epoch, both on logarithmic axes.

    Parameters
    ----------
    panels : sequence of LearningPanel
        Panels, all on one scale of errors.
    varied : str
        What the colours stand for, above the legend.
    provenance : Provenance
        Run, for the footer.
    final : FinalPanel, optional
        Errors at the end, in a last panel.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no panel or training, or a training's lengths differ.
    """
    _check(panels)
    if final is not None:
        check_lines(final.errors)
    colours = rising_colours([curve.value for panel in panels for curve in panel.curves])
    handles = _handles(panels, colours)
    titles = [panel.title for panel in panels] + ([final.errors.title] if final else [])
    lines = len(handles) + 1 + (len(final.errors.lines) + 1 if final else 0)
    with style():
        figure, grid = log_panels(titles, lines)
        for axes, panel in zip(grid, panels, strict=False):
            _draw(axes, panel, colours)
        if final is not None:
            handles |= _draw_final(grid[-1], final)
        right_legend(figure, handles, title=varied, alignment="left")
        add_footer(figure, provenance)
    return figure


def _check(panels: Sequence[LearningPanel]) -> None:
    if not panels or not all(panel.curves for panel in panels):
        raise InputError(
            "panels: found none or one without trainings, expected at least one training in each"
        )
    for panel in panels:
        for curve in panel.curves:
            shapes = {curve.epoch.shape, curve.train.shape, curve.validation.shape}
            if len(shapes) > 1 or curve.epoch.ndim != 1 or not curve.epoch.size:
                raise InputError(
                    f"panels: {panel.title}: {curve.value:g}: found shapes {curve.epoch.shape}, {curve.train.shape} and "
                    f"{curve.validation.shape}, expected one number of epochs for all"
                )


def _draw(axes: Axes, panel: LearningPanel, colours: dict[float, str]) -> None:
    for curve in panel.curves:
        mark = "." if curve.epoch.size == 1 else ""
        how: dict[str, Any] = {"color": colours[curve.value], "marker": mark}
        axes.plot(curve.epoch, curve.train, linewidth=1.1, **how)
        axes.plot(curve.epoch, curve.validation, linewidth=0.9, linestyle="--", **how)
    if panel.printed is not None:
        axes.axhline(panel.printed, color=BLACK, linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("epochs")


def _handles(panels: Sequence[LearningPanel], colours: dict[float, str]) -> dict[str, Handle]:
    handles: dict[str, Handle] = {
        f"{value:g}": Line2D([], [], color=colour, linewidth=1.6) for value, colour in colours.items()
    }
    handles[TRAIN] = Line2D([], [], color=BLACK, linewidth=1.1)
    handles[VALIDATION] = Line2D([], [], color=BLACK, linewidth=0.9, linestyle="--")
    if any(panel.printed is not None for panel in panels):
        handles[PRINTED] = Line2D([], [], color=BLACK, linewidth=0.8, linestyle=":")
    return handles


def _draw_final(axes: Axes, final: FinalPanel) -> dict[str, Handle]:
    handles = {line.label: draw_errors(axes, line) for line in final.errors.lines}
    for number, (text, value) in enumerate(final.marks.items()):
        axes.axvline(value, color="#999999", linewidth=0.6, zorder=0)
        # Neighbours are written on both sides, so that they do not cover each other.
        side, place = 2 * (number % 2) - 1, (value, 0.98)
        how: dict[str, Any] = {"rotation": 90, "va": "top", "ha": "left" if side > 0 else "right"}
        how |= {"fontsize": 6, "color": "#666666"}
        axes.annotate(
            text,
            place,
            (1.5 * side, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            **how,
        )
    axes.set_xlabel(final.condition)
    return handles
