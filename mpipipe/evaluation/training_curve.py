"""How trainings went: loss and validation PSNR by step."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, in_order, method_style, style

History = Sequence[Mapping[str, Any]]


def training_curve(histories: Mapping[str, History], provenance: Provenance) -> Figure:
    """Draw the training loss and the validation PSNR of networks.

    Parameters
    ----------
    histories : mapping of str to sequence of mapping
        History by method, as training keeps it: entries ``{"step", "loss"}`` and
        ``{"step", "psnr_db": {σ: mean}}``, σ as text.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure
        One panel of losses, and one of PSNR with a line a noise level where there are validations.

    Raises
    ------
    InputError
        When there is no history, or one has no loss.
    """
    for method, history in histories.items():
        if not any("loss" in entry for entry in history):
            raise InputError(f"histories: {method}: found no entry with a loss, expected at least one")
    if not histories:
        raise InputError("histories: found none, expected at least one network")
    validated = any("psnr_db" in entry for history in histories.values() for entry in history)
    with style():
        figure = Figure(figsize=(6.8 if validated else 4.0, 2.9), layout="constrained")
        panels = figure.subplots(1, 2 if validated else 1, squeeze=False)[0]
        for method in in_order(set(histories)):
            _draw_loss(panels[0], histories[method], method)
            if validated:
                _draw_validation(panels[1], histories[method], method)
        _finish(panels[0], "training loss")
        panels[0].set_yscale("log")
        panels[0].yaxis.set_major_formatter("{x:g}")
        panels[0].yaxis.set_minor_formatter("{x:g}")
        if validated:
            _finish(panels[1], "validation PSNR (dB)")
            _label_sigmas(panels[1], histories)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")
        add_footer(figure, provenance)
    return figure


def _draw_loss(axes: Axes, history: History, method: str) -> None:
    points = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    steps, losses = zip(*points, strict=True)
    look = method_style(method)
    axes.plot(
        steps,
        losses,
        color=look.colour,
        linestyle=look.dash,
        linewidth=1.0,
        label=method,
        marker="." if len(points) == 1 else "",
    )


def _draw_validation(axes: Axes, history: History, method: str) -> None:
    entries = [entry for entry in history if "psnr_db" in entry]
    look = method_style(method)
    for sigma in sorted({key for entry in entries for key in entry["psnr_db"]}, key=float):
        points = [(entry["step"], entry["psnr_db"][sigma]) for entry in entries if sigma in entry["psnr_db"]]
        steps, scores = zip(*points, strict=True)
        axes.plot(
            steps,
            scores,
            color=look.colour,
            linestyle=look.dash,
            linewidth=1.0,
            marker=look.marker,
            markersize=3,
        )


def _label_sigmas(axes: Axes, histories: Mapping[str, History]) -> None:
    """Write each noise level once, behind the mean of where its lines end."""
    ends: dict[str, list[float]] = {}
    steps = [entry["step"] for history in histories.values() for entry in history if "psnr_db" in entry]
    for history in histories.values():
        last = {sigma: score for entry in history for sigma, score in entry.get("psnr_db", {}).items()}
        for sigma, score in last.items():
            ends.setdefault(sigma, []).append(score)
    for sigma, scores in ends.items():
        place = (max(steps), sum(scores) / len(scores))
        axes.annotate(f"σ = {sigma}", place, (5, 0), textcoords="offset points", fontsize=6, va="center")
    axes.margins(x=0.3)


def _finish(axes: Axes, label: str) -> None:
    axes.set_xlabel("optimiser steps")
    axes.set_ylabel(label)
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
