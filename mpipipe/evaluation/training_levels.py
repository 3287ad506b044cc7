"""Trainings at several signal-to-noise ratios: loss and validation PSNR, one colour a ratio, one dash a network."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, in_order, method_style, style
from mpipipe.evaluation.snr_looks import snr_colours, snr_text
from mpipipe.evaluation.training_curve import History


def training_levels(histories: Mapping[tuple[str, float], History], provenance: Provenance) -> Figure:
    """Draw training loss and validation PSNR of networks by their training SNR.

    Parameters
    ----------
    histories : mapping of (str, float) to sequence of mapping
        By method and training SNR the history as training keeps it: entries ``{"step", "loss"}`` and
        ``{"step", "psnr_db": {level: mean}}``, of which the mean over the levels is drawn.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no history, or one has no loss.
    """
    if not histories:
        raise InputError("histories: found none, expected at least one network")
    for (method, snr), history in histories.items():
        if not any("loss" in entry for entry in history):
            raise InputError(
                f"histories: {method}, SNR {snr:g}: found no entry with a loss, expected at least one"
            )
    colours = snr_colours([snr for _, snr in histories])
    with style():
        figure = Figure(figsize=(8.2, 2.9), layout="constrained")
        panels = figure.subplots(1, 2)
        for method in in_order({method for method, _ in histories}):
            for snr in sorted(level for name, level in histories if name == method):
                _draw(panels, histories[method, snr], method, colours[snr], f"{method}, SNR {snr_text(snr)}")
        _finish(panels[0], "training loss")
        panels[0].set_yscale("log")
        _finish(panels[1], "validation PSNR (dB)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", handlelength=2.4)
        add_footer(figure, provenance)
    return figure


def _draw(panels: Sequence[Axes], history: History, method: str, colour: str, label: str) -> None:
    look = method_style(method)
    losses = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    scores = [
        (entry["step"], _mean(list(entry["psnr_db"].values()))) for entry in history if entry.get("psnr_db")
    ]
    for axes, points, marker in zip(panels, (losses, scores), ("", look.marker), strict=True):
        if points:
            steps, values = zip(*points, strict=True)
            mark = marker or ("." if len(points) == 1 else "")
            axes.plot(
                steps,
                values,
                color=colour,
                linestyle=look.dash,
                linewidth=1.1,
                marker=mark,
                markersize=3.5,
                markerfacecolor=colour if look.dash == "-" else "white",
                label=label,
            )


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel("optimiser steps")
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
