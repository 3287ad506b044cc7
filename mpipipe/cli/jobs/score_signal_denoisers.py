"""Job ``score_signal_denoisers``: score every method of a problem on the test split."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.cli.jobs.base import finish, inputs_in
from mpipipe.cli.jobs.signal_methods import MethodsRecipe, open_methods, read_periods
from mpipipe.config.gridding import GriddingConfig
from mpipipe.evaluation.records import concatenate_records
from mpipipe.reconstruction.coil_gridding import CoilGridding
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.tables import write_table
from mpipipe.studies.signal_denoising_scores import image_scores, score_records, signal_scores
from mpipipe.studies.signal_methods import NOISE_FREE

LOG = logging.getLogger(__name__)
Images = npt.NDArray[np.float32]


class Recipe(MethodsRecipe):
    """Problem, and the gridding of its images."""

    gridding: GriddingConfig


def run(recipe: Recipe, records: Path) -> None:
    """Write the records: one row a method, test item and metric.

    Images of scenes are gridded; those of a system matrix are phantoms that were reconstructed with it.
    """
    found = list(_matrix(recipe) if recipe.problem == "system_matrix" else _scenes(recipe))
    frame = concatenate_records(found)
    write_table(records, frame)
    finish(records, recipe, {"rows": len(frame), "items": "test scenes, test positions, or phantoms"})


def _scenes(recipe: Recipe) -> Iterator[pd.DataFrame]:
    test = read_periods(recipe, "test")
    of = recipe.acquisition
    gridding = CoilGridding.of(of.scanner, of.grid, recipe.gridding, of.coil)
    truth = gridding.apply(test["clean"])
    for method in open_methods(recipe):
        estimates = method.apply(test["periods"], test["sigma"])
        scores = signal_scores(estimates, test["clean"]) | image_scores(gridding.apply(estimates), truth)
        LOG.info("%s, %s: SNR %.2f dB", recipe.problem, method.name, scores["snr_db"].mean())
        yield score_records(recipe.problem, method.name, scores, recipe.snr_db, method.repeat)


def _matrix(recipe: Recipe) -> Iterator[pd.DataFrame]:
    test = read_periods(recipe, "test")
    (path,) = inputs_in(recipe, "reconstruct")
    arrays, described = read_arrays(path)
    repeats: dict[str, int | None] = {}
    for method in open_methods(recipe):
        repeats.setdefault(method.name, method.repeat)
        scores = signal_scores(method.apply(test["periods"], test["sigma"]), test["clean"])
        LOG.info("%s, %s: SNR %.2f dB", recipe.problem, method.name, scores["snr_db"].mean())
        yield score_records(recipe.problem, method.name, scores, recipe.snr_db, method.repeat)
    # The paper compares with the image of the clean matrix, not with the phantom.
    images = dict(zip(described["matrices"], arrays["reconstructions"], strict=True))
    truth = images.pop(NOISE_FREE)
    for name, reconstructed in images.items():
        scores = image_scores(reconstructed, truth)
        yield score_records(recipe.problem, name, scores, recipe.snr_db, repeats[name])
