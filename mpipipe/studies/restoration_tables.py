"""The restoration study's tables, pure functions of records (Tsanda 2025, Tables 1 to 5)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.config.restoration import RestorationConfig
from mpipipe.config.sample import SampleConfig
from mpipipe.evaluation.captions import Provenance, figure_caption, table_caption
from mpipipe.evaluation.parameter_table import format_parameters, parameter_frame
from mpipipe.evaluation.summary import compare, summarise
from mpipipe.evaluation.tables import FormattedTable, comparison_table, format_comparison, format_paired
from mpipipe.studies.result import ResultTable

STUDY = "restoration"
METRICS = ("psnr_db", "ssim")

TITLES: dict[str, tuple[str, str]] = {
    "denoising": (
        "Denoising",
        "Denoising of system-matrix components with empty-frame background of standard deviation σ",
    ),
    "accelerated_calibration": (
        "Accelerated calibration",
        "Three-dimensional components of which every second voxel along each axis was measured, restored on the whole grid",
    ),
    "upsampling": (
        "Upsampling",
        "Two-dimensional components of which every k-th voxel along each axis was measured (factor k), restored on the "
        "whole grid, an ensemble with larger grids",
    ),
    "inpainting": (
        "Inpainting",
        "Three-dimensional components that lost a stretch of the scan with 10 % of the voxels; scored over the missing "
        "voxels and over all",
    ),
}
# Tuned classical methods that differences are taken to.
REFERENCES: dict[str, tuple[str, ...]] = {
    "denoising": ("DCT-F", "DCT-F (one phase)"),
    "accelerated_calibration": ("Tricubic", "Tricubic (DCT-F first)"),
    "upsampling": ("Bicubic", "Bicubic (DCT-F first)"),
    "inpainting": ("Biharmonic", "Biharmonic (then DCT-F)"),
}


def parameter_table(
    sampled: Mapping[str, pd.DataFrame], config: SampleConfig, provenance: Provenance
) -> ResultTable:
    """Return the table ``parameters``: what was asked for and what was drawn (Tsanda 2025, Table 1)."""
    frame = parameter_frame(sampled, config)
    text = (
        "Parameters of the simulated system matrices, as asked for and as drawn over all splits; source says what the "
        "paper's text prints and what is an assumption."
    )
    formatted = format_parameters(frame, sampled, config)
    return ResultTable("parameters", "Sampled parameters", frame, formatted, figure_caption(text, provenance))


def score_tables(
    records: pd.DataFrame, config: RestorationConfig, provenance: Provenance
) -> list[ResultTable]:
    """Return the paper's tables beside what it prints, then the paired differences of each."""
    summary = summarise(records)
    used = {problem.table for problem in config.problems.values()}
    names = [name for name in TITLES if name in used]
    compared = [_score_table(summary, name, provenance) for name in names]
    return compared + [_paired_table(records, name, provenance) for name in names]


def _score_table(summary: pd.DataFrame, name: str, provenance: Provenance) -> ResultTable:
    wide = comparison_table(summary, STUDY, name)
    title, text = TITLES[name]
    caption = table_caption(text, STUDY, METRICS, sorted(set(wide["n"])), provenance)
    return ResultTable(name, title, wide, format_comparison(wide, STUDY, name), caption)


def _paired_table(records: pd.DataFrame, name: str, provenance: Provenance) -> ResultTable:
    own = records[records["table"] == name]
    methods = list(dict.fromkeys(own["method"]))
    pairs = [(a, b) for b in REFERENCES[name] if b in methods for a in methods if a != b]
    paired = pd.concat([compare(own[own["method"].isin(pair)], *pair) for pair in pairs], ignore_index=True)
    title = TITLES[name][0]
    text = (
        f"Paired differences in the table {title.lower()}: mean over the test matrices ± half width of the 95 % interval of "
        "the difference, taken matrix by matrix; a method that was trained several times enters with the mean of its "
        "trainings. An interval without 0 supports an ordering."
    )
    return ResultTable(
        f"{name}_paired",
        f"{title}: paired differences",
        paired,
        format_paired(paired),
        figure_caption(text, provenance),
    )


def training_table(
    cards: Sequence[Mapping[str, Any]], records: pd.DataFrame, provenance: Provenance
) -> ResultTable:
    """Return what each training was: sizes, rates of step and loader, and the spread over repeats.

    Parameters
    ----------
    cards : sequence of mapping
        ``problem``, ``method`` and ``card`` of each first training.
    records : DataFrame
        The study's records, for the spread of the PSNR over trainings with other seeds.
    provenance : Provenance
        Run.
    """
    rows = [_training_row(entry, records) for entry in cards]
    wide = pd.DataFrame(rows)
    text = (
        "Networks as they were trained. Samples a second of the whole training, of the optimiser's step alone, and of "
        "reading and degrading alone (the loader); the step is the bottleneck where its rate is the smaller one. Spread: "
        "largest minus smallest mean PSNR over trainings with different seeds, averaged over the noise levels."
    )
    return ResultTable(
        "training", "Trainings", wide, _format_training(wide), figure_caption(text, provenance)
    )


def _training_row(entry: Mapping[str, Any], records: pd.DataFrame) -> dict[str, Any]:
    card, method = entry["card"], entry["method"]
    repeats, spread = _spread(records, entry["table"], method, entry["dimension"], entry["factor"])
    rate = card["samples_per_s"]
    return {
        "problem": entry["problem"],
        "method": method,
        "parameters": card["parameters"],
        "steps": card["steps"],
        "batch": card["config"]["batch"],
        "minutes": card["steps"] * card["config"]["batch"] / rate / 60 if rate else float("nan"),
        "samples_per_s": rate,
        "step_samples_per_s": card["step_samples_per_s"],
        "loader_samples_per_s": card["loader_samples_per_s"],
        "repeats": repeats,
        "psnr_spread_db": spread,
    }


def _spread(records: pd.DataFrame, table: str, method: str, dimension: int, factor: int) -> tuple[int, float]:
    chosen = records[
        (records["table"] == table)
        & (records["method"] == method)
        & (records["metric"] == "psnr_db")
        & (records["dimension"] == f"{dimension}D")
    ]
    if factor > 1:
        chosen = chosen[chosen["factor"] == factor]
    means = chosen.pivot_table(index="repeat", columns="sigma", values="value", aggfunc="mean")
    return len(means), float((means.max() - means.min()).mean()) if len(means) > 1 else float("nan")


def _format_training(wide: pd.DataFrame) -> FormattedTable:
    columns = (
        "parameters",
        "steps",
        "batch",
        "minutes",
        "samples/s",
        "step alone",
        "loader alone",
        "trainings",
        "spread (dB)",
    )
    rows = [
        (
            str(row["problem"]),
            str(row["method"]),
            f"{row['parameters']:,}".replace(",", " "),
            str(row["steps"]),
            str(row["batch"]),
            _number(row["minutes"], ".1f"),
            _number(row["samples_per_s"], ".0f"),
            _number(row["step_samples_per_s"], ".0f"),
            _number(row["loader_samples_per_s"], ".0f"),
            str(row["repeats"]),
            _number(row["psnr_spread_db"], ".2f"),
        )
        for _, row in wide.iterrows()
    ]
    return FormattedTable(stub=("Problem", "Method"), groups=("Training",), columns=columns, rows=tuple(rows))


def _number(value: float | None, spec: str) -> str:
    return "–" if value is None or pd.isna(value) else format(value, spec)
