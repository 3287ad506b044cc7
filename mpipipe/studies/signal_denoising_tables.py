"""The signal denoising study's tables of scores, pure functions of records (self-supervised denoising, Tables 1 to 3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.evaluation.captions import Provenance, conventions, figure_caption
from mpipipe.evaluation.reference import ReferenceTable, reference_table
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.evaluation.vocabulary import METRICS
from mpipipe.studies.result import ResultTable
from mpipipe.studies.signal_denoising_comparisons import ablation_table, gain_table
from mpipipe.studies.signal_denoising_methods import (
    BLIND,
    METRIC_HEADINGS,
    PROBLEMS,
    TRAININGS,
    in_rows,
    kind_of_method,
    periods_of,
)
from mpipipe.studies.signal_denoising_plan import STUDY
from mpipipe.studies.signal_denoising_statistics import (
    DIFFERENCE,
    Cells,
    cells_of,
    counts_text,
    problem_records,
    statistics_text,
    wide_statistics,
)
from mpipipe.studies.signal_methods import AVERAGED

__all__ = ["ablation_table", "gain_table", "score_table"]

UNIT_UNKNOWN = ("rmse",)
"""Metrics whose number in the paper has a unit that it does not state."""
NOT_PRINTED = ("ssim",)
"""Metrics that the paper has no column of."""
LESS_IS_BETTER = ("rmse",)
BEST, BEST_NOTE = " †", "†: best mean of the column; of RMSE the lowest, otherwise the highest."
PERIODS_NOTE = (
    f"Periods: noisy periods of a test signal that a method sees; {AVERAGED} needs two, all others one."
)
RMSE_NOTE = "RMSE is in m²/s at the concentrations of our scenes; the paper does not state the unit of its RMSE, so compare SNR."
PSNR_NOTE = (
    "PSNR has the usual mean of the squared error over pixels; equation 11 as printed lacks 1/(MN), which would be 40.09 dB "
    "less for 101 × 101 pixels."
)
SSIM_NOTE = (
    "The paper's SSIM stands beside ours by its equation 10, which has no windows; that it was computed over the whole image "
    "is our reading. SSIM in 7-wide windows is another number."
)
MATRIX_ITEMS = (
    "n: test positions, of SNR and RMSE / test phantoms, of images reconstructed with the denoised matrix, λ tuned for each "
    "matrix on other phantoms"
)


def score_table(records: pd.DataFrame, problem: str, provenance: Provenance) -> ResultTable:
    """Return the table of a problem: scores of each method, the paper's and the difference (Tables 1 to 3).

    Parameters
    ----------
    records : DataFrame
        The study's records; an item is a test signal, or of images of the system matrix a phantom.
    problem : str
        One of `PROBLEMS`, which is the table's name.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When the problem is unknown or has no record, or its records have several nominal SNRs.
    """
    summary = summarise(problem_records(records, problem))
    cells, paper = cells_of(summary), reference_table(STUDY, problem)
    metrics = [metric for metric in METRIC_HEADINGS if metric in set(summary["metric"])]
    methods, level = in_rows(set(summary["method"])), float(summary["snr_db"].iloc[0])
    wide = pd.DataFrame([_wide_row(cells, method, metrics, paper, level) for method in methods])
    best = {metric: _best(cells, metric) for metric in metrics}
    formatted = FormattedTable(
        stub=("Kind", "Method", "Periods", "n"),
        groups=("Test set",),
        columns=tuple(heading for metric in metrics for heading in _headings(metric)),
        rows=tuple(_row(row, metrics, best) for row in wide.to_dict("records")),
        notes=(
            *(BEST_NOTE, PERIODS_NOTE, RMSE_NOTE, PSNR_NOTE, SSIM_NOTE),
            f"Paper: {paper.paper}; {paper.source}.",
            *(note for note in paper.notes if not note.startswith("RMSE")),
        ),
    )
    items = MATRIX_ITEMS if problem == "system_matrix" else "n: test scenes"
    text = (
        f"{PROBLEMS[problem]}: denoised signals, and images from them. Ours: mean ± half width of the 95 % interval over test "
        f"items of equal weight ({items}); difference: ours − paper. {BLIND} {TRAININGS} "
        + conventions(STUDY, metrics)
    )
    return ResultTable(problem, PROBLEMS[problem], wide, formatted, figure_caption(text, provenance))


def _wide_row(
    cells: Cells, method: str, metrics: Sequence[str], paper: ReferenceTable, level: float
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": kind_of_method(method),
        "method": method,
        "periods": periods_of(method),
        "nominal_snr_db": level,
    }
    for metric in metrics:
        cell = paper.lookup(method, metric, {"snr_db": level})
        row |= wide_statistics(cells, method, metric)
        row[f"{metric}_paper"] = float("nan") if cell.value is None else cell.value
        row[f"{metric}_status"] = cell.status
        if metric not in UNIT_UNKNOWN:
            row[metric + DIFFERENCE] = row[metric] - row[f"{metric}_paper"]
    return row


def _headings(metric: str) -> Iterator[str]:
    yield METRIC_HEADINGS[metric]
    if metric not in NOT_PRINTED:
        label = METRICS[metric].label.split(" (")[0]
        yield f"{label}, paper"
        if metric not in UNIT_UNKNOWN:
            yield f"{label}, difference"


def _row(row: Mapping[Any, Any], metrics: Sequence[str], best: Mapping[str, str | None]) -> tuple[str, ...]:
    cells = [row["kind"] or "–", row["method"], str(row["periods"]), counts_text(row)]
    for metric in metrics:
        cells.append(statistics_text(row, metric) + BEST * (best[metric] == row["method"]))
        if metric not in NOT_PRINTED:
            cells.append(format_number(row[f"{metric}_paper"], "g"))
            if metric not in UNIT_UNKNOWN:
                cells.append(format_number(row[metric + DIFFERENCE], METRICS[metric].spec, signed=True))
    return tuple(cells)


def _best(cells: Cells, metric: str) -> str | None:
    means = {method: cell["mean"] for (method, name), cell in cells.items() if name == metric}
    choose = min if metric in LESS_IS_BETTER else max
    return choose(means, key=lambda method: means[method], default=None)
