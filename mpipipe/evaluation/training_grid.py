"""Trainings of several data sets: loss and validation PSNR over the noise levels, one row a data set."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, in_order, method_style, style
from mpipipe.evaluation.training_curve import History


def training_grid(
    histories: Mapping[str, Mapping[str, History]],
    provenance: Provenance,
    *,
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw training loss and validation PSNR, one row a data set, one line a method.

    The line of the PSNR is the mean over the noise levels, its band reaches from the lowest level to the highest.

    Parameters
    ----------
    histories : mapping of str to mapping of str to sequence of mapping
        By data set and method the history as training keeps it: entries ``{"step", "loss"}`` and
        ``{"step", "psnr_db": {level: mean}}``.
    provenance : Provenance
        Run, for the footer.
    labels : mapping of str to str, optional
        What the legend calls a method, where it is not its name.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no history, or one has no loss.
    """
    if not histories or not all(histories.values()):
        raise InputError("histories: found none, expected at least one network in each row")
    for name, methods in histories.items():
        for method, history in methods.items():
            if not any("loss" in entry for entry in history):
                raise InputError(
                    f"histories: {name}: {method}: found no entry with a loss, expected at least one"
                )
    shown = in_order({method for methods in histories.values() for method in methods})
    with style():
        size = (7.6, 2.1 * len(histories) + 0.4)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(histories), 2, squeeze=False, sharex="row")
        for (left, right), (name, methods) in zip(grid, histories.items(), strict=True):
            for method in in_order(set(methods)):
                _draw_loss(left, methods[method], method)
                _draw_validation(right, methods[method], method)
            _finish(left, f"{name}: training loss")
            left.set_yscale("log")
            _finish(right, f"{name}: validation PSNR (dB)")
        for axes in grid[-1]:
            axes.set_xlabel("optimiser steps")
        handles = [_handle(method, (labels or {}).get(method, method)) for method in shown]
        figure.legend(handles=handles, loc="outside right upper")
        add_footer(figure, provenance)
    return figure


def _draw_loss(axes: Axes, history: History, method: str) -> None:
    points = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    steps, losses = zip(*points, strict=True)
    look = method_style(method)
    marker = look.marker if len(points) == 1 else ""
    axes.plot(steps, losses, color=look.colour, linestyle=look.dash, linewidth=1.0, marker=marker)


def _draw_validation(axes: Axes, history: History, method: str) -> None:
    entries = [(entry["step"], list(entry["psnr_db"].values())) for entry in history if "psnr_db" in entry]
    if not entries:
        return
    look, steps = method_style(method), [step for step, _ in entries]
    axes.plot(
        steps,
        [_mean(scores) for _, scores in entries],
        color=look.colour,
        linestyle=look.dash,
        linewidth=1.0,
        marker=look.marker,
        markersize=3,
    )
    axes.fill_between(
        steps,
        [min(scores) for _, scores in entries],
        [max(scores) for _, scores in entries],
        color=look.colour,
        alpha=0.15,
        linewidth=0,
    )


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)


def _handle(method: str, label: str) -> Line2D:
    look = method_style(method)
    how: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "marker": look.marker}
    return Line2D([], [], label=label, markersize=3, linewidth=1.0, **how)


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left")
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
