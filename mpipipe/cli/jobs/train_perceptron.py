"""Job ``train_perceptron``: train one perceptron on the spectra of random scenes."""

import logging
from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.line_data import noisy_spectra, read_lines
from mpipipe.storage.weights import write_weights
from mpipipe.studies.line_runs import LineRun
from mpipipe.training.perceptron_train import train_perceptron

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Which training."""

    run: LineRun


def run(recipe: Recipe, weights: Path) -> None:
    """Write the weights of the lowest validation error; they take seconds, so an interrupted training starts again."""
    one, lines = recipe.run, read_lines(recipe)
    LOG.info("%s, %s, %g nm, %d scenes", one.name, one.optimiser, one.diameter_nm, one.n_train)
    trained = train_perceptron(
        one.training,
        noisy_spectra(recipe, lines, "train", one.diameter_nm, one.snr_db, one.n_train),
        lines.scenes("train", one.n_train),
        validation=(noisy_spectra(recipe, lines, "val", one.diameter_nm, one.snr_db), lines.scenes("val")),
        seed=recipe.derive_seed("train", one.problem, one.name) % 2**31,
    )
    LOG.info(
        "validation error %.3g after %.1f s", trained.card["best"]["validation_mse"], trained.card["seconds"]
    )
    write_weights(weights, trained.weights)
    finish(weights, recipe, {"card": trained.card})
