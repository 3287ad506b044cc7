"""Job ``score_line_inverses``: errors of every perceptron and classical inverse on the test scenes."""

import logging
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.line_data import Lines, noisy_spectra, open_inverse, read_lines, run_of
from mpipipe.config.line_inverse import TikhonovConfig, TruncatedSvdConfig
from mpipipe.config.line_scanner import LineScanner
from mpipipe.evaluation.metrics import mse
from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.reconstruction.svd_inverse import SvdInverse
from mpipipe.storage.tables import read_json, write_table
from mpipipe.studies.line_inverse import score
from mpipipe.studies.line_runs import LineRun

LOG = logging.getLogger(__name__)
SETTINGS: dict[str, type[TruncatedSvdConfig] | type[TikhonovConfig]] = {
    "Truncated SVD": TruncatedSvdConfig,
    "Tikhonov": TikhonovConfig,
}


class Recipe(JobRecipe):
    """Noise levels."""

    line: LineScanner
    snr_db: tuple[float, ...]


def run(recipe: Recipe, records: Path) -> None:
    """Write the records: one row a training or method, split, and scene; of training scenes their mean."""
    lines = read_lines(recipe)
    parts = [*_networks(recipe, lines), *_classical(recipe, lines)]
    frame = concatenate_records(parts)
    write_table(records, frame)
    finish(records, recipe, {"rows": len(frame), "items": "test scenes"})


def _networks(recipe: Recipe, lines: Lines) -> Iterator[pd.DataFrame]:
    weights = inputs_in(recipe, "train")
    runs = {path: run_of(path) for path in weights}
    compared = _compared(list(runs.values()))
    for path, one in runs.items():
        if not one.chosen:
            continue
        network = open_inverse(path)
        spectra = noisy_spectra(recipe, lines, "test", one.diameter_nm, one.snr_db)
        errors = mse(network.apply(spectra), lines.scenes("test"))
        LOG.info("%s, %s: test error %.3g", one.problem, one.name, errors.mean())
        if one in compared:
            snr = inf if one.snr_db is None else one.snr_db
            yield _records("regularised", one.network, errors, one.diameter_nm, split="test", snr_db=snr)
        if one.snr_db is None:
            learned = network.apply(lines.spectra("train", one.diameter_nm, one.n_train))
            mean = mse(learned, lines.scenes("train", one.n_train)).mean(keepdims=True)
            for split, values in (("test", errors), ("train", mean)):
                yield _records(
                    "mse",
                    one.network,
                    values,
                    one.diameter_nm,
                    split=split,
                    n_train=one.n_train,
                    hidden_units=one.hidden_units,
                    optimiser=one.optimiser,
                )


def _compared(runs: list[LineRun]) -> list[LineRun]:
    """Return the trainings that stand beside classical inverses: modern, of most scenes and hidden units."""
    modern = [one for one in runs if one.chosen and one.optimiser != "SGD"]
    most, units = (
        max((getattr(one, name) for one in modern), default=0) for name in ("n_train", "hidden_units")
    )
    return [
        one
        for one in modern
        if one.n_train == most and one.hidden_units in (0, units) and one.network != "Single-layer (linear)"
    ]


def _classical(recipe: Recipe, lines: Lines) -> Iterator[pd.DataFrame]:
    (path,) = inputs_in(recipe, "baseline")
    inverses = {diameter: SvdInverse.of(matrix) for diameter, matrix in lines.matrices.items()}
    for one in read_json(path)["inverses"]:
        diameter, snr_db = one["diameter_nm"], one["snr_db"]
        spectra = noisy_spectra(recipe, lines, "test", diameter, snr_db)
        settings = SETTINGS[one["method"]].model_validate(one["settings"])
        errors = score(inverses[diameter], spectra, lines.scenes("test"), settings)
        snr = inf if snr_db is None else snr_db
        yield _records("regularised", one["method"], errors, diameter, split="test", snr_db=snr)


def _records(
    table: str,
    method: str,
    errors: npt.NDArray[np.float64],
    diameter_nm: float,
    **conditions: Any,  # noqa: ANN401 - what records take
) -> pd.DataFrame:
    return build_records(
        table=table,
        method=method,
        metric="mse",
        item=np.arange(len(errors)),
        value=errors,
        diameter_nm=diameter_nm,
        **conditions,
    )
