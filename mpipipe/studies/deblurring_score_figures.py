"""The deblurring study's figures of scores and trainings, pure functions of records and cards (Ergun 2022, figure 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, conventions, figure_caption
from mpipipe.evaluation.cell_table import CellTable, Row, cell_table
from mpipipe.evaluation.figures import wrapped
from mpipipe.evaluation.heat_map import HeatBlock, heat_map
from mpipipe.evaluation.snr_curves import snr_curves
from mpipipe.evaluation.snr_looks import snr_text
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.training_levels import training_levels
from mpipipe.studies.deblurring_figures import row_label
from mpipipe.studies.deblurring_plan import STUDY
from mpipipe.studies.deblurring_tables import NETWORK, SNR, TUNED, published_records
from mpipipe.studies.result import ResultFigure


def snr_map_figure(records: pd.DataFrame, provenance: Provenance) -> ResultFigure:
    """Return the figure ``snr_map``: PSNR of the λ phantom by training and test SNR (Ergun 2022, figure 4)."""
    table = cell_table(summarise(published_records(records)), "psnr_db")
    trained = [row for row in table.rows if row[0] == NETWORK]
    if not trained:
        raise InputError(f"records: found no {NETWORK}, expected one for each training SNR")
    others = [row for row in table.rows if row[0] != NETWORK]
    best = [table.best(column, (NETWORK,)) for column in table.columns]
    marked = [(trained.index(row), number) for number, row in enumerate(best) if row is not None]
    blocks = [
        HeatBlock([snr_text(row[1] or 0) for row in trained], _means(table, trained), "training SNR", marked)
    ]
    if others:
        ordered = others[::-1]  # rows stand from the bottom up
        blocks.append(HeatBlock([row_label(row) for row in ordered], _means(table, ordered)))
    columns = [snr_text(snr).replace("-", "-\n") for _, snr in table.columns]
    figure = heat_map(columns, blocks, provenance, column_label="test SNR", value_label="PSNR (dB)")
    counts = sorted(set(table.counts))
    number = f"{counts[-1]}" + (f", without noise {counts[0]}" if len(counts) > 1 else "")
    text = (
        f"Mean PSNR of the λ phantom in dB over repetitions of the noise, n = {number}: {NETWORK} by training and test SNR, "
        "framed the best training SNR of each test SNR; below on the same scale the other methods. "
        f"{TUNED}. {SNR} {conventions(STUDY, ('psnr_db',))}"
    )
    return ResultFigure("snr_map", "PSNR by training and test SNR", figure, figure_caption(text, provenance))


def snr_curves_figure(records: pd.DataFrame, train_snr: float, provenance: Provenance) -> ResultFigure:
    """Return the figure ``snr_curves``: PSNR of the λ phantom against the test SNR.

    Parameters
    ----------
    records : DataFrame
        The study's records.
    train_snr : float
        Training SNR of `NETWORK` that is shown.
    provenance : Provenance
        Run.
    """
    summary = summarise(published_records(records))
    psnr = summary[summary["metric"] == "psnr_db"]
    rows = [row for row in cell_table(psnr, "psnr_db").rows if row[0] != NETWORK or row[1] == train_snr]
    lines = {}
    for method, snr in rows:
        own = psnr[psnr["method"] == method]
        own = own if snr is None else own[own["train_snr"] == snr]
        lines[method if snr is None else f"{wrapped(method)}\ntrained at SNR {snr:g}"] = (method, own)
    figure = snr_curves(lines, "psnr_db", provenance)
    text = (
        "λ phantom: mean PSNR over repetitions of the noise with 95 % intervals, which say nothing of other phantoms or "
        f"trainings; the noise-free image stands apart. {TUNED}. {SNR} {conventions(STUDY, ('psnr_db',))}"
    )
    return ResultFigure("snr_curves", "PSNR against the test SNR", figure, figure_caption(text, provenance))


def training_figure(trainings: Sequence[Mapping[str, Any]], provenance: Provenance) -> ResultFigure:
    """Return the figure ``training``; trainings as in `mpipipe.studies.deblurring_settings.training_table`."""
    histories = {(one["method"], float(one["train_snr"])): one["card"]["history"] for one in trainings}
    figure = training_levels(histories, provenance)
    text = (
        "Training loss, the sum of the mean absolute errors of pixels and of perceptual features, and mean PSNR on windows of "
        "the validation scene with noise of the training SNR, so PSNR at different SNRs is not of the same images."
    )
    return ResultFigure(
        "training", "Trainings: loss and validation", figure, figure_caption(text, provenance)
    )


def _means(table: CellTable, rows: Sequence[Row]) -> npt.NDArray[np.float64]:
    return np.array([[table.mean(row, column) for column in table.columns] for row in rows], np.float64)
