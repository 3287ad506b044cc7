"""Panels of errors on one logarithmic axis, with a legend at the right."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Handle = Any
"""What a legend shows: lines, or bars of errors, which are no artists for matplotlib's types."""

MOST_ACROSS = 3
WIDTH, HEIGHT, LEGEND, LEGEND_LINE = 2.2, 2.3, 1.9, 0.155
"""Of a panel and of the legend, in inches."""


def log_panels(titles: Sequence[str], legend_lines: int = 0) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each title, all on one logarithmic vertical axis, and its axes in that order.

    Parameters
    ----------
    titles : sequence of str
        What stands above each panel; at most three stand beside each other, and four in a square.
    legend_lines : int
        Lines of the legend, for which the figure is made high enough.
    """
    count = len(titles)
    across = 2 if count == 4 else min(MOST_ACROSS, count)
    down = math.ceil(count / across)
    height = max(HEIGHT * down + 0.5, LEGEND_LINE * legend_lines + 0.6)
    figure = Figure(figsize=(WIDTH * across + LEGEND, height), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    panels = list(grid.flat)
    for axes in panels[count:]:
        axes.remove()
    for axes, title in zip(panels, titles, strict=False):
        axes.set_yscale("log")
        axes.set_title(title, loc="left")
        finish_axes(axes)
    for place in range(0, count, across):
        panels[place].set_ylabel("MSE")
    return figure, panels[:count]


def finish_axes(axes: Axes) -> None:
    """Give axes the grid and the spines of all figures."""
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def right_legend(figure: Figure, handles: Mapping[str, Handle], **how: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw a legend outside of the panels, upper right; names of several panels stand once."""
    figure.legend(list(handles.values()), list(handles), loc="outside right upper", handlelength=2.4, **how)
