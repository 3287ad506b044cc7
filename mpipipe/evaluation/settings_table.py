"""Settings that tuning chose, beside those that the paper prints (Peng 2024, Table 1)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.evaluation.reference import printed_settings
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.evaluation.vocabulary import METHODS

# Settings in the order of columns, and how they are written.
SETTINGS: dict[str, str] = {
    "regularization": "λ {}",
    "mu": "μ {}",
    "tv_share": "α {}",
    "scale": "σ₁ {}",
    "noise_factor": "ε {}",
    "iterations": "{} iterations",
}
NOTES = (
    "λ: Tikhonov parameter of ART over ‖A‖_F²/N; μ: penalty parameter of ADMM; α: share of the total variation, the rest is "
    "L1; σ₁: largest singular value that the matrix is rescaled to; ε: radius of the data constraint over the norm of the "
    "noise.",
    "*: smallest or largest of at least three values that were tried; a wider search may find better.",
)

Tuned = Mapping[str, Any]


def settings_frame(tuned: Mapping[str, Sequence[Tuned]]) -> pd.DataFrame:
    """Return one row a calibration, noise level and method, for CSV.

    Parameters
    ----------
    tuned : mapping of str to sequence of mapping
        By calibration what tuning wrote of each method: ``method`` and ``levels``, each with ``snr_db``, ``best``,
        ``best_psnr_db``, ``printed``, ``printed_psnr_db`` and ``candidates``.

    Returns
    -------
    pandas.DataFrame
        ``calibration``, ``snr_db``, ``method``, ``tried`` (candidates), the settings, ``psnr_db``, ``at_edge``
        (settings whose best value is the smallest or largest tried), ``paper_<setting>``, and ``paper_psnr_db``.
    """
    rows = [
        {"calibration": calibration, "snr_db": level["snr_db"], "method": one["method"], **_row(level)}
        for calibration, methods in tuned.items()
        for one in methods
        for level in one["levels"]
    ]
    frame = pd.DataFrame(rows)
    order = {method: place for place, method in enumerate(METHODS)}
    calibrations = {name: place for place, name in enumerate(tuned)}
    ranks = frame.assign(c=frame["calibration"].map(calibrations), m=frame["method"].map(order))
    return frame.loc[ranks.sort_values(["c", "snr_db", "m"], kind="stable").index].reset_index(drop=True)


def format_settings(
    frame: pd.DataFrame, calibrations: Mapping[str, str], notes: Sequence[str] = ()
) -> FormattedTable:
    """Return the result of `settings_frame` as text.

    Parameters
    ----------
    frame : DataFrame
        Settings.
    calibrations : mapping of str to str
        What each calibration is called.
    notes : sequence of str
        Notes beside those on the symbols.
    """
    return FormattedTable(
        stub=("Calibration", "Signal SNR (dB)", "Method", "Tried"),
        groups=("Ours", "Paper"),
        columns=("settings", "validation PSNR (dB)"),
        rows=tuple(
            (
                calibrations[row["calibration"]],
                format_number(row["snr_db"], "g"),
                row["method"],
                str(row["tried"]),
                settings_text({name: row[name] for name in SETTINGS}, row["at_edge"].split()),
                format_number(row["psnr_db"], ".2f"),
                settings_text({name: row[f"paper_{name}"] for name in SETTINGS}) or "–",
                format_number(row["paper_psnr_db"], ".2f"),
            )
            for row in frame.to_dict("records")
        ),
        notes=(*NOTES, *notes),
    )


def settings_text(settings: Mapping[str, float | None], at_edge: Sequence[str] = ()) -> str:
    """Return settings as text such as ``μ 10, α 0.8*, 200 iterations``; those `at_edge` have an asterisk."""
    return ", ".join(
        text.format(f"{settings[name]:g}") + "*" * (name in at_edge)
        for name, text in SETTINGS.items()
        if not pd.isna(settings.get(name))
    )


def printed_note(calibration: str, name: str) -> str:
    """Return one sentence with the settings that the paper prints for measured phantoms of a calibration."""
    found = {method: printed_settings(method, calibration) for method in METHODS}
    listed = "; ".join(f"{method} {settings_text(one)}" for method, one in found.items() if one)
    return f"Paper, measured phantoms, {name}, chosen by eye: {listed}."


def _row(level: Tuned) -> dict[str, Any]:
    candidates, best = level["candidates"], level["best"]
    # A number of iterations that is not tuned stands with the candidate.
    run = next((one["iterations"] for one in candidates if one["settings"] == best), None)
    settings = {"iterations": run} | best
    printed = level["printed"] or {}
    known = level["printed_psnr_db"]
    return {
        "tried": len(candidates),
        **{name: settings.get(name) for name in SETTINGS},
        "psnr_db": level["best_psnr_db"],
        "at_edge": " ".join(_at_edge(best, [one["settings"] for one in candidates])),
        **{f"paper_{name}": printed.get(name) for name in SETTINGS},
        "paper_psnr_db": float("nan") if known is None else known,
    }


def _at_edge(best: Mapping[str, float], tried: Sequence[Mapping[str, float]]) -> list[str]:
    found = []
    for name, value in best.items():
        values = {one[name] for one in tried if name in one}
        if len(values) > 2 and value in (min(values), max(values)):
            found.append(name)
    return found
