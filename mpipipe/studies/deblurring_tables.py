"""The deblurring study's tables of scores, pure functions of records (Ergun 2022, figures 3 and 4)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, conventions, figure_caption
from mpipipe.evaluation.cell_table import (
    BEST_NOTE,
    CellTable,
    Column,
    Row,
    cell_table,
    metrics_in,
    row_text,
    wide_frame,
)
from mpipipe.evaluation.reference import reference_table
from mpipipe.evaluation.snr_looks import snr_text
from mpipipe.evaluation.summary import compare, summarise
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.evaluation.vocabulary import METRICS
from mpipipe.studies.deblurring_plan import STUDY
from mpipipe.studies.result import ResultTable

PUBLISHED = "train_vs_test_snr"
CLASSICAL = ("Gridding", "Wiener", "Richardson-Lucy", "TV")
NETWORK, RETINAL, CONSISTENT = "Network", "Network (retinal scene)", "Network (data consistency)"
LEARNED = (NETWORK, RETINAL, CONSISTENT)
LAMBDA = "lambda"
PHANTOMS = {
    LAMBDA: "λ",
    "fork": "fork",
    "background": "background",
    "windows": "unseen scene",
}
"""What phantoms are called."""
SHOWN = ("psnr_db", "ssim")
"""Metrics of the tables, of which the highest is the best."""
SNR = "SNR is the largest signal while the coded scene was measured over the standard deviation of the noise, a linear ratio."
TUNED = (
    "Settings of the classical methods were tuned on windows of the validation scene at each test SNR, so they know the "
    "noise level; networks are not told it"
)
INTERVAL = (
    "mean ± half width of the 95 % interval over repetitions of the noise, which holds for this phantom and these trainings "
    "and says nothing of others"
)


def published_records(records: pd.DataFrame) -> pd.DataFrame:
    """Return the records of the λ phantom.

    Raises
    ------
    InputError
        When there is none.
    """
    own = records[(records["table"] == PUBLISHED) & records["phantom"].isin(["", LAMBDA])]
    if own.empty:
        raise InputError(
            f"records: found no row of table {PUBLISHED!r} and the λ phantom, expected at least one"
        )
    return own.assign(phantom="")


def best_train_snr(records: pd.DataFrame, phantom: str = "windows") -> float:
    """Return the training SNR of `NETWORK` with the highest PSNR over all test SNRs, on a phantom or on the unseen scene.

    Parameters
    ----------
    records : DataFrame
        The study's records.
    phantom : str
        Phantom that decides; one that is not shown keeps the choice apart from what is reported.

    Raises
    ------
    InputError
        When there is no record of it.
    """
    own = records[(records["metric"] == "psnr_db") & (records["method"] == NETWORK)]
    own = published_records(own) if phantom == LAMBDA else own[own["phantom"] == phantom]
    if own.empty:
        raise InputError(
            f"records: found no PSNR of {NETWORK} and phantom {phantom!r}, expected at least one"
        )
    levels = own.pivot_table(index="train_snr", columns="test_snr", values="value", aggfunc="mean")
    return float(levels.index[int(levels.mean(axis=1).argmax())])


def train_vs_test_table(records: pd.DataFrame, perceptual: str, provenance: Provenance) -> ResultTable:
    """Return the table ``train_vs_test_snr``: the λ phantom by each method, at each test SNR (Ergun 2022, figure 4).

    Parameters
    ----------
    records : DataFrame
        The study's records; an item is a repetition of the noise.
    perceptual : str
        Features of the perceptual loss.
    provenance : Provenance
        Run.
    """
    summary = summarise(published_records(records))
    tables = [cell_table(summary, metric) for metric in metrics_in(summary)]
    psnr = tables[0]
    paper = reference_table(STUDY, PUBLISHED)
    formatted = FormattedTable(
        stub=("Method", "Training SNR"),
        groups=("Test SNR",),
        columns=tuple(snr_text(snr) for _, snr in psnr.columns),
        rows=psnr.lines(psnr.marked_text),
        notes=(BEST_NOTE, f"Paper: {paper.paper}; {paper.source}; no number is printed.", *paper.notes),
    )
    text = (
        f"PSNR of the λ phantom in dB: {INTERVAL}, n = {_span(psnr.counts)}; one noise-free image has no interval. "
        f"{SNR} {TUNED}. Perceptual features of the training: {perceptual}. {conventions(STUDY, ('psnr_db',))}"
    )
    return ResultTable(
        PUBLISHED,
        "λ phantom: training SNR against test SNR",
        wide_frame(tables),
        formatted,
        figure_caption(text, provenance),
    )


def network_gain_table(records: pd.DataFrame, provenance: Provenance) -> ResultTable:
    """Return the table ``network_gain``: paired differences, networks minus the best classical method at each test SNR.

    Parameters
    ----------
    records : DataFrame
        The study's records.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When there is no network, or no classical method.
    """
    own = published_records(records)
    psnr = cell_table(summarise(own), "psnr_db")
    best = {column[1]: psnr.best(column, CLASSICAL) for column in psnr.columns}
    if None in best.values() or not set(own["method"]) & set(LEARNED):
        raise InputError("records: found no network or no classical method, expected both at each test SNR")
    baselines = {snr: row[0] for snr, row in best.items() if row is not None}
    paired = _differences(own, baselines)
    gains = [cell_table(paired, metric) for metric in metrics_in(paired)]
    gain = gains[0]
    first = tuple(
        f"{baselines[column[1]]} {format_number(psnr.mean((baselines[column[1]], None), column), '.2f')}"
        for column in gain.columns
    )
    formatted = FormattedTable(
        stub=("Method", "Training SNR"),
        groups=("Test SNR",),
        columns=tuple(snr_text(snr) for _, snr in gain.columns),
        rows=(
            ("Best classical, PSNR in dB", "–", *first),
            *gain.lines(lambda row, column: gain.text(row, column, signed=True)),
        ),
    )
    text = (
        "λ phantom: PSNR of each network minus that of the classical method with the highest mean at the same test SNR, in dB; "
        "that method is chosen on these same images, which is in its favour. Differences are taken repetition by repetition of "
        "the noise: mean ± half width of the 95 % interval, n = "
        f"{_span(gain.counts)}. An interval without 0 supports an ordering for this phantom and these trainings. {TUNED}. "
        + conventions(STUDY, ("psnr_db",))
    )
    wide = wide_frame(gains)
    for metric in (one.metric for one in gains):
        for snr, name in baselines.items():
            wide.insert(len(wide.columns), f"{metric}_{snr:g}_baseline", name)
    return ResultTable(
        "network_gain",
        "Networks against the best classical method",
        wide,
        formatted,
        figure_caption(text, provenance),
    )


def _differences(records: pd.DataFrame, baselines: Mapping[float, str]) -> pd.DataFrame:
    """Return differences to the baseline of each test SNR, every training SNR against the same records of it."""
    parts = []
    for baseline in dict.fromkeys(baselines.values()):
        chosen = records[[baselines[snr] == baseline for snr in records["test_snr"]]]
        classical = chosen[chosen["method"] == baseline]
        for method in LEARNED:
            trained = chosen[chosen["method"] == method]
            copies = [classical.assign(train_snr=snr) for snr in trained["train_snr"].unique()]
            if copies:
                parts.append(compare(pd.concat([trained, *copies], ignore_index=True), method, baseline))
    return pd.concat(parts, ignore_index=True)


def phantoms_table(
    records: pd.DataFrame, train_snr: float, test_snrs: Sequence[float], provenance: Provenance
) -> ResultTable:
    """Return the table ``phantoms``: PSNR and SSIM of the other phantoms and of windows of an unseen scene.

    Parameters
    ----------
    records : DataFrame
        The study's records; an item is a repetition of the noise, or a window.
    train_snr : float
        Training SNR of `NETWORK` that is shown; of its variants all are.
    test_snrs : sequence of float
        Test SNRs that are shown.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When there is no record of other phantoms at these SNRs.
    """
    other = records[~records["phantom"].isin(["", LAMBDA])]
    shown = other[other["test_snr"].isin(test_snrs) & _shown(other, train_snr)]
    if shown.empty:
        raise InputError("records: found no row of other phantoms at these SNRs, expected at least one")
    summary = summarise(shown[shown["metric"].isin(SHOWN)].assign(table=PUBLISHED))
    tables = [cell_table(summary, metric) for metric in metrics_in(summary)]
    found = {phantom for phantom, _ in tables[0].columns}
    names = [*(name for name in PHANTOMS if name in found), *sorted(found - set(PHANTOMS))]
    snrs = sorted({snr for _, snr in tables[0].columns})
    rows = [
        (METRICS[table.metric].heading, *row_text(row), *_phantom_cells(table, row, names, snrs))
        for table in tables
        for row in table.rows
    ]
    formatted = FormattedTable(
        stub=("Metric", "Method", "Training SNR"),
        groups=tuple(PHANTOMS.get(name, name) for name in names),
        columns=tuple(snr_text(snr) for snr in snrs),
        rows=tuple(rows),
        notes=(BEST_NOTE,),
    )
    counts = "; ".join(f"{PHANTOMS.get(name, name)} {_span(_counts(tables[0], name))}" for name in names)
    text = (
        "Phantoms beside λ, and windows of a coded scene that no method has seen, at a few test SNRs: mean ± half width of the "
        f"95 % interval over repetitions of the noise, of the unseen scene over its windows; n: {counts}. {NETWORK} is the one "
        f"that was trained at an SNR of {train_snr:g}. {TUNED}. {conventions(STUDY, [one.metric for one in tables])}"
    )
    return ResultTable(
        "phantoms", "Other phantoms", wide_frame(tables), formatted, figure_caption(text, provenance)
    )


def _shown(records: pd.DataFrame, train_snr: float) -> "pd.Series[bool]":
    return (records["method"] != NETWORK) | (records["train_snr"] == train_snr)


def _phantom_cells(table: CellTable, row: Row, names: Sequence[str], snrs: Sequence[float]) -> list[str]:
    columns: list[Column] = [(name, snr) for name in names for snr in snrs]
    return [table.marked_text(row, column) for column in columns]


def _counts(table: CellTable, phantom: str) -> list[int]:
    return [int(cell["n"]) for (_, column), cell in table.cells.items() if column[0] == phantom]


def _span(counts: Sequence[int]) -> str:
    """Return the numbers of items as text: one, or the smallest and the largest."""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
