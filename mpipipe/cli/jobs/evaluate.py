"""Job ``evaluate``: score one method on the test split."""

import logging
from functools import partial
from pathlib import Path

import pandas as pd

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.reading import background, matrices
from mpipipe.cli.jobs.restorers import open_restorer
from mpipipe.config.evaluate import EvaluateConfig
from mpipipe.evaluation.metrics import psnr_db, ssim
from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.restoration.method import Restorer
from mpipipe.storage.tables import write_table
from mpipipe.studies.denoising import Case, cases

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Method and conditions."""

    ensemble: str
    method: str
    dimension: int
    evaluate: EvaluateConfig


def run(recipe: Recipe, records: Path) -> None:
    """Write the records of one method in the table ``denoising``: one row a component, condition and metric."""
    (artifact,) = (*inputs_in(recipe, "train"), *inputs_in(recipe, "baseline"))
    restorer = open_restorer(artifact)
    source, empty_frames = matrices(recipe, "test"), background(recipe, "test")
    scored = []
    for sigma in recipe.evaluate.sigmas:
        drawn = cases(
            source.matrices(),
            empty_frames,
            sigma,
            recipe.evaluate.components_per_matrix,
            # Not of the method: all methods see the same components and the same noise.
            partial(_seed, recipe, sigma),
        )
        scored += [_score(case, restorer, recipe) for case in drawn]
        LOG.info("%s: σ = %g scored", recipe.method, sigma)
    frame = concatenate_records(scored)
    write_table(records, frame)
    finish(records, recipe, {"rows": len(frame), "items": "system matrices of the test split"})


def _seed(recipe: Recipe, sigma: float, matrix: int) -> int:
    return recipe.derive_seed("test", recipe.ensemble, matrix, str(sigma))


def _score(case: Case, restorer: Restorer, recipe: Recipe) -> pd.DataFrame:
    restored = restorer.apply(case.noisy, case.sigma)
    metrics = {"psnr_db": psnr_db(restored, case.truth), "ssim": ssim(restored, case.truth)}
    return concatenate_records(
        [
            build_records(
                table="denoising",
                method=recipe.method,
                metric=metric,
                item=case.matrix,
                value=values,
                dimension=f"{recipe.dimension}D",
                sigma=case.sigma,
            )
            for metric, values in metrics.items()
        ]
    )
