"""Job ``evaluate``: score one method on the test split."""

import logging
from functools import partial
from pathlib import Path

import pandas as pd

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.reading import background, matrices
from mpipipe.cli.jobs.restorers import open_restorer
from mpipipe.config.restoration import ObservationConfig, TableName
from mpipipe.evaluation.records import concatenate_records
from mpipipe.storage.tables import write_table
from mpipipe.studies.cases import cases
from mpipipe.studies.scores import score

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Method and conditions."""

    problem: str
    ensemble: str
    dimension: int
    observation: ObservationConfig
    method: str
    repeat: int
    table: TableName
    sigmas: tuple[float, ...]
    components: int | None
    size_bin_edges: tuple[float, ...]


def run(recipe: Recipe, records: Path) -> None:
    """Write the records of one method in the problem's table: one row a component, condition and metric."""
    (artifact,) = (*inputs_in(recipe, "train"), *inputs_in(recipe, "baseline"))
    restorer = open_restorer(artifact)
    source, empty_frames = matrices(recipe, "test"), background(recipe, "test")
    scored: list[pd.DataFrame] = []
    for sigma in recipe.sigmas:
        drawn = cases(
            source.matrices(),
            empty_frames,
            recipe.observation,
            sigma,
            recipe.components,
            # Not of the method: all methods see the same components, voxels and noise.
            partial(_seed, recipe, sigma),
        )
        for case in drawn:
            scored += score(
                case,
                case.restored_by(restorer),
                table=recipe.table,
                method=recipe.method,
                repeat=recipe.repeat,
                edges=recipe.size_bin_edges,
            )
        LOG.info("%s: σ = %g scored", recipe.method, sigma)
    frame = concatenate_records(scored)
    write_table(records, frame)
    finish(records, recipe, {"rows": len(frame), "items": "system matrices of the test split"})


def _seed(recipe: Recipe, sigma: float, matrix: int) -> int:
    return recipe.derive_seed("test", recipe.ensemble, matrix, str(sigma))
