"""The values that the papers print, by the names of the records.

A cell is printed, or the paper's text does not print it, or the paper's table has no such cell (a method or a
condition of our own). Nothing is interpolated or read off a figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from mpipipe.evaluation.records import applying
from mpipipe.evaluation.vocabulary import TABLES, check_name

Status = Literal["printed", "not_printed", "not_in_paper"]
STATEMENTS: dict[Status, str] = {
    "printed": "printed",
    "not_printed": "not printed in the paper's text",
    "not_in_paper": "not in the paper",
}


@dataclass(frozen=True)
class ReferenceCell:
    """One cell of a paper's table.

    Attributes
    ----------
    value, std : float or None
        Printed mean and standard deviation, in the unit of the metric; None where there is none.
    status : str
        ``printed``, ``not_printed`` or ``not_in_paper``.
    source : str
        Paper and table.
    """

    value: float | None
    std: float | None
    status: Status
    source: str

    @property
    def statement(self) -> str:
        """What is known of the cell, in words."""
        return STATEMENTS[self.status]


@dataclass(frozen=True)
class ReferenceTable:
    """One table of a paper.

    Attributes
    ----------
    paper, source : str
        Citation, and the table in it.
    status : str
        ``printed``, or ``not_printed`` for all of its cells.
    methods, metrics : tuple of str
        Rows and columns of the paper's table.
    notes : tuple of str
        What the paper's text claims, and cautions.
    cells : tuple of dict
        ``metric``, ``conditions``, and ``values`` by method: a number, or mean and standard deviation.
    """

    paper: str
    source: str
    status: Status
    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    notes: tuple[str, ...]
    cells: tuple[dict[str, Any], ...]

    def lookup(self, method: str, metric: str, conditions: Mapping[str, Any]) -> ReferenceCell:
        """Return the cell of a method and metric under our conditions.

        A cell matches when each of the paper's conditions equals ours; conditions that only we have
        do not matter.

        Parameters
        ----------
        method, metric : str
            Names of the records.
        conditions : mapping
            Condition columns of a row of the summary.
        """
        if method not in self.methods or metric not in self.metrics:
            return ReferenceCell(None, None, "not_in_paper", self.source)
        ours = applying(conditions)
        for cell in self.cells:
            matches = all(ours.get(key) == value for key, value in cell["conditions"].items())
            if cell["metric"] == metric and matches and method in cell["values"]:
                value, std = _pair(cell["values"][method])
                return ReferenceCell(value, std, "printed", self.source)
        missing: Status = "not_printed" if self.status == "not_printed" else "not_in_paper"
        return ReferenceCell(None, None, missing, self.source)


def reference_table(study: str, table: str) -> ReferenceTable:
    """Return the paper's table.

    Parameters
    ----------
    study, table : str
        Names, see `mpipipe.evaluation.vocabulary.TABLES`.

    Raises
    ------
    InputError
        When the study or table is unknown.
    """
    check_name("study", study, tuple(TABLES))
    check_name(f"table of {study}", table, TABLES[study])
    content = _content()
    raw = content["tables"][study][table]
    return ReferenceTable(
        paper=content["papers"][study],
        source=raw["source"],
        status=raw["status"],
        methods=tuple(raw["methods"]),
        metrics=tuple(raw["metrics"]),
        notes=tuple(raw.get("notes", ())),
        cells=tuple(raw.get("cells", ())),
    )


def printed_settings(method: str, data: float | str) -> dict[str, float] | None:
    """Return the settings that Peng 2024 (Table 1) print for a method of the reconstruction study.

    Parameters
    ----------
    method : str
        Name of the records.
    data : float or str
        Signal-to-noise ratio of simulated signals in dB, or the name of a calibration for its measured phantoms.

    Returns
    -------
    dict of float, or None
        Values by the names of the method's configuration; None where the paper prints none.
    """
    found: dict[str, float] | None = (
        _content()["settings"]["reconstruction"]["data"].get(data, {}).get(method)
    )
    return None if found is None else dict(found)


def printed_iterations(method: str) -> int | None:
    """Return the iterations that Peng 2024 (Table 4) timed; None where the paper prints none."""
    found: int | None = _content()["iterations"]["reconstruction"]["values"].get(method)
    return found


@cache
def _content() -> dict[str, Any]:
    text = (files("mpipipe.evaluation") / "reference.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def _pair(value: float | list[float]) -> tuple[float, float | None]:
    return (value[0], value[1]) if isinstance(value, list) else (value, None)
