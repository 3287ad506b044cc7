"""Statistics with one row a method and training SNR, and one column a phantom and test SNR."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mpipipe.evaluation.records import applying
from mpipipe.evaluation.snr_looks import snr_text
from mpipipe.evaluation.tables import with_spread
from mpipipe.evaluation.vocabulary import METHODS, METRICS

Row = tuple[str, float | None]
"""Method and training SNR; None for methods that are not trained."""
Column = tuple[str, float]
"""Phantom, empty where there is one only, and test SNR."""
Statistics = Mapping[str, Any]

BEST = " †"
BEST_NOTE = "†: highest mean of the column."


@dataclass(frozen=True)
class CellTable:
    """Statistics of one metric in rows and columns.

    Attributes
    ----------
    metric : str
        Metric.
    rows : tuple of (str, float or None)
        Methods in the order of `METHODS`, each by rising training SNR.
    columns : tuple of (str, float)
        Phantoms in the order of the records, each by rising test SNR.
    cells : mapping
        ``mean``, ``std``, ``ci95`` and ``n`` by row and column.
    """

    metric: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    cells: Mapping[tuple[Row, Column], Statistics]

    def mean(self, row: Row, column: Column) -> float:
        """Return the mean of a cell; NaN where there is none."""
        cell = self.cells.get((row, column))
        return float("nan") if cell is None else float(cell["mean"])

    def best(self, column: Column, methods: Sequence[str] = METHODS) -> Row | None:
        """Return the row with the highest mean of a column, among some methods; None where none has a number."""
        known = [row for row in self.rows if row[0] in methods and (row, column) in self.cells]
        return max(known, key=lambda row: self.mean(row, column), default=None)

    def text(self, row: Row, column: Column, *, signed: bool = False) -> str:
        """Return a cell as ``mean ± ci95``; ``–`` where there is none."""
        cell = self.cells.get((row, column))
        return "–" if cell is None else with_spread(cell["mean"], cell["ci95"], self.metric, signed=signed)

    def marked_text(self, row: Row, column: Column) -> str:
        """Return a cell as text, with a dagger when it is the best of its column."""
        return self.text(row, column) + BEST * (self.best(column) == row)

    def lines(self, cell: Callable[[Row, Column], str]) -> tuple[tuple[str, ...], ...]:
        """Return rows of text: method, training SNR (``–`` for none), and what `cell` says of each column."""
        return tuple((*row_text(row), *(cell(row, column) for column in self.columns)) for row in self.rows)

    @property
    def counts(self) -> list[int]:
        """Numbers of items of all cells."""
        return [int(cell["n"]) for cell in self.cells.values()]


def cell_table(statistics: pd.DataFrame, metric: str) -> CellTable:
    """Arrange the rows of a summary, or of paired differences, that have a metric.

    Parameters
    ----------
    statistics : DataFrame
        ``method``, ``metric``, ``mean``, ``std``, ``ci95``, ``n``, and the conditions ``train_snr``, ``test_snr`` and
        ``phantom``.
    metric : str
        Metric.
    """
    chosen = statistics[statistics["metric"] == metric].to_dict("records")
    records = [{str(name): value for name, value in row.items()} for row in chosen]
    cells = {(_row(record), _column(record)): record for record in records}
    phantoms = {phantom: place for place, phantom in enumerate(dict.fromkeys(c[0] for _, c in cells))}
    return CellTable(
        metric,
        tuple(sorted({row for row, _ in cells}, key=lambda row: (METHODS.index(row[0]), row[1] or 0.0))),
        tuple(sorted({column for _, column in cells}, key=lambda column: (phantoms[column[0]], column[1]))),
        cells,
    )


def wide_frame(tables: Sequence[CellTable]) -> pd.DataFrame:
    """Return tables of several metrics side by side, for CSV.

    Returns
    -------
    DataFrame
        ``method``, ``train_snr``, and for each metric, phantom and test SNR the columns
        ``<metric>[_<phantom>]_<test SNR>`` (mean), the same with ``_std``, ``_ci95`` and ``_n``.
    """
    rows = tables[0].rows
    found: dict[str, list[Any]] = {
        "method": [method for method, _ in rows],
        "train_snr": [float("nan") if snr is None else snr for _, snr in rows],
    }
    for table in tables:
        for column in table.columns:
            name = "_".join(part for part in (table.metric, column[0], f"{column[1]:g}") if part)
            for statistic in ("mean", "std", "ci95", "n"):
                heading = name if statistic == "mean" else f"{name}_{statistic}"
                found[heading] = [table.cells.get((row, column), {}).get(statistic) for row in rows]
    return pd.DataFrame(found)


def row_text(row: Row) -> tuple[str, str]:
    """Return method and training SNR as text."""
    return row[0], "–" if row[1] is None else snr_text(row[1])


def metrics_in(statistics: pd.DataFrame) -> list[str]:
    """Return the metrics that there are, in the order of `METRICS`."""
    return [metric for metric in METRICS if metric in set(statistics["metric"])]


def _row(record: Mapping[str, Any]) -> Row:
    snr = applying(record).get("train_snr")
    return str(record["method"]), None if snr is None else float(snr)


def _column(record: Mapping[str, Any]) -> Column:
    return str(applying(record).get("phantom", "")), float(record["test_snr"])
