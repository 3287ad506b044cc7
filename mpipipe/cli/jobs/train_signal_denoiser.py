"""Job ``train_signal_denoiser``: train one network on the noisy periods of a problem."""

import logging
from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.signal_methods import read_periods
from mpipipe.config.period_noise import PeriodAcquisition
from mpipipe.config.recipe import digest
from mpipipe.config.signal_denoiser import SignalTraining
from mpipipe.config.signal_denoising import LearnedSignalMethod, SignalProblem
from mpipipe.storage.atomic import remove
from mpipipe.storage.weights import write_weights
from mpipipe.training.signal_train import train_signal_denoiser

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Problem, method and training."""

    problem: SignalProblem
    method: LearnedSignalMethod
    repeat: int
    training: SignalTraining
    acquisition: PeriodAcquisition


def run(recipe: Recipe, weights: Path) -> None:
    """Write the weights of the lowest held-out loss; nothing that this job reads holds a noise-free signal."""
    train, validation = (read_periods(recipe, split) for split in ("train", "val"))
    checkpoints = Path("checkpoints", digest(recipe.model_dump(mode="json")))
    LOG.info("%s, %s: %d pairs of periods", recipe.problem, recipe.method, len(train["periods"]))
    trained = train_signal_denoiser(
        recipe.training,
        train["periods"],
        train["sigma"],
        validation=validation["periods"],
        cycles=recipe.acquisition.scanner.harmonic[0],
        seed=recipe.derive_seed("train", recipe.problem, recipe.method, recipe.repeat) % 2**31,
        checkpoint_dir=checkpoints,
    )
    write_weights(weights, trained.weights)
    described = {
        "problem": recipe.problem,
        "method": recipe.method,
        "repeat": recipe.repeat,
        "card": trained.card,
    }
    finish(weights, recipe, described)
    remove(checkpoints)
