"""Job ``score_deblurrer``: score one deblurring network on the test phantoms and on windows of an unseen scene."""

from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.deblurrers import open_network
from mpipipe.cli.jobs.deblurring_data import read_test_data
from mpipipe.config.deblurring import LearnedDeblurring
from mpipipe.storage.tables import write_table
from mpipipe.studies.deblurring_scores import score


class Recipe(JobRecipe):
    """Network and conditions."""

    method: LearnedDeblurring
    train_snr: float
    repeat: int
    test_snr: tuple[float, ...]
    repeats: int
    further_repeats: int


def run(recipe: Recipe, records: Path) -> None:
    """Write the records of one network: one row a phantom, SNR, repetition of the noise, and metric."""
    (weights,) = inputs_in(recipe, "train")
    frame = score(
        open_network(weights),
        read_test_data(recipe),
        recipe.test_snr,
        recipe.repeats,
        recipe.further_repeats,
        method=recipe.method,
        train_snr=recipe.train_snr,
        repeat=recipe.repeat,
    )
    write_table(records, frame)
    finish(records, recipe, {"rows": len(frame), "items": "repetitions of the noise, or windows"})
