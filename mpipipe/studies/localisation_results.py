"""Table and figure of the measured localisation: accuracy with exact intervals, errors in mm, confusion matrices."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.confusion_figure import ConfusionMatrix, confusion_figure
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.studies.localisation import ALIGNMENTS, METHODS, Localised, brier
from mpipipe.studies.result import ResultFigure, ResultTable
from mpipipe.training.repeated_blocks import Repeatability

FloatArray = npt.NDArray[np.float64]

NAMES = {"row": "each row on its own", "recorded": "as recorded", "background": "by the backgrounds"}
ALIGNED = (
    "Shift between the sessions: each row on its own, whatever its shift, which is the treatment that counts and uses no "
    "other row of session 2; as recorded; one shift for the session, between the backgrounds of both."
)


def localisation_table(
    found: Sequence[Localised],
    position_mm: FloatArray,
    repeatability: Repeatability,
    shift: float,
    provenance: Provenance,
) -> ResultTable:
    """Return the table ``localisation``, one row a method and alignment.

    Columns ``alignment``, ``method``, ``n``, ``correct``, ``accuracy`` with ``accuracy_low`` and ``accuracy_high`` (exact 95 %
    interval, Clopper and Pearson 1934), ``chance``, ``mean_error_mm`` (of the position with the largest share),
    ``mean_centre_error_mm`` (of the centre of mass of the shares), ``brier``, and what was chosen within session 1:
    ``highest_order``, ``hidden_units``, ``weighting``, ``held_out_brier``.

    Parameters
    ----------
    found : sequence of Localised
        What the methods found.
    position_mm : (position,) ndarray of float64
        Positions.
    repeatability : Repeatability
        Of the blocks of session 1.
    shift : float
        Samples between the backgrounds.
    provenance : Provenance
        Run.
    """
    wide = pd.DataFrame([_row(one, position_mm) for one in found])
    rows = wide.to_dict("records")
    formatted = FormattedTable(
        stub=("Shift", "Method"),
        groups=("Session 2",),
        columns=(
            "correct",
            "accuracy, 95 % interval (%)",
            "mean error (mm)",
            "error of the centre of mass (mm)",
        ),
        rows=tuple(_cells(row) for row in rows),
    )
    chance = 100 / len(position_mm)
    text = (
        f"Session 2 of a measured 1-D calibration, localised from session 1 alone: n = {rows[0]['n']} rows, "
        f"{len(position_mm)} positions, chance {chance:.1f} %, exact binomial intervals. The rows are repeats of few positions "
        "in one session, so the intervals say nothing of other scanners or samples. "
        f"{ALIGNED} Between the blocks of session 1: noise {100 * np.linalg.norm(repeatability.noise):.1f} % of a row's norm "
        f"once gain (up to {repeatability.gain:.2f}) and shift (up to {repeatability.drift:.2g} samples of 152) are taken out; "
        f"backgrounds of the sessions: {shift:g} samples. The perceptron and the best single column know that there is one "
        "sample, non-negative least squares does not; where intervals overlap, accuracy does not tell methods apart. Settings "
        "were chosen within session 1, each block left out once."
    )
    return ResultTable(
        "localisation", "Localisation of a measured sample", wide, formatted, figure_caption(text, provenance)
    )


def localisation_figure(
    found: Sequence[Localised], position_mm: FloatArray, provenance: Provenance
) -> ResultFigure:
    """Return the figure ``localisation``: confusion matrices, a column a method and a row an alignment."""
    matrices = [
        ConfusionMatrix(f"{one.method}\n{NAMES[one.alignment]}", confusion(one))
        for alignment in ALIGNMENTS
        for one in found
        if one.alignment == alignment
    ]
    figure = confusion_figure(matrices, position_mm, provenance, columns=len(METHODS))
    text = (
        f"Confusion matrices of session 2, n = {len(found[0].truth)} rows without the corrupt one, localised from session 1 "
        f"alone: position with the largest share against the true one. {ALIGNED}"
    )
    return ResultFigure(
        "localisation", "Confusion matrices of the localisation", figure, figure_caption(text, provenance)
    )


def confusion(one: Localised) -> npt.NDArray[np.int64]:
    """Return counts ``(true position, estimated position)``."""
    size = one.images.shape[1]
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (one.truth, one.images.argmax(axis=1)), 1)
    return counts


def _row(one: Localised, position_mm: FloatArray) -> dict[str, str | int | float]:
    truth = position_mm[one.truth]
    largest = position_mm[one.images.argmax(axis=1)]
    correct, n = int((largest == truth).sum()), len(truth)
    interval = binomtest(correct, n).proportion_ci(confidence_level=0.95, method="exact")
    return {
        "alignment": one.alignment,
        "method": one.method,
        "n": n,
        "correct": correct,
        "accuracy": correct / n,
        "accuracy_low": float(interval.low),
        "accuracy_high": float(interval.high),
        "chance": 1 / len(position_mm),
        "mean_error_mm": float(np.abs(largest - truth).mean()),
        "mean_centre_error_mm": float(np.abs(one.images @ position_mm - truth).mean()),
        "brier": brier(one.images, one.truth),
        "highest_order": one.setting.highest_order,
        "hidden_units": one.setting.hidden,
        "weighting": one.setting.weighting,
        "held_out_brier": one.held_out,
    }


def _cells(row: dict[object, object]) -> tuple[str, ...]:
    percent = [
        format_number(100 * float(str(row[name])), ".1f")
        for name in ("accuracy", "accuracy_low", "accuracy_high")
    ]
    errors = [
        format_number(float(str(row[name])), ".1f") for name in ("mean_error_mm", "mean_centre_error_mm")
    ]
    return (
        NAMES[str(row["alignment"])],
        str(row["method"]),
        f"{row['correct']} of {row['n']}",
        f"{percent[0]} ({percent[1]} to {percent[2]})",
        *errors,
    )
