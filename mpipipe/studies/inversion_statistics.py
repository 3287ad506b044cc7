"""Mean squared errors of the inversion study by training and split, from records."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.tables import format_number
from mpipipe.evaluation.vocabulary import METRICS
from mpipipe.studies.inversion_methods import MSE, NETWORKS, Training

Statistics = Mapping[str, Any]
Errors = Mapping[tuple[Training, str], Statistics]
"""``mean``, ``std``, ``ci95`` and ``n`` of the MSE by training and split."""
SPEC, SPREAD_SPEC = METRICS[MSE].spec, ".1e"


def table_summary(records: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the summary of the MSE in one table of the records.

    Raises
    ------
    InputError
        When there is no such record.
    """
    own = records[(records["table"] == table) & (records["metric"] == MSE)]
    if own.empty:
        raise InputError(f"records: found no MSE of table {table!r}, expected at least one")
    return summarise(own)


def training_errors(records: pd.DataFrame) -> Errors:
    """Return the errors of the table ``mse`` by training and split.

    Parameters
    ----------
    records : DataFrame
        The study's records; an item is a scene, or of the training split their mean.

    Raises
    ------
    InputError
        When there is no record of it, or a row has no diameter, number of training scenes, or split.
    """
    summary = table_summary(records, MSE)
    for column in ("diameter_nm", "n_train"):
        if summary[column].isna().any():
            raise InputError(f"records: {column}: found a missing one, expected one in each row of {MSE!r}")
    for column in ("optimiser", "split"):
        if "" in set(summary[column]):
            raise InputError(f"records: {column}: found an empty one, expected one in each row of {MSE!r}")
    rows = summary[summary["method"].isin(NETWORKS)].to_dict("records")
    return {(_training(row), str(row["split"])): _named(row) for row in rows}


def trainings_of(errors: Iterable[tuple[Training, str]]) -> list[Training]:
    """Return the trainings that have errors, in order."""
    return sorted({training for training, _ in errors}, key=lambda one: one.rank)


def error_text(cell: Statistics | None) -> str:
    """Return ``mean ± ci95`` of an error; ``–`` where there is none."""
    if cell is None or math.isnan(cell["mean"]):
        return "–"
    text = format_number(cell["mean"], SPEC)
    return text if math.isnan(cell["ci95"]) else f"{text} ± {format_number(cell['ci95'], SPREAD_SPEC)}"


def wide_error(name: str, cell: Statistics | None) -> dict[str, Any]:
    """Return ``<name>``, ``<name>_std``, ``<name>_ci95`` and ``<name>_n``; missing and 0 where there is no error."""
    found = cell or {}
    numbers = {part: float(found.get(part, "nan")) for part in ("mean", "std", "ci95")}
    return {
        name: numbers["mean"],
        f"{name}_std": numbers["std"],
        f"{name}_ci95": numbers["ci95"],
        f"{name}_n": int(found.get("n", 0)),
    }


def counts_text(cells: Iterable[Statistics]) -> str:
    """Return the numbers of items as text: one, or the smallest and the largest; 0 without any."""
    counts: Sequence[int] = sorted({int(cell["n"]) for cell in cells}) or [0]
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _training(row: Mapping[Any, Any]) -> Training:
    units = 0 if pd.isna(row["hidden_units"]) else int(row["hidden_units"])
    return Training(
        str(row["method"]), str(row["optimiser"]), float(row["diameter_nm"]), int(row["n_train"]), units
    )


def _named(row: Mapping[Any, Any]) -> Statistics:
    return {part: row[part] for part in ("mean", "std", "ci95", "n")}
