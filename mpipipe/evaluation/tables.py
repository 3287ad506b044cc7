"""Comparison tables: ours, the paper's printed value and the difference, one row a condition and method."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from mpipipe.config.base import Section
from mpipipe.errors import InputError
from mpipipe.evaluation.records import CONDITIONS, applying, sort_key
from mpipipe.evaluation.reference import reference_table
from mpipipe.evaluation.summary import SUMMARY_COLUMNS
from mpipipe.evaluation.vocabulary import CONDITION_LABELS, METRICS

Spread = Literal["ci95", "std"]
"""What stands behind ±: half width of the 95 % interval of the mean, or standard deviation of the items."""

_SHORT = {"not_printed": "not printed", "not_in_paper": "–"}


class FormattedTable(Section):
    """A table as text, for Markdown and HTML alike.

    Attributes
    ----------
    stub : tuple of str
        Headings of the leading columns, which name a row.
    groups : tuple of str
        Headings of the groups of columns that follow, one a metric.
    columns : tuple of str
        Headings within each group.
    rows : tuple of tuple of str
        Cells: stub columns, then the columns of each group.
    notes : tuple of str
        What the paper's text says beside its table.
    """

    stub: tuple[str, ...]
    groups: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def comparison_table(summary: pd.DataFrame, study: str, table: str) -> pd.DataFrame:
    """Return the wide table of a summary beside the paper's values, for CSV.

    Parameters
    ----------
    summary : pandas.DataFrame
        Summary, see `mpipipe.evaluation.summary`; other tables in it are left out.
    study, table : str
        Study and table.

    Returns
    -------
    pandas.DataFrame
        The conditions that apply, ``method``, ``n``, and for each metric ``<metric>`` (our mean),
        ``<metric>_std``, ``<metric>_ci95``, ``<metric>_paper``, ``<metric>_paper_std``,
        ``<metric>_difference`` (ours − paper) and ``<metric>_status`` (``printed``, ``not_printed`` or
        ``not_in_paper``).

    Raises
    ------
    InputError
        When the study or table is unknown, or the summary has no row of the table.
    """
    paper = reference_table(study, table)
    if missing := [column for column in SUMMARY_COLUMNS if column not in summary.columns]:
        raise InputError(f"summary: found no column {missing[0]!r}, expected {', '.join(SUMMARY_COLUMNS)}")
    chosen = summary[summary["table"] == table]
    if chosen.empty:
        raise InputError(f"summary: found no row of table {table!r}, expected at least one")
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for record in _rows(chosen):
        conditions, method, metric = applying(record), record["method"], record["metric"]
        cell = paper.lookup(method, metric, conditions)
        key = (*conditions.items(), method, record["n"])
        row = rows.setdefault(key, {**conditions, "method": method, "n": record["n"]})
        row |= {
            metric: record["mean"],
            f"{metric}_std": record["std"],
            f"{metric}_ci95": record["ci95"],
            f"{metric}_paper": math.nan if cell.value is None else cell.value,
            f"{metric}_paper_std": math.nan if cell.std is None else cell.std,
            f"{metric}_difference": math.nan if cell.value is None else record["mean"] - cell.value,
            f"{metric}_status": cell.status,
        }
    wide = pd.DataFrame(list(rows.values()))
    keys = [name for name in CONDITIONS if name in wide.columns] + ["method"]
    ordered = wide.sort_values(keys, kind="stable", key=sort_key, ignore_index=True)
    return ordered[[*keys, "n", *_metric_columns(wide)]]


def format_comparison(
    wide: pd.DataFrame, study: str, table: str, *, spread: Spread = "ci95"
) -> FormattedTable:
    """Return a comparison table as text: mean ± spread, the paper's mean (std), difference.

    Parameters
    ----------
    wide : pandas.DataFrame
        Result of `comparison_table`.
    study, table : str
        Study and table, for the paper's notes.
    spread : {"ci95", "std"}
        What stands behind ±.
    """
    paper = reference_table(study, table)
    conditions = [name for name in CONDITIONS if name in wide.columns]
    metrics = metrics_of(wide)
    return FormattedTable(
        stub=(*(CONDITION_LABELS[name] for name in conditions), "Method", "n"),
        groups=tuple(METRICS[metric].heading for metric in metrics),
        columns=("ours", "paper", "difference"),
        rows=tuple(_formatted_row(row, conditions, metrics, spread) for row in _rows(wide)),
        notes=(f"Paper: {paper.paper}; {paper.source}.", *paper.notes),
    )


def format_paired(paired: pd.DataFrame) -> FormattedTable:
    """Return paired differences, the result of `mpipipe.evaluation.summary.compare`, as text.

    One row a condition, method and baseline; for each metric the mean difference ± ci95 over shared items.
    """
    records = _rows(paired)
    conditions = [name for name in CONDITIONS if any(name in applying(record) for record in records)]
    metrics = [metric for metric in METRICS if metric in set(paired["metric"])]
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for record in records:
        stub = (
            *_condition_cells(record, conditions),
            f"{record['method']} − {record['baseline']}",
            f"{record['n']}",
        )
        rows.setdefault(stub, {})[record["metric"]] = with_spread(
            record["mean"], record["ci95"], record["metric"], signed=True
        )
    return FormattedTable(
        stub=(*(CONDITION_LABELS[name] for name in conditions), "Methods", "n"),
        groups=tuple(METRICS[metric].heading for metric in metrics),
        columns=("difference",),
        rows=tuple((*stub, *(cells.get(metric, "–") for metric in metrics)) for stub, cells in rows.items()),
    )


def metrics_of(wide: pd.DataFrame) -> list[str]:
    """Return the metrics of a comparison table, in the order of `METRICS`."""
    return [metric for metric in METRICS if f"{metric}_status" in wide.columns]


def markdown(table: FormattedTable, caption: str) -> str:
    """Return a table as Markdown: caption, table, notes; cells are escaped."""
    headings = [*table.stub, *(f"{group}, {column}" for group in table.groups for column in table.columns)]
    rule = ["---"] * len(table.stub) + ["---:"] * (len(headings) - len(table.stub))
    lines = [_escape(caption), "", _line(headings), "| " + " | ".join(rule) + " |", *map(_line, table.rows)]
    notes = [f"- {_escape(note)}" for note in table.notes]
    return "\n".join([*lines, *([""] if notes else []), *notes]) + "\n"


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV with nine significant digits and Unix line ends, the same bytes everywhere."""
    return str(frame.to_csv(index=False, float_format="%.9g", lineterminator="\n"))


def format_number(value: float, spec: str, *, signed: bool = False) -> str:
    """Return a number with a true minus sign; ``–`` for a missing one and ``∞`` for infinity."""
    if math.isnan(value):
        return "–"
    text = format(value, ("+" if signed else "") + spec)
    return text.replace("inf", "∞").replace("-", "−")


def with_spread(mean: float, spread: float, metric: str, *, signed: bool = False) -> str:
    """Return ``mean ± spread`` in the format of a metric; the mean alone where the spread is missing."""
    spec = METRICS[metric].spec
    text = format_number(mean, spec, signed=signed)
    return text if math.isnan(spread) else f"{text} ± {format_number(spread, spec)}"


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _metric_columns(wide: pd.DataFrame) -> list[str]:
    parts = ("", "_std", "_ci95", "_paper", "_paper_std", "_difference", "_status")
    return [f"{metric}{part}" for metric in metrics_of(wide) for part in parts]


def _formatted_row(
    row: dict[str, Any], conditions: Sequence[str], metrics: Sequence[str], spread: Spread
) -> tuple[str, ...]:
    cells = [*_condition_cells(row, conditions), str(row["method"]), f"{row['n']}"]
    for metric in metrics:
        cells += _triple(row, metric, spread) if isinstance(row[f"{metric}_status"], str) else ["–", "–", "–"]
    return tuple(cells)


def _triple(row: dict[str, Any], metric: str, spread: Spread) -> list[str]:
    spec, status = METRICS[metric].spec, row[f"{metric}_status"]
    ours = with_spread(row[metric], row[f"{metric}_{spread}"], metric)
    if status != "printed":
        return [ours, _SHORT[status], "–"]
    std = row[f"{metric}_paper_std"]
    paper = format_number(row[f"{metric}_paper"], "g") + ("" if math.isnan(std) else f" ({std:g})")
    return [ours, paper, format_number(row[f"{metric}_difference"], spec, signed=True)]


def _condition_cells(row: dict[str, Any], conditions: Sequence[str]) -> list[str]:
    present = applying(row)
    return [_condition(present[name]) if name in present else "" for name in conditions]


def _condition(value: str | float) -> str:
    return value if isinstance(value, str) else format_number(float(value), "g")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
