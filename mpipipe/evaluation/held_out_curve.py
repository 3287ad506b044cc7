"""How trainings without clean signals went: held-out loss by step, one panel a problem."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, method_style, style
from mpipipe.evaluation.training_curve import History

HELD_OUT = "held_out_loss"
"""Name of the loss in a history."""
REACH = 4.0
"""End of a scale above the lowest loss, over the distance of the median loss from it."""


def held_out_curve(panels: Mapping[str, Mapping[str, History]], provenance: Provenance) -> Figure:
    """Draw the held-out loss of each training, with a mark at its lowest.

    Parameters
    ----------
    panels : mapping of str to mapping of str to sequence of mapping
        By title and method the history as training keeps it, of which entries ``{"step", "held_out_loss"}`` are drawn.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a title, each on its own scale, because losses of different problems cannot be compared. Scales end at
        `REACH` times the distance of the median loss from the lowest; what is larger is cut. Methods stand in the order
        of the panels.

    Raises
    ------
    InputError
        When there is no history, or one has no held-out loss.
    """
    if not panels or not all(panels.values()):
        raise InputError("panels: found none, expected at least one network in each")
    for title, histories in panels.items():
        for method, history in histories.items():
            if not any(HELD_OUT in entry for entry in history):
                raise InputError(
                    f"panels: {title}: {method}: found no entry with {HELD_OUT}, expected at least one"
                )
    shown = list(dict.fromkeys(method for histories in panels.values() for method in histories))
    with style():
        figure = Figure(figsize=(2.3 * len(panels) + 1.8, 2.8), layout="constrained")
        grid = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (title, histories) in zip(grid, panels.items(), strict=True):
            for method, history in histories.items():
                _draw(axes, history, method)
            _finish(axes, title, list(histories.values()))
        grid[0].set_ylabel("held-out loss")
        figure.legend(
            handles=[_handle(method) for method in shown], loc="outside right upper", handlelength=2.4
        )
        add_footer(figure, provenance)
    return figure


def _draw(axes: Axes, history: History, method: str) -> None:
    look = method_style(method)
    points = [(entry["step"], entry[HELD_OUT]) for entry in history if HELD_OUT in entry]
    steps, losses = zip(*points, strict=True)
    axes.plot(steps, losses, color=look.colour, linestyle=look.dash, linewidth=1.0)
    best = min(points, key=lambda point: point[1])
    axes.plot(*best, color=look.colour, marker=look.marker, markerfacecolor=look.face, markersize=5)


def _handle(method: str) -> Line2D:
    look = method_style(method)
    how: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "marker": look.marker}
    return Line2D([], [], label=method, linewidth=1.0, markerfacecolor=look.face, markersize=5, **how)


def _finish(axes: Axes, title: str, histories: Sequence[History]) -> None:
    losses = [entry[HELD_OUT] for history in histories for entry in history if HELD_OUT in entry]
    lowest, above = min(losses), float(np.median(losses)) - min(losses)
    if above > 0:
        axes.set_ylim(lowest - 0.2 * above, min(max(losses) + 0.2 * above, lowest + REACH * above))
    axes.set_title(title, loc="left")
    axes.set_xlabel("optimiser steps")
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
