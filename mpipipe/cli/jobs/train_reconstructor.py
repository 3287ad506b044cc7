"""Job ``train_reconstructor``: train a network of the reconstruction study, or the denoiser of PP-MPI."""

import logging
from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.reconstructors import read_matrix
from mpipipe.config.recipe import digest
from mpipipe.config.reconstruction import ReconstructionMethod, SignalNoise
from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.atomic import remove
from mpipipe.storage.weights import write_weights
from mpipipe.training.reconstructor_train import train_image_denoiser, train_reconstructor

LOG = logging.getLogger(__name__)
VALIDATION_IMAGES = 200


class Recipe(JobRecipe):
    """Method, network and training."""

    calibration: str
    method: ReconstructionMethod
    repeat: int
    training: ReconstructorTraining
    noise: SignalNoise


def run(recipe: Recipe, weights: Path) -> None:
    """Write the weights that are best on the validation split; configuration, history and rates stand in the manifest."""
    matrix, _ = read_matrix(recipe)
    (path,) = inputs_in(recipe, "scene", "digits-")
    phantoms, _ = read_arrays(path)
    checkpoints = Path("checkpoints", digest(recipe.model_dump(mode="json")))
    seed = recipe.derive_seed("train", recipe.calibration, recipe.method, recipe.repeat) % 2**31
    LOG.info("%s: %d phantoms of the training split", recipe.method, len(phantoms["train"]))
    validation = phantoms["val"][:VALIDATION_IMAGES]
    if recipe.method == "PP-MPI":
        trained = train_image_denoiser(
            recipe.training, phantoms["train"], validation=validation, seed=seed, checkpoint_dir=checkpoints
        )
    else:
        trained = train_reconstructor(
            recipe.training,
            matrix,
            phantoms["train"],
            validation=validation,
            validation_snr_db=recipe.noise.sweep_db,
            seed=seed,
            checkpoint_dir=checkpoints,
        )
    write_weights(weights, trained.weights)
    described = {"calibration": recipe.calibration, "method": recipe.method, "card": trained.card}
    finish(weights, recipe, described)
    remove(checkpoints)
