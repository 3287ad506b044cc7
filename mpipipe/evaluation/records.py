"""Tidy records: one row a table, condition, method, item and metric.

A column of a condition that does not apply is empty: ``""`` for text, missing for numbers. Column order,
dtypes and row order are fixed, so the same records are the same bytes. Several rows of one item, such as
components of one system matrix, stand in the order in which they were measured.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.vocabulary import ALL_TABLES, METHODS, METRICS, check_name

Dtype = Literal["str", "float64", "Int64", "int64"]
TEXT: Dtype = "str"
NUMBER: Dtype = "float64"
COUNT: Dtype = "Int64"

# Condition columns and their dtypes, in the order of columns and of sorting.
CONDITIONS: dict[str, Dtype] = {
    "dimension": TEXT,  # 2D or 3D
    "sigma": NUMBER,  # standard deviation of the complex noise at max|s| = 1
    "factor": COUNT,  # of accelerated calibration and upsampling
    "size_bin": TEXT,  # (12,18], (18,24], (24,30], all
    "region": TEXT,  # voxels that are scored: missing or all
    "snr_db": NUMBER,  # of the signal
    "train_snr": NUMBER,  # linear ratio
    "test_snr": NUMBER,  # linear ratio, inf without noise
    "noise": TEXT,  # none, a σ, or a named kind
    "physics": TEXT,  # of the test matrices, where it is not that of training
    "phantom": TEXT,  # that is reconstructed, where several are
    "diameter_nm": NUMBER,  # of the particle core
    "hidden_units": COUNT,
    "n_train": COUNT,  # training samples
    "optimiser": TEXT,
    "split": TEXT,  # train or test, where both are reported
    "batch": COUNT,  # items that are processed together
}
COLUMNS: dict[str, Dtype] = {
    "table": TEXT,
    **CONDITIONS,
    "method": TEXT,
    "repeat": COUNT,  # of a training with another seed
    "item": "int64",
    "metric": TEXT,
    "value": NUMBER,
}
KEYS: tuple[str, ...] = ("table", *CONDITIONS, "method", "metric")
OPTIONAL = (*CONDITIONS, "repeat")


def build_records(
    *,
    table: str,
    method: str,
    metric: str,
    item: int | Sequence[int] | npt.NDArray[np.integer[Any]],
    value: float | Sequence[float] | npt.NDArray[np.floating[Any]],
    repeat: int | None = None,
    **conditions: str | float,
) -> pd.DataFrame:
    """Build the records of one metric of one method under one condition.

    Parameters
    ----------
    table, method, metric : str
        Known names, see `mpipipe.evaluation.vocabulary`.
    item : int or (record,) array of int
        Number of the independent item (system matrix, phantom, scene); one for all rows, or one a row.
    value : float or (record,) array of float64
        Values in the unit of the metric.
    repeat : int, optional
        Number of the training, where a method was trained several times.
    **conditions : str, int or float
        Condition columns that apply, such as ``sigma=0.1``.

    Returns
    -------
    pandas.DataFrame
        Columns and dtypes of `COLUMNS`.

    Raises
    ------
    InputError
        When a name or column is unknown, a value is NaN, or lengths differ.
    """
    values = np.atleast_1d(np.asarray(value, np.float64))
    items = np.atleast_1d(np.asarray(item))
    if items.shape not in ((1,), values.shape):
        raise InputError(f"item: found {items.shape[0]} items, expected 1 or {values.shape[0]}, one a value")
    columns: dict[str, Any] = {
        "table": table,
        **conditions,
        "method": method,
        "metric": metric,
        "value": values,
    }
    columns["repeat"] = pd.NA if repeat is None else repeat
    return validate_records(pd.DataFrame({**columns, "item": np.broadcast_to(items, values.shape)}))


def validate_records(records: pd.DataFrame, name: str = "records") -> pd.DataFrame:
    """Check records and return them with all columns, in order and in their dtypes.

    Parameters
    ----------
    records : pandas.DataFrame
        Any subset of the condition columns, and all others.
    name : str
        What the records are, for error messages.

    Raises
    ------
    InputError
        When a column, table, method or metric is unknown or missing, or a value is NaN or of the wrong kind.
    """
    for column in records.columns:
        check_name(f"{name}: column", str(column), tuple(COLUMNS))
    for column in COLUMNS:
        if column not in records.columns and column not in OPTIONAL:
            raise InputError(f"{name}: found no column {column!r}, expected {', '.join(COLUMNS)}")
    typed = pd.DataFrame({c: _typed(records, c, dtype, name) for c, dtype in COLUMNS.items()})
    for column, known in (("table", ALL_TABLES), ("method", METHODS), ("metric", tuple(METRICS))):
        for found in typed[column].unique():
            check_name(f"{name}: {column}", str(found), known)
    if typed["value"].isna().any():
        raise InputError(
            f"{name}: value: found NaN in row {int(typed['value'].isna().argmax())}, expected numbers"
        )
    return typed


def concatenate_records(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate records in an order that does not depend on the order of the parts.

    Rows are sorted by table, conditions, method (in the order of `METHODS`), metric, item and repeat. Rows that
    agree in all of these, such as components of one matrix, keep their order; they should come from one
    part.

    Parameters
    ----------
    parts : sequence of pandas.DataFrame
        Records; each is validated.

    Raises
    ------
    InputError
        When a part is not valid, or there is none.
    """
    if not parts:
        raise InputError("records: found no parts, expected at least one")
    whole = pd.concat([validate_records(part) for part in parts], ignore_index=True)
    return whole.sort_values([*KEYS, "item", "repeat"], kind="stable", key=sort_key, ignore_index=True)


def with_pooled(records: pd.DataFrame, column: str, label: str = "all") -> pd.DataFrame:
    """Return records with a second copy of each row in which `column` is `label`, the pooled condition.

    Parameters
    ----------
    records : pandas.DataFrame
        Records in which `column` (text, such as ``size_bin``) applies to some rows.
    column, label : str
        Condition column, and the value of pooled rows.
    """
    applies = records[(records[column] != "") & (records[column] != label)]
    return concatenate_records([records, applies.assign(**{column: label})])


def applying(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the conditions of a row of records or of a summary that apply, the others being empty."""
    present = {name: row[name] for name in CONDITIONS if name in row}
    return {name: value for name, value in present.items() if not pd.isna(value) and value != ""}


def sort_key(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return what a column sorts by: methods by their place in `METHODS`, ``all`` last, others by value."""
    if column.name == "method":
        return column.map({method: place for place, method in enumerate(METHODS)})
    return column.replace("all", "~") if column.name == "size_bin" else column


def _typed(records: pd.DataFrame, column: str, dtype: Dtype, name: str) -> "pd.Series[Any]":
    if column not in records.columns:
        empty: dict[str, Any] = {TEXT: "", NUMBER: np.nan, COUNT: pd.NA}
        return pd.Series(np.full(len(records), empty[dtype], object), records.index).astype(dtype)
    values = records[column]
    if dtype == TEXT:
        wrong = [v for v in values.unique() if not isinstance(v, str) and not pd.isna(v)]
        if wrong:
            raise InputError(f"{name}: {column}: found {wrong[0]!s}, expected text")
        return values.astype(TEXT).fillna("")
    try:
        return values.astype(dtype)
    except (TypeError, ValueError):
        raise InputError(f"{name}: {column}: found {values.iloc[0]!s}, expected numbers ({dtype})") from None
