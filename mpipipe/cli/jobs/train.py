"""Job ``train``: train a network; a killed training goes on from its checkpoint."""

import logging
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.reading import background, matrices
from mpipipe.config.recipe import digest
from mpipipe.config.restoration import ObservationConfig
from mpipipe.config.train import TrainConfig
from mpipipe.storage.atomic import remove
from mpipipe.storage.ensemble import EnsembleReader
from mpipipe.storage.weights import write_weights
from mpipipe.training.components import choose_components, observe_groups
from mpipipe.training.train import ValidationSet, train_network

LOG = logging.getLogger(__name__)
VALIDATION_COMPONENTS = {2: 500, 3: 48}


class Recipe(JobRecipe):
    """Method, network and training."""

    problem: str
    ensemble: str
    dimension: int
    observation: ObservationConfig
    method: str
    repeat: int
    sigmas: tuple[float, ...]
    train: TrainConfig


def run(recipe: Recipe, weights: Path) -> None:
    """Write the averaged weights; configuration, history and rate stand in the manifest."""
    source = matrices(recipe, "train")
    LOG.info("%s: %d components of the training split", recipe.method, source.num_components)
    checkpoints = Path("checkpoints", digest(recipe.model_dump(mode="json")))
    trained = train_network(
        recipe.train,
        source,
        background(recipe, "train"),
        dimension=recipe.dimension,
        seed=recipe.derive_seed("train", recipe.problem, recipe.method, recipe.repeat) % 2**31,
        validation=_validation(recipe, matrices(recipe, "val")),
        checkpoint_dir=checkpoints,
    )
    write_weights(weights, trained.weights)
    finish(weights, recipe, {"problem": recipe.problem, "method": recipe.method, "card": trained.card})
    remove(checkpoints)


def _validation(recipe: Recipe, source: EnsembleReader) -> ValidationSet:
    rng = np.random.default_rng(recipe.derive_seed("validation", recipe.problem))
    components = choose_components(source, VALIDATION_COMPONENTS[recipe.dimension], rng)
    empty_frames = background(recipe, "val")
    return {
        sigma: observe_groups(components, empty_frames, recipe.observation, sigma, rng)
        for sigma in recipe.sigmas
    }
