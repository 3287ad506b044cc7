"""Mean squared errors against a condition on a logarithmic axis, one line a method, with 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import MethodStyle, add_footer, style
from mpipipe.evaluation.log_panels import Handle, log_panels, right_legend


@dataclass(frozen=True)
class ErrorLine:
    """Errors of one method.

    Attributes
    ----------
    label : str
        What the legend says.
    places : sequence of float
        Values of the condition, rising.
    mean : sequence of float
        Means at each of them.
    ci95 : sequence of float
        Half widths of the 95 % intervals; NaN for none.
    look : MethodStyle
        Colour, marker and dash; a dash of ``""`` draws open marks only, without intervals.
    """

    label: str
    places: Sequence[float]
    mean: Sequence[float]
    ci95: Sequence[float]
    look: MethodStyle


@dataclass(frozen=True)
class ErrorPanel:
    """Lines of one panel.

    Attributes
    ----------
    title : str
        What stands above it.
    lines : sequence of ErrorLine
        Lines in the order of the legend.
    """

    title: str
    lines: Sequence[ErrorLine]


def error_curves(panels: Sequence[ErrorPanel], condition: str, provenance: Provenance) -> Figure:
    """Draw errors against a condition, all panels on one logarithmic scale.

    Parameters
    ----------
    panels : sequence of ErrorPanel
        Panels, each with at least one line.
    condition : str
        Name and unit of the condition.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no panel or line, or a line's lengths differ.
    """
    if not panels or not all(panel.lines for panel in panels):
        raise InputError("panels: found none or one without lines, expected at least one line in each")
    for panel in panels:
        check_lines(panel)
    labels = {line.label for panel in panels for line in panel.lines}
    handles: dict[str, Handle] = {}
    with style():
        figure, grid = log_panels([panel.title for panel in panels], len(labels))
        for axes, panel in zip(grid, panels, strict=True):
            for line in panel.lines:
                handles.setdefault(line.label, draw_errors(axes, line))
            axes.set_xlabel(condition)
        right_legend(figure, handles)
        add_footer(figure, provenance)
    return figure


def check_lines(panel: ErrorPanel) -> None:
    """Raise `InputError` unless each line of a panel has a mean and an interval at each of its places."""
    for line in panel.lines:
        if not len(line.places) == len(line.mean) == len(line.ci95):
            raise InputError(
                f"panels: {panel.title}: {line.label}: found {len(line.places)} places, {len(line.mean)} means and "
                f"{len(line.ci95)} intervals, expected as many of each"
            )


def draw_errors(axes: Axes, line: ErrorLine) -> Handle:
    """Draw a line, whose intervals end above 0, and return what the legend shows of it."""
    places, mean = np.asarray(line.places, float), np.asarray(line.mean, float)
    look = line.look
    if not look.dash:
        how: dict[str, Any] = {"marker": look.marker, "markersize": 7, "markerfacecolor": "none"}
        return axes.plot(places, mean, color=look.colour, linestyle="none", label=line.label, **how)[0]
    half = np.nan_to_num(np.asarray(line.ci95, float))
    return axes.errorbar(
        places,
        mean,
        yerr=np.stack([np.minimum(half, 0.99 * mean), half]),
        color=look.colour,
        marker=look.marker,
        markerfacecolor=look.face,
        linestyle=look.dash,
        linewidth=1.2,
        markersize=4.5,
        capsize=2,
        elinewidth=0.8,
        label=line.label,
    )
