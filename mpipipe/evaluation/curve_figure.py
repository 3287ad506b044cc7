"""A metric against a condition, one line a method, with 95 % intervals."""

from collections.abc import Sequence
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, in_order, method_style, style
from mpipipe.evaluation.records import CONDITIONS
from mpipipe.evaluation.vocabulary import CONDITION_LABELS, METRICS


def curve_figure(
    summary: pd.DataFrame,
    condition: str,
    metrics: Sequence[str],
    provenance: Provenance,
    *,
    scale: Literal["linear", "log"] = "linear",
) -> Figure:
    """Draw the means of a summary with bars of their 95 % intervals, one panel a metric.

    Parameters
    ----------
    summary : pandas.DataFrame
        Rows of one table in which only `condition`, method and metric vary.
    condition : str
        Condition on the horizontal axis, such as ``sigma``.
    metrics : sequence of str
        Metrics, one a panel.
    provenance : Provenance
        Run, for the footer.
    scale : {"linear", "log"}
        Scale of the horizontal axis.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When the condition is unknown, a metric has no row, or another condition varies too.
    """
    _check(summary, condition, metrics)
    methods = in_order(set(summary["method"]))
    with style():
        figure = Figure(figsize=(3.0 * len(metrics) + 1.5, 2.9), layout="constrained")
        panels = figure.subplots(1, len(metrics), squeeze=False)[0]
        for axes, metric in zip(panels, metrics, strict=True):
            rows = summary[summary["metric"] == metric]
            for method in methods:
                _draw_line(axes, rows[rows["method"] == method].sort_values(condition), condition, method)
            _finish(axes, metric, condition, scale, sorted(set(rows[condition])))
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", handlelength=2.4)
        add_footer(figure, provenance)
    return figure


def _check(summary: pd.DataFrame, condition: str, metrics: Sequence[str]) -> None:
    if condition not in CONDITIONS:
        raise InputError(f"condition: found {condition!r}, expected one of {', '.join(CONDITIONS)}")
    for metric in metrics:
        if metric not in set(summary["metric"]):
            raise InputError(f"summary: found no row with metric {metric!r}, expected at least one")
    for other in ("table", *CONDITIONS):
        count = len(summary[other].drop_duplicates())
        if other != condition and count > 1:
            raise InputError(f"summary: {other}: found {count} values, expected one")


def _draw_line(axes: Axes, rows: pd.DataFrame, condition: str, method: str) -> None:
    look = method_style(method)
    axes.errorbar(
        rows[condition].to_numpy(float),
        rows["mean"].to_numpy(float),
        yerr=rows["ci95"].fillna(0.0).to_numpy(float),
        color=look.colour,
        marker=look.marker,
        linestyle=look.dash,
        linewidth=1.2,
        markersize=4,
        capsize=2,
        elinewidth=0.8,
        label=method,
    )


def _finish(axes: Axes, metric: str, condition: str, scale: str, ticks: list[float]) -> None:
    axes.set_xscale(scale)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel(CONDITION_LABELS[condition])
    axes.set_ylabel(METRICS[metric].heading)
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
