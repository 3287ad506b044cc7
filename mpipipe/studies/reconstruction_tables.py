"""The reconstruction study's tables, pure functions of records and of what preparation wrote (Peng 2024, Tables 1 to 4)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mpipipe.evaluation.captions import Provenance, conventions, figure_caption, table_caption
from mpipipe.evaluation.reference import reference_table
from mpipipe.evaluation.settings_table import Tuned, format_settings, printed_note, settings_frame
from mpipipe.evaluation.summary import compare, summarise
from mpipipe.evaluation.tables import (
    FormattedTable,
    comparison_table,
    format_comparison,
    format_number,
    format_paired,
    with_spread,
)
from mpipipe.evaluation.vocabulary import METHODS
from mpipipe.studies.reconstruction_plan import STUDY
from mpipipe.studies.result import ResultTable

# The proposed method, as published and as a named variant.
PROPOSED = ("DERnet", "DERnet (Tikhonov start)")
SCORES = ("psnr_db", "ssim", "nrmse")
CALIBRATIONS = {"openmpi": "Open MPI-like", "inhouse": "in-house-like"}
REPEATED = "A method that was trained several times enters with the mean of its trainings"


def parameters_table(tuned: Mapping[str, Sequence[Tuned]], provenance: Provenance) -> ResultTable:
    """Return the table ``parameters``: what tuning chose, beside the paper's settings (Peng 2024, Table 1).

    Parameters
    ----------
    tuned : mapping of str to sequence of mapping
        By calibration what tuning wrote of each method, see `mpipipe.evaluation.settings_table.settings_frame`.
    provenance : Provenance
        Run.
    """
    frame = settings_frame(tuned)
    text = (
        "Settings of the competing methods: the best by mean PSNR on phantoms of the validation split, at each noise level "
        "and calibration, and those that Peng 2024, Table 1 print for simulated signals of that level with their PSNR on the "
        "same phantoms, where settings that the paper does not name have their defaults. The paper does not state the scales "
        "of λ and μ, so equal numbers need not mean the same."
    )
    notes = [printed_note(name, CALIBRATIONS[name]) for name in tuned]
    formatted = format_settings(frame, CALIBRATIONS, notes)
    return ResultTable("parameters", "Tuned settings", frame, formatted, figure_caption(text, provenance))


def score_tables(records: pd.DataFrame, provenance: Provenance) -> list[ResultTable]:
    """Return the tables ``fixed_snr``, ``snr_sweep`` and ``snr_sweep_paired`` (Peng 2024, Tables 2 and 3)."""
    summary = summarise(records[records["table"].isin(["fixed_snr", "snr_sweep"])])
    fixed, sweep = (comparison_table(summary, STUDY, name) for name in ("fixed_snr", "snr_sweep"))
    return [
        ResultTable(
            "fixed_snr",
            "Images at a fixed SNR",
            fixed,
            format_comparison(fixed, STUDY, "fixed_snr", spread="std"),
            _score_caption("Images of digit phantoms of the test split, at one SNR", fixed, provenance),
        ),
        ResultTable(
            "snr_sweep",
            "Images at several SNRs",
            sweep,
            _format_sweep(sweep),
            _score_caption("Images of the first digit phantoms of the test split", sweep, provenance),
        ),
        _paired_table(records[records["table"] == "snr_sweep"], provenance),
    ]


def _score_caption(text: str, wide: pd.DataFrame, provenance: Provenance) -> str:
    counts = sorted(set(wide["n"]))
    return table_caption(f"{text}. {REPEATED}", STUDY, SCORES, counts, provenance, spread="std")


def _format_sweep(wide: pd.DataFrame) -> FormattedTable:
    """Return the sweep as text: of the three metrics the paper prints PSNR alone."""
    others = ("ssim", "nrmse")
    printed = wide[[name for name in wide.columns if not name.startswith(others)]]
    psnr = format_comparison(printed, STUDY, "snr_sweep", spread="std")
    more = [
        [with_spread(row[metric], row[f"{metric}_std"], metric) for metric in others]
        for row in wide.to_dict("records")
    ]
    return FormattedTable(
        stub=psnr.stub,
        groups=("Test split",),
        columns=("PSNR (dB)", "paper", "difference", "SSIM", "NRMSE"),
        rows=tuple((*row, *cells) for row, cells in zip(psnr.rows, more, strict=True)),
        notes=psnr.notes,
    )


def _paired_table(records: pd.DataFrame, provenance: Provenance) -> ResultTable:
    methods = [name for name in METHODS if name in set(records["method"])]
    levels = sorted(set(records["snr_db"]))
    # Every phantom has the same levels, so the mean of a phantom's rows is its mean over the levels.
    whole = records.assign(snr_db=float("nan"))
    parts = [
        compare(part[part["method"].isin([proposed, name])], proposed, name)
        for proposed in PROPOSED
        for name in methods
        if proposed in methods and name not in PROPOSED[: PROPOSED.index(proposed) + 1]
        for part in (records, whole)
    ]
    paired = pd.concat(parts, ignore_index=True)
    columns = zip(paired["metric"], paired["method"], paired["baseline"], paired["snr_db"], strict=True)
    paired["paper"] = [
        _printed_gain(metric, proposed, other, levels if pd.isna(level) else [level])
        for metric, proposed, other, level in columns
    ]
    text = (
        "Paired differences, DERnet minus each other method: mean over the phantoms ± half width of the 95 % interval of "
        "the difference, taken phantom by phantom, at each SNR and of the mean over all SNRs; paper: difference of the printed "
        f"means. {REPEATED}. An interval without 0 supports an ordering; for NRMSE less is better. "
        + conventions(STUDY, SCORES)
    )
    return ResultTable(
        "snr_sweep_paired",
        "Images at several SNRs: DERnet against each method",
        paired,
        _format_gains(paired),
        figure_caption(text, provenance),
    )


def _printed_gain(metric: str, proposed: str, other: str, levels: Sequence[float]) -> float:
    """Return the paper's mean of the proposed method minus that of another, averaged over levels; NaN if one is not printed."""
    paper = reference_table(STUDY, "snr_sweep")
    gains = []
    for level in levels:
        ours, theirs = (paper.lookup(name, metric, {"snr_db": level}).value for name in (proposed, other))
        if ours is None or theirs is None:
            return float("nan")
        gains.append(ours - theirs)
    return sum(gains) / len(gains)


def _format_gains(paired: pd.DataFrame) -> FormattedTable:
    text = format_paired(paired)
    printed = paired.loc[paired["metric"] == "psnr_db", "paper"]
    place = len(text.stub) + 1
    return FormattedTable(
        stub=text.stub,
        groups=("Difference",),
        columns=(text.groups[0], "paper's PSNR (dB)", *text.groups[1:]),
        rows=tuple(
            (row[0] or "mean", *row[1:place], format_number(gain, ".4g", signed=True), *row[place:])
            for row, gain in zip(text.rows, printed, strict=True)
        ),
        notes=(f"Paper: {reference_table(STUDY, 'snr_sweep').source}.",),
    )
