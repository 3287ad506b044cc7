"""Means by method with 95 % intervals, one panel a problem, and a paper's numbers as open marks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import BLACK, add_footer, method_style, style

COLUMNS = ("method", "mean", "ci95", "paper")
ROW, EDGES, PANEL, NAMES = 0.21, 1.0, 2.1, 1.9
"""In inches."""


def dot_chart(panels: Mapping[str, pd.DataFrame], label: str, provenance: Provenance) -> Figure:
    """Draw a dot a method, with a bar of its 95 % interval, in panels that share their rows.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        By title the columns ``method``, ``mean``, ``ci95`` (missing for one item) and ``paper`` (missing where the paper
        prints none), one row a method. Rows stand in the order in which methods come first in the panels.
    label : str
        What the horizontal axis shows, with its unit.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no panel, or one lacks a column, has no row, or a method twice.
    """
    _check(panels)
    methods = list(dict.fromkeys(method for frame in panels.values() for method in frame["method"]))
    with style():
        size = (PANEL * len(panels) + NAMES, ROW * len(methods) + EDGES)
        figure = Figure(figsize=size)
        figure.set_layout_engine("constrained", w_pad=0.1)  # names are as wide as their column
        grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axes, (title, frame) in zip(grid, panels.items(), strict=True):
            _draw(axes, frame, methods)
            axes.set_title(title, loc="left")
            axes.set_xlabel(label)
        grid[0].set_yticks(range(len(methods)), methods)
        grid[0].set_ylim(len(methods) - 0.4, -0.6)
        _add_legend(figure, paper=any(frame["paper"].notna().any() for frame in panels.values()))
        add_footer(figure, provenance)
    return figure


def _check(panels: Mapping[str, pd.DataFrame]) -> None:
    if not panels:
        raise InputError("panels: found none, expected at least one")
    for title, frame in panels.items():
        for column in COLUMNS:
            if column not in frame.columns:
                raise InputError(
                    f"panels: {title}: found no column {column!r}, expected {', '.join(COLUMNS)}"
                )
        if frame.empty or frame["method"].duplicated().any():
            raise InputError(
                f"panels: {title}: found {len(frame)} rows, expected one a method and at least one"
            )


def _draw(axes: Axes, frame: pd.DataFrame, methods: list[str]) -> None:
    for row in frame.to_dict("records"):
        look, place = method_style(row["method"]), methods.index(row["method"])
        if not pd.isna(row["paper"]):
            axes.plot(row["paper"], place, **_paper_mark())
        axes.errorbar(
            row["mean"],
            place,
            xerr=0.0 if pd.isna(row["ci95"]) else row["ci95"],
            color=look.colour,
            marker=look.marker,
            markerfacecolor=look.face,
            linestyle="none",
            markersize=5,
            capsize=2,
            elinewidth=0.9,
            zorder=3,
        )
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right"]].set_visible(False)


def _paper_mark() -> dict[str, Any]:
    return {"color": BLACK, "marker": "o", "markerfacecolor": "none", "markersize": 9, "linestyle": "none"}


def _add_legend(figure: Figure, *, paper: bool) -> None:
    ours = Line2D(
        [], [], color=BLACK, marker="s", markersize=5, linestyle="none", label="ours, mean and 95 % interval"
    )
    printed = Line2D([], [], label="paper", **_paper_mark())
    figure.legend(handles=[ours, printed] if paper else [ours], loc="outside upper center", ncols=2)
