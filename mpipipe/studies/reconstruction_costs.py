"""What reconstructions and trainings cost, pure functions of records and cards (Peng 2024, Table 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.reference import printed_iterations, reference_table
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.evaluation.vocabulary import METHODS
from mpipipe.studies.reconstruction_plan import SCORED, STUDY
from mpipipe.studies.reconstruction_tables import CALIBRATIONS
from mpipipe.studies.result import ResultTable


def timing_table(records: pd.DataFrame, described: Mapping[str, Any], provenance: Provenance) -> ResultTable:
    """Return the table ``timing``: how long an image takes, alone and with others (Peng 2024, Table 4).

    Parameters
    ----------
    records : DataFrame
        The study's records; of the table ``timing`` an item is a run.
    described : mapping
        What the timing says of itself: ``iterations`` by method, ``machine`` and ``threads``.
    provenance : Provenance
        Run.
    """
    own = records[records["table"] == "timing"]
    methods = [name for name in METHODS if name in set(own["method"])]
    wide = pd.DataFrame([_timing_row(own[own["method"] == name], name, described) for name in methods])
    threads = described["threads"]
    text = (
        "Wall-clock time of an image, one signal alone and many together, the shortest of the runs, without loading and "
        "without what is done once for a matrix. Measured on "
        f"{described['machine']}, {threads} {'thread' if threads == 1 else 'threads'}; the paper's is a mean over 50 phantoms "
        "on a GTX 1080 without explicit parallelisation."
    )
    return ResultTable(
        "timing", "Reconstruction time", wide, _format_timing(wide), figure_caption(text, provenance)
    )


def _timing_row(records: pd.DataFrame, method: str, described: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"method": method}
    for kind, part in (
        ("single", records[records["batch"] == 1]),
        ("together", records[records["batch"] > 1]),
    ):
        milliseconds = 1e3 * part["value"]
        row |= {
            f"{kind}_ms": milliseconds.min(),
            f"{kind}_mean_ms": milliseconds.mean(),
            f"{kind}_runs": len(part),
            f"{kind}_images": int(part["batch"].max()) if len(part) else 0,
        }
    printed = reference_table(STUDY, "timing").lookup(method, "time_s", {"snr_db": 30}).value
    return row | {
        "iterations": described["iterations"].get(method),
        "paper_time_s": printed,
        "paper_iterations": printed_iterations(method),
    }


def _format_timing(wide: pd.DataFrame) -> FormattedTable:
    rows = [
        (
            row["method"],
            _significant(row["single_ms"]),
            _significant(row["together_ms"]),
            str(row["together_images"] or "–"),
            f"{row['single_runs']} / {row['together_runs']}",
            _significant(row["iterations"]),
            _significant(row["paper_time_s"]),
            _significant(row["paper_iterations"]),
        )
        for row in wide.to_dict("records")
    ]
    return FormattedTable(
        stub=("Method",),
        groups=("Reconstruction",),
        columns=(
            "alone (ms)",
            "together (ms)",
            "images together",
            "runs",
            "iterations",
            "paper (s)",
            "paper's iterations",
        ),
        rows=tuple(rows),
        notes=(f"Paper: {reference_table(STUDY, 'timing').source}.",),
    )


def training_table(
    trainings: Sequence[Mapping[str, Any]], records: pd.DataFrame, provenance: Provenance
) -> ResultTable:
    """Return the table ``training``: sizes and rates of each training, and the spread over repeats.

    Parameters
    ----------
    trainings : sequence of mapping
        ``calibration``, ``method`` and ``card`` of each first training.
    records : DataFrame
        The study's records, for the spread of the PSNR over trainings with other seeds.
    provenance : Provenance
        Run.
    """
    wide = pd.DataFrame([_training_row(entry, records) for entry in trainings])
    text = (
        "Networks as they were trained, of PP-MPI its image denoiser. Samples a second of the whole training, of the "
        "optimiser's step alone, and of drawing the signals alone (the loader); the step is the bottleneck where its rate is "
        "the smaller one. The weights that are kept are those of the best step on the validation split, by the mean PSNR over "
        "the noise levels; of the denoiser it is that of denoised images. Spread: largest minus smallest mean PSNR over "
        "trainings with different seeds, averaged over the noise levels."
    )
    return ResultTable(
        "training", "Trainings", wide, _format_training(wide), figure_caption(text, provenance)
    )


def _training_row(entry: Mapping[str, Any], records: pd.DataFrame) -> dict[str, Any]:
    card, method, scored = entry["card"], entry["method"], entry["calibration"] == SCORED
    rate, best = card["samples_per_s"], card["best"]
    spread = _spread(records[records["method"] == method]) if scored else {}
    return {
        "calibration": entry["calibration"],
        "method": method,
        "parameters": card["parameters"],
        "steps": card["steps"],
        "batch": card["config"]["batch"],
        "minutes": card["steps"] * card["config"]["batch"] / rate / 60 if rate else None,
        "samples_per_s": rate,
        "step_samples_per_s": card["step_samples_per_s"],
        "loader_samples_per_s": card["loader_samples_per_s"],
        "best_step": best.get("step"),
        "best_psnr_db": best.get("psnr_db"),
        "trainings": spread.get("trainings"),
        "psnr_spread_db": spread.get("psnr_spread_db"),
    }


def _spread(records: pd.DataFrame) -> dict[str, float | None]:
    chosen = records[(records["table"] == "snr_sweep") & (records["metric"] == "psnr_db")]
    means = chosen.pivot_table(index="repeat", columns="snr_db", values="value", aggfunc="mean")
    several = len(means) > 1
    return {
        "trainings": max(len(means), 1),
        "psnr_spread_db": float((means.max() - means.min()).mean()) if several else None,
    }


def _format_training(wide: pd.DataFrame) -> FormattedTable:
    specs = {
        "parameters": ("parameters", ",.0f"),
        "steps": ("steps", ".0f"),
        "batch": ("batch", ".0f"),
        "minutes": ("minutes", ".1f"),
        "samples_per_s": ("samples/s", ".0f"),
        "step_samples_per_s": ("step alone", ".0f"),
        "loader_samples_per_s": ("loader alone", ".0f"),
        "best_step": ("best step", ".0f"),
        "best_psnr_db": ("validation PSNR (dB)", ".2f"),
        "trainings": ("trainings", ".0f"),
        "psnr_spread_db": ("spread (dB)", ".2f"),
    }
    rows = [
        (
            CALIBRATIONS[row["calibration"]],
            row["method"],
            *(_number(row[name], spec) for name, (_, spec) in specs.items()),
        )
        for row in wide.to_dict("records")
    ]
    columns = tuple(heading for heading, _ in specs.values())
    return FormattedTable(
        stub=("Calibration", "Method"), groups=("Training",), columns=columns, rows=tuple(rows)
    )


def _significant(value: float | None) -> str:
    """Return three significant digits or all whole ones, without an exponent; ``–`` for a missing value."""
    return _number(value, ".0f" if value is not None and abs(value) >= 1000 else ".3g")


def _number(value: float | None, spec: str) -> str:
    return "–" if value is None or pd.isna(value) else format_number(value, spec).replace(",", " ")
