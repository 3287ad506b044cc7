"""Means and intervals: rows of one item are correlated, so items are what is counted.

Items weigh equally: rows of an item are averaged first, then items. The interval is Student's for the mean
of the n item means m_i, and σ_m is their standard deviation with n − 1 in the denominator:

    mean ± t(0.975, n − 1) σ_m / √n

A matrix with many kept components therefore counts no more than one with few, and 2000 components of 20
matrices are 20 observations.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from mpipipe.errors import InputError
from mpipipe.evaluation.records import CONDITIONS, KEYS, concatenate_records, sort_key, validate_records

CONFIDENCE = 0.95  # the column is called ci95
STATISTICS = ("mean", "std", "ci95", "n")
SUMMARY_COLUMNS: tuple[str, ...] = (*KEYS, *STATISTICS)
PAIRED_COLUMNS: tuple[str, ...] = ("table", *CONDITIONS, "metric", "method", "baseline", *STATISTICS)


def summarise(records: pd.DataFrame) -> pd.DataFrame:
    """Return mean, standard deviation, 95 % interval and count for every condition, method and metric.

    Parameters
    ----------
    records : pandas.DataFrame
        Records, see `mpipipe.evaluation.records`.

    Returns
    -------
    pandas.DataFrame
        Columns `SUMMARY_COLUMNS`: ``mean`` of the item means, ``std`` over the item means, ``ci95`` the
        half width of the interval, ``n`` the number of items. With one item, ``std`` and ``ci95`` are
        missing; with an infinite value too.

    Raises
    ------
    InputError
        When the records are not valid.
    """
    items = item_means(validate_records(records))
    statistics = _statistics(items, list(KEYS))
    return statistics.sort_values(list(KEYS), kind="stable", key=sort_key, ignore_index=True)[
        list(SUMMARY_COLUMNS)
    ]


def item_means(records: pd.DataFrame) -> pd.DataFrame:
    """Return one row an item: the mean of its rows for each condition, method and metric."""
    grouped = records.groupby([*KEYS, "item"], dropna=False, sort=False)
    return grouped["value"].mean().reset_index()


def compare(records: pd.DataFrame, method: str, baseline: str) -> pd.DataFrame:
    """Return the paired difference ``method − baseline`` over the items that both were scored on.

    The difference is taken for each item before the mean and the interval, so what items have in common
    (how hard a matrix is) cancels. An interval that excludes 0 supports an ordering.

    Parameters
    ----------
    records : pandas.DataFrame
        Records of both methods.
    method, baseline : str
        Methods to compare.

    Returns
    -------
    pandas.DataFrame
        Columns `PAIRED_COLUMNS`, one row a condition and metric with at least one shared item.

    Raises
    ------
    InputError
        When the records are not valid, or no item is shared.
    """
    items = item_means(concatenate_records([records]))
    keys = ["table", *CONDITIONS, "metric"]
    sides = [items[items["method"] == name].drop(columns="method") for name in (method, baseline)]
    paired = sides[0].merge(sides[1], on=[*keys, "item"], suffixes=("", "_baseline"))
    if paired.empty:
        raise InputError(f"records: found no item with {method!r} and {baseline!r}, expected shared items")
    with np.errstate(invalid="ignore"):
        paired["value"] = paired["value"] - paired["value_baseline"]
    result = _statistics(paired, keys).assign(method=method, baseline=baseline)
    return result.sort_values(keys, kind="stable", key=sort_key, ignore_index=True)[list(PAIRED_COLUMNS)]


def half_width(std: float, n: int) -> float:
    """Return t(0.975, n − 1) std/√n, the half width of the 95 % interval; NaN for fewer than two items."""
    return float(student.ppf(0.5 + CONFIDENCE / 2, n - 1) * std / np.sqrt(n)) if n > 1 else float("nan")


def _statistics(items: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for key, group in items.groupby(keys, dropna=False, sort=False):
        values = group["value"].to_numpy(np.float64)
        finite = bool(np.isfinite(values).all()) and len(values) > 1
        std = float(values.std(ddof=1)) if finite else float("nan")
        with np.errstate(invalid="ignore"):
            mean = float(values.mean())
        rows.append(dict(zip(keys, key, strict=True)) | _row(mean, std, len(values)))
    return pd.DataFrame(rows).astype({key: items[key].dtype for key in keys} | {"n": "int64"})


def _row(mean: float, std: float, n: int) -> dict[str, Any]:
    return {"mean": mean, "std": std, "ci95": half_width(std, n), "n": n}
