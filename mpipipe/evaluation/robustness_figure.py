"""Methods on physics that training never saw: a difference of PSNR by condition, with 95 % intervals."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, in_order, method_style, style

COLUMNS = ("condition", "method", "mean", "ci95")
GROUP = 0.76
"""Width of a group of points, where neighbouring groups are 1 apart."""
LETTERS = 16


def robustness_figure(
    summary: pd.DataFrame, provenance: Provenance, *, label: str, conditions: Sequence[str] | None = None
) -> Figure:
    """Draw one group of points a condition, one point a method.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns ``condition``, ``method``, ``mean`` and ``ci95`` (half width of the 95 % interval, missing for one
        item), the last two in dB; one row a condition and method.
    provenance : Provenance
        Run, for the footer.
    label : str
        What the vertical axis shows, with its unit, such as ``PSNR gain over DCT-F (dB)``.
    conditions : sequence of str, optional
        Conditions from left to right; none given means the order in which they stand in the summary.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When a column is missing, there is no row, a condition and method stand twice, or a condition is not in
        `conditions`.
    """
    _check(summary)
    order = list(dict.fromkeys(summary["condition"])) if conditions is None else list(conditions)
    for found in summary["condition"]:
        if found not in order:
            raise InputError(f"summary: condition: found {found!r}, expected one of {', '.join(order)}")
    methods = in_order(set(summary["method"]))
    with style():
        figure = Figure(figsize=(1.15 * len(order) + 2.6, 3.2), layout="constrained")
        axes = figure.subplots()
        for place, method in enumerate(methods):
            offset = (place - (len(methods) - 1) / 2) * GROUP / max(len(methods), 4)
            _draw_points(axes, summary[summary["method"] == method], method, order, offset)
        _finish(axes, order, label)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")
        add_footer(figure, provenance)
    return figure


def _check(summary: pd.DataFrame) -> None:
    for column in COLUMNS:
        if column not in summary.columns:
            raise InputError(f"summary: found no column {column!r}, expected {', '.join(COLUMNS)}")
    if summary.empty:
        raise InputError("summary: found no row, expected at least one")
    twice = summary[summary.duplicated(["condition", "method"])]
    if len(twice):
        found = f"{twice['method'].iloc[0]!r} under {twice['condition'].iloc[0]!r}"
        raise InputError(f"summary: found {found} twice, expected one row a condition and method")


def _draw_points(axes: Axes, rows: pd.DataFrame, method: str, order: list[str], offset: float) -> None:
    look = method_style(method)
    axes.errorbar(
        np.array([order.index(condition) for condition in rows["condition"]]) + offset,
        rows["mean"].to_numpy(float),
        yerr=rows["ci95"].fillna(0.0).to_numpy(float),
        color=look.colour,
        marker=look.marker,
        markerfacecolor=look.face,
        linestyle="none",
        markersize=5,
        capsize=2,
        elinewidth=0.9,
        label=method,
    )


def _finish(axes: Axes, order: list[str], label: str) -> None:
    axes.axhline(0.0, color="#555555", linewidth=0.8)
    for number in range(0, len(order), 2):
        axes.axvspan(number - 0.5, number + 0.5, color="#f3f3f3", linewidth=0, zorder=0)
    axes.set_xlim(-0.5, len(order) - 0.5)
    axes.set_xticks(range(len(order)), [textwrap.fill(name, LETTERS) for name in order])
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("physics of the test matrices")
    axes.set_ylabel(label)
    axes.grid(visible=True, axis="y", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
