"""Metrics against the size of the grid, noise-free and noisy side by side (Tsanda 2025, Tables 3 and 5)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, in_order, method_style, style
from mpipipe.evaluation.vocabulary import METRICS

POOLED = "all"
_PANEL = ("sigma", "region")
_FIXED = ("table", "dimension", "factor")
_REGIONS = {"missing": "missing voxels", "all": "all voxels"}


def size_figure(
    summary: pd.DataFrame, provenance: Provenance, *, metrics: Sequence[str] = ("psnr_db", "ssim")
) -> Figure:
    """Draw means with 95 % intervals by bin of the average grid size, one row a metric and one column a noise level.

    Where several regions are scored, each has a column of its own. Pooled rows (``all``) stand apart at the right.

    Parameters
    ----------
    summary : pandas.DataFrame
        Rows of one table, dimension and factor as `mpipipe.evaluation.summary.summarise` gives them, with
        ``size_bin``.
    provenance : Provenance
        Run, for the footer.
    metrics : sequence of str
        Metrics, one a row of panels.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When a metric has no row, a row has no bin, or another condition varies.
    """
    _check(summary, metrics)
    bins = _bins(summary)
    panels = summary[list(_PANEL)].drop_duplicates()
    panels = panels.sort_values(list(_PANEL), key=_first_missing)
    count = len(panels)
    with style():
        size = (2.05 * count + 2.4, 1.9 * len(metrics) + 0.8)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(metrics), count, squeeze=False, sharex=True, sharey="row")
        for column, (sigma, region) in enumerate(panels.itertuples(index=False)):
            chosen = summary[(summary["sigma"] == sigma) & (summary["region"] == region)]
            grid[0, column].set_title(_title(sigma, region))
            for axes, metric in zip(grid[:, column], metrics, strict=True):
                _draw_panel(axes, chosen[chosen["metric"] == metric], bins)
        for axes, metric in zip(grid[:, 0], metrics, strict=True):
            axes.set_ylabel(METRICS[metric].heading)
        _legend(figure, summary, grid[0, 0])
        for axes in grid[-1]:
            axes.set_xlabel("average grid size (voxels)")
        add_footer(figure, provenance)
    return figure


def _check(summary: pd.DataFrame, metrics: Sequence[str]) -> None:
    for metric in metrics:
        if metric not in set(summary["metric"]):
            raise InputError(f"summary: found no row with metric {metric!r}, expected at least one")
    if "" in set(summary["size_bin"]):
        raise InputError("summary: size_bin: found a row without a bin, expected one in each")
    for other in _FIXED:
        count = len(summary[other].drop_duplicates())
        if count > 1:
            raise InputError(f"summary: {other}: found {count} values, expected one")


def _bins(summary: pd.DataFrame) -> list[str]:
    """Return the bins by their lower edge, pooled rows last."""
    found = set(summary["size_bin"])
    edges = sorted(found - {POOLED}, key=lambda text: float(text.strip("([])").split(",")[0]))
    return edges + ([POOLED] if POOLED in found else [])


def _first_missing(column: "pd.Series[float]") -> "pd.Series[float]":
    """Return what panels are sorted by: σ, then missing before all voxels."""
    return (
        column.map({region: place for place, region in enumerate(("", *_REGIONS))})
        if column.name == "region"
        else column
    )


def _title(sigma: float, region: str) -> str:
    noise = "noise-free" if sigma == 0 else f"σ = {sigma:g}"
    return f"{noise}, {_REGIONS[region]}" if region else noise


def _draw_panel(axes: Axes, rows: pd.DataFrame, bins: list[str]) -> None:
    methods = in_order(set(rows["method"]))
    for place, method in enumerate(methods):
        own = rows[rows["method"] == method]
        # Moved apart a little, so that intervals of equal means can be told apart.
        offset = (place - (len(methods) - 1) / 2) * 0.06
        for chosen in (own[own["size_bin"] != POOLED], own[own["size_bin"] == POOLED]):
            _draw_line(axes, chosen, bins, offset, method)
    places = _places(bins)
    if POOLED in bins:
        axes.axvline(places[POOLED] - 0.65, color="#999999", linewidth=0.6)
    axes.set_xticks(list(places.values()), bins, fontsize=6.5)
    axes.set_xlim(-0.45, max(places.values()) + 0.45)
    axes.grid(visible=True, axis="y", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_line(axes: Axes, rows: pd.DataFrame, bins: list[str], offset: float, method: str) -> None:
    if rows.empty:
        return
    look = method_style(method)
    places = _places(bins)
    ordered = rows.assign(place=rows["size_bin"].map(places)).sort_values("place")
    axes.errorbar(
        ordered["place"].to_numpy(np.float64) + offset,
        ordered["mean"].to_numpy(np.float64),
        yerr=ordered["ci95"].fillna(0.0).to_numpy(np.float64),
        color=look.colour,
        marker=look.marker,
        markerfacecolor=look.face,
        linestyle=look.dash,
        linewidth=1.2,
        markersize=4.5,
        capsize=2,
        elinewidth=0.8,
        label=method,
    )


def _places(bins: list[str]) -> dict[str, float]:
    return {name: number + (0.3 if name == POOLED else 0.0) for number, name in enumerate(bins)}


def _legend(figure: Figure, summary: pd.DataFrame, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    by_name = dict(zip(labels, handles, strict=True))
    names = [name for name in in_order(set(summary["method"])) if name in by_name]
    figure.legend([by_name[name] for name in names], names, loc="outside right upper", handlelength=2.4)
