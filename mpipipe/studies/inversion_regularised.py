"""The inversion study's comparison of regularised inverses with networks, pure functions of records."""

import math
from collections.abc import Mapping

import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.error_curves import ErrorLine, ErrorPanel, error_curves
from mpipipe.evaluation.figures import method_style
from mpipipe.evaluation.tables import FormattedTable
from mpipipe.evaluation.vocabulary import METHODS
from mpipipe.studies.inversion_methods import ERRORS, VARIED
from mpipipe.studies.inversion_statistics import (
    Statistics,
    counts_text,
    error_text,
    table_summary,
    wide_error,
)
from mpipipe.studies.result import ResultFigure, ResultTable

REGULARISED = "regularised"
"""Table of the records, and name of the table and of the figure."""
TITLE = "Regularised inverses against networks"
BEST, BEST_NOTE = " †", "†: lowest mean of the diameter and noise level."
NOISE = "noise level, given as the SNR of each spectrum, 20 log10(‖u‖/‖n‖) with white noise n"

Cells = Mapping[tuple[str, float, float], Statistics]
"""Statistics by method, diameter in nm and SNR in dB."""

SMALLEST_DRAWN = 1e-10
"""Errors of the figure end here; without noise a classical inverse is exact up to rounding."""


def regularised_table(records: pd.DataFrame, provenance: Provenance, *, note: str = "") -> ResultTable:
    """Return the table ``regularised``: regularised inverses against networks, by diameter and noise level.

    Parameters
    ----------
    records : DataFrame
        The study's records; of the table ``regularised`` those with the split ``test``, an item is a scene.
    provenance : Provenance
        Run.
    note : str
        Sentences of the caption on how methods were tuned and trained.

    Raises
    ------
    InputError
        When there is no record of it, or a method has two rows of one diameter and noise level.
    """
    cells = regularised_cells(records)
    levels = sorted({level for _, _, level in cells})
    methods = [method for method in METHODS if method in {one for one, _, _ in cells}]
    lines = [(d, method) for d in sorted({d for _, d, _ in cells}) for method in methods]
    lines = [(d, method) for d, method in lines if any((method, d, level) in cells for level in levels)]
    wide = pd.DataFrame(
        [
            {"diameter_nm": d, "method": method}
            | {
                key: value
                for level in levels
                for key, value in wide_error(f"mse_{level:g}", cells.get((method, d, level))).items()
            }
            for d, method in lines
        ]
    )
    formatted = FormattedTable(
        stub=("Diameter (nm)", "Method"),
        groups=("Test MSE",),
        columns=tuple(level_text(level) for level in levels),
        rows=tuple(
            (f"{d:g}", method, *(_marked(cells, method, d, level) for level in levels)) for d, method in lines
        ),
        notes=(BEST_NOTE,),
    )
    text = (
        "Regularised inverses of the known system matrix and networks: MSE of test scenes by diameter and "
        f"{NOISE}: mean ± half width of the 95 % interval, n = {counts_text(cells.values())} test scenes. "
        f"{_sentence(note)}{ERRORS}"
    )
    return ResultTable(REGULARISED, TITLE, wide, formatted, figure_caption(text, provenance))


def regularised_figure(records: pd.DataFrame, provenance: Provenance, *, note: str = "") -> ResultFigure:
    """Return the figure ``regularised``: MSE against diameter by method, one panel a noise level.

    Parameters
    ----------
    records : DataFrame
        As for `regularised_table`.
    provenance : Provenance
        Run.
    note : str
        Sentences of the caption on how methods were tuned and trained.
    """
    cells = regularised_cells(records)
    panels = [
        ErrorPanel(
            level_text(level),
            [_line(cells, method, level) for method in METHODS if _has(cells, method, level)],
        )
        for level in sorted({level for _, _, level in cells}, reverse=True)
    ]
    figure = error_curves(panels, VARIED["diameter_nm"], provenance)
    for axes in figure.axes:
        axes.set_ylim(bottom=max(SMALLEST_DRAWN, axes.get_ylim()[0]))
    text = (
        "MSE of test scenes against the diameter of the particle core, on a logarithmic axis, one panel a "
        f"{NOISE}: mean and 95 % interval, which may be smaller than its mark, n = {counts_text(cells.values())} test scenes. "
        f"Lines leave the panel below {SMALLEST_DRAWN:g}, where nothing but rounding is left. {_sentence(note)}{ERRORS}"
    )
    return ResultFigure(REGULARISED, TITLE, figure, figure_caption(text, provenance))


def regularised_cells(records: pd.DataFrame) -> Cells:
    """Return the test errors of the table ``regularised`` by method, diameter in nm and SNR in dB.

    Raises
    ------
    InputError
        When there is no record of it, or a method has two rows of one diameter and SNR.
    """
    chosen = records[(records["table"] == REGULARISED) & (records["split"] != "train")]
    summary = table_summary(chosen, REGULARISED)
    cells: dict[tuple[str, float, float], Statistics] = {}
    for row in summary.to_dict("records"):
        key = (str(row["method"]), float(row["diameter_nm"]), float(row["snr_db"]))
        if key in cells:
            raise InputError(
                f"records: found two rows of {key[0]} at {key[1]:g} nm, {level_text(key[2])}, expected one"
            )
        cells[key] = {part: row[part] for part in ("mean", "std", "ci95", "n")}
    return cells


def level_text(snr_db: float) -> str:
    """Return an SNR as text; ``noise-free`` when it is infinite."""
    return "noise-free" if math.isinf(snr_db) else f"SNR {snr_db:g} dB"


def _marked(cells: Cells, method: str, diameter_nm: float, level: float) -> str:
    rivals = {one: cell["mean"] for (one, d, snr), cell in cells.items() if (d, snr) == (diameter_nm, level)}
    best = min(rivals, key=lambda one: rivals[one], default=None)
    return error_text(cells.get((method, diameter_nm, level))) + BEST * (best == method)


def _has(cells: Cells, method: str, level: float) -> bool:
    return any((one, snr) == (method, level) for one, _, snr in cells)


def _line(cells: Cells, method: str, level: float) -> ErrorLine:
    own = {d: cell for (one, d, snr), cell in sorted(cells.items()) if (one, snr) == (method, level)}
    return ErrorLine(
        method,
        list(own),
        [float(cell["mean"]) for cell in own.values()],
        [float(cell["ci95"]) for cell in own.values()],
        method_style(method),
    )


def _sentence(note: str) -> str:
    return f"{note.strip()} " if note.strip() else ""
