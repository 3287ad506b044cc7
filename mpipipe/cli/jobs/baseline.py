"""Job ``baseline``: tune a classical method on the validation split."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.reading import background, matrices
from mpipipe.config.baseline import BaselineConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.storage.tables import write_json
from mpipipe.training.tuning import tune_classical


class Recipe(JobRecipe):
    """Method and what its tuning searches."""

    problem: str
    ensemble: str
    dimension: int
    observation: ObservationConfig
    method: str
    baseline: BaselineConfig


def run(recipe: Recipe, tuned: Path) -> None:
    """Write the tuned parameters and the curve that they were chosen from."""
    # One seed for all methods: they are tuned on the same components and the same noise.
    rng = np.random.default_rng(recipe.derive_seed("baseline", recipe.problem))
    found = tune_classical(
        recipe.method,
        recipe.baseline,
        recipe.observation,
        matrices(recipe, "val"),
        background(recipe, "val"),
        rng,
        recipe.dimension,
    )
    write_json(tuned, found)
    finish(tuned, recipe, {"method": recipe.method, "split": "val"})
