"""Job ``score_reconstructor``: score one reconstruction method on digit phantoms of the test split."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.reconstructors import open_reconstructor, read_digits, read_matrix
from mpipipe.config.reconstruction import ReconstructionMethod, SignalNoise, Solvers
from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.storage.tables import write_table
from mpipipe.studies.image_scores import image_scores
from mpipipe.studies.reconstructors import measure_images

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Method and conditions."""

    calibration: str
    method: ReconstructionMethod
    repeat: int
    noise: SignalNoise
    images: int
    sweep: int
    solvers: Solvers


def run(recipe: Recipe, records: Path) -> None:
    """Write the records of one method in both tables: one row a phantom, noise level and metric."""
    scored = list(_scored(recipe))
    frame = concatenate_records(scored)
    write_table(records, frame)
    finish(records, recipe, {"rows": len(frame), "items": "digit phantoms of the test split"})


def _scored(recipe: Recipe) -> Iterator[pd.DataFrame]:
    matrix, _ = read_matrix(recipe)
    artifacts = [*inputs_in(recipe, "baseline"), *inputs_in(recipe, "train")]
    method = open_reconstructor(recipe.method, artifacts, recipe.solvers, matrix)
    tasks = [("fixed_snr", recipe.noise.test_db, recipe.images)]
    tasks += [("snr_sweep", level, recipe.sweep) for level in recipe.noise.sweep_db]
    for table, level, count in tasks:
        # Not of the method: all see the same phantoms and the same noise.
        rng = np.random.default_rng(recipe.derive_seed("test", table, str(level)))
        measured = measure_images(matrix, read_digits(recipe, "test", recipe.images), level, rng)
        images, _ = method.apply(measured.signal[:count], measured.noise_norm[:count], level)
        scores = image_scores(images, measured.truth[:count])
        LOG.info("%s at %g dB: PSNR %.2f dB", recipe.method, level, float(np.mean(scores["psnr_db"])))
        for metric, values in scores.items():
            yield build_records(
                table=table,
                method=recipe.method,
                metric=metric,
                item=np.arange(count),
                value=values,
                repeat=recipe.repeat,
                snr_db=level,
            )
