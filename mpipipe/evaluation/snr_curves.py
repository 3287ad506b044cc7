"""A metric against the signal-to-noise ratio of the test, one line a method, the noise-free test apart."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, method_style, style
from mpipipe.evaluation.snr_looks import snr_places, snr_text
from mpipipe.evaluation.vocabulary import METRICS, check_name


def snr_curves(lines: Mapping[str, tuple[str, pd.DataFrame]], metric: str, provenance: Provenance) -> Figure:
    """Draw means of a metric against the test SNR with bars of their 95 % intervals.

    Parameters
    ----------
    lines : mapping of str to (str, DataFrame)
        By label the method, which decides the look, and its rows of a summary: ``test_snr``, ``mean`` and ``ci95``.
    metric : str
        Metric, for the vertical axis.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure
        The point of a noise-free test stands apart at the right and is joined by no line.

    Raises
    ------
    InputError
        When the metric is unknown, there is no line, or a line has no row or two of one ratio.
    """
    check_name("metric", metric, tuple(METRICS))
    if not lines:
        raise InputError("lines: found none, expected at least one")
    for label, (_, rows) in lines.items():
        if rows.empty or rows["test_snr"].duplicated().any():
            raise InputError(f"lines: {label}: found {len(rows)} rows, expected one for each test SNR")
    places = snr_places([snr for _, rows in lines.values() for snr in rows["test_snr"]])
    with style():
        figure = Figure(figsize=(6.4, 3.1), layout="constrained")
        axes = figure.subplots()
        drawn: list[str] = []
        for label, (method, rows) in lines.items():
            ordered = rows.sort_values("test_snr")
            finite = ordered["test_snr"].map(math.isfinite)
            look = _look(method, drawn.count(method))
            _draw(axes, ordered[finite], places, look, label=label)
            _draw(axes, ordered[~finite], places, look)
            drawn.append(method)
        _finish(axes, places, metric)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", handlelength=2.4)
        add_footer(figure, provenance)
    return figure


def _look(method: str, before: int) -> dict[str, Any]:
    """Return how a line looks; further lines of a method have empty, then half-filled markers and longer dashes."""
    look = method_style(method)
    colour = {"color": look.colour, "marker": look.marker}
    if before:
        marker = (
            {"markerfacecolor": "white"}
            if before == 1
            else {"fillstyle": "left", "markerfacecoloralt": "white"}
        )
        return {**colour, **marker, "linestyle": (0, (3 * before - 2, before))}
    return {**colour, "markerfacecolor": look.face, "linestyle": look.dash}


def _draw(
    axes: Axes,
    rows: pd.DataFrame,
    places: Mapping[float, float],
    look: dict[str, Any],
    label: str | None = None,
) -> None:
    axes.errorbar(
        rows["test_snr"].map(places).to_numpy(float),
        rows["mean"].to_numpy(float),
        yerr=rows["ci95"].fillna(0.0).to_numpy(float),
        linewidth=1.2,
        markersize=4.5,
        capsize=2,
        elinewidth=0.8,
        label=label,
        **look,
    )


def _finish(axes: Axes, places: Mapping[float, float], metric: str) -> None:
    axes.set_xticks(list(places.values()), [snr_text(snr).replace("-", "-\n") for snr in places])
    if math.inf in places and len(places) > 1:
        finite = max(place for snr, place in places.items() if math.isfinite(snr))
        axes.axvline((finite + places[math.inf]) / 2, color="#bbbbbb", linewidth=0.8, linestyle=":")
    axes.set_xlabel("test SNR")
    axes.set_ylabel(METRICS[metric].heading)
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
