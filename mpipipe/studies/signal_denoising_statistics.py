"""Statistics of one problem's methods by metric, as numbers of a wide row and as text of a cell."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.summary import compare, summarise
from mpipipe.evaluation.tables import format_number, with_spread
from mpipipe.evaluation.vocabulary import METRICS, check_name
from mpipipe.studies.signal_denoising_methods import CLASSICAL, METRIC_HEADINGS, OF_SIGNALS, PROBLEMS

Cells = Mapping[tuple[str, str], Mapping[str, Any]]
"""Mean, standard deviation, interval and count by method and metric."""
DIFFERENCE = "_difference"


def problem_records(records: pd.DataFrame, problem: str) -> pd.DataFrame:
    """Return the records of a problem.

    Raises
    ------
    InputError
        When the problem is unknown or has no record, or its records have several nominal SNRs.
    """
    check_name("problem", problem, tuple(PROBLEMS))
    own = records[records["table"] == problem]
    if own.empty:
        raise InputError(f"records: found no row of table {problem!r}, expected at least one")
    if (count := len(own["snr_db"].drop_duplicates())) > 1:
        raise InputError(f"records: {problem}: found {count} nominal SNRs, expected one")
    return own


def problems_in(records: pd.DataFrame) -> list[str]:
    """Return the problems that there are records of, in order."""
    return [problem for problem in PROBLEMS if problem in set(records["table"])]


def cells_of(statistics: pd.DataFrame) -> Cells:
    """Return a summary of one problem, or paired differences, by method and metric."""
    return {
        (row["method"], row["metric"]): {str(name): value for name, value in row.items()}
        for row in statistics.to_dict("records")
    }


def paired_cells(own: pd.DataFrame, method: str, baseline: str) -> Cells:
    """Return the paired differences ``method − baseline`` by method and metric."""
    return cells_of(compare(own[own["method"].isin([method, baseline])], method, baseline))


def best_filter(own: pd.DataFrame) -> str | None:
    """Return the filter of one period with the highest mean SNR in a problem's records; None without any."""
    snr = own[(own["metric"] == "snr_db") & own["method"].isin(CLASSICAL)]
    if snr.empty:
        return None
    means = summarise(snr).set_index("method")["mean"]
    return str(means.idxmax())


def wide_statistics(cells: Cells, method: str, metric: str, name: str = "") -> dict[str, Any]:
    """Return ``<name>``, ``<name>_std``, ``<name>_ci95`` and ``<name>_n``; missing and 0 where there is no record."""
    name, cell = name or metric, cells.get((method, metric), {})
    numbers = {part: float(cell.get(part, "nan")) for part in ("mean", "std", "ci95")}
    return {
        name: numbers["mean"],
        f"{name}_std": numbers["std"],
        f"{name}_ci95": numbers["ci95"],
        f"{name}_n": int(cell.get("n", 0)),
    }


def statistics_text(row: Mapping[Any, Any], name: str, *, signed: bool = False) -> str:
    """Return ``mean ± ci95`` of a wide row; ``–`` where there is no record."""
    metric, mean, spread = name.removesuffix(DIFFERENCE), row[name], row[f"{name}_ci95"]
    # An error in significant digits needs fewer of them than its mean.
    if metric == "rmse" and not math.isnan(spread):
        return f"{format_number(mean, METRICS[metric].spec, signed=signed)} ± {format_number(spread, '.2g')}"
    return with_spread(mean, spread, metric, signed=signed)


def counts_text(row: Mapping[Any, Any]) -> str:
    """Return the number of items of a wide row; of signals and of images where these differ."""
    found = {metric: int(row.get(f"{metric}_n", 0)) for metric in METRIC_HEADINGS}
    signals = max(found[metric] for metric in OF_SIGNALS)
    images = max(count for metric, count in found.items() if metric not in OF_SIGNALS)
    return f"{signals} / {images}" if signals and images and signals != images else f"{signals or images}"
