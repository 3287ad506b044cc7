"""Job ``score_deconvolution``: score one classical method on the test phantoms and on windows of an unseen scene."""

from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.deblurrers import open_deconvolution, prepare_blur
from mpipipe.cli.jobs.deblurring_data import read_test_data
from mpipipe.config.deblurring import Acquisition, ClassicalDeblurring
from mpipipe.config.deconvolution import DeconvolutionConfig
from mpipipe.storage.tables import write_table
from mpipipe.studies.deblurring_scores import score


class Recipe(JobRecipe):
    """Method and conditions."""

    method: ClassicalDeblurring
    acquisition: Acquisition
    solvers: DeconvolutionConfig
    test_snr: tuple[float, ...]
    repeats: int
    further_repeats: int


def run(recipe: Recipe, records: Path) -> None:
    """Write the records of one method: one row a phantom, SNR, repetition of the noise, and metric."""
    (tuned,) = inputs_in(recipe, "baseline")
    blur = prepare_blur(recipe.acquisition, recipe.solvers)
    frame = score(
        open_deconvolution(tuned, recipe.solvers, blur),
        read_test_data(recipe),
        recipe.test_snr,
        recipe.repeats,
        recipe.further_repeats,
        method=recipe.method,
    )
    write_table(records, frame)
    finish(records, recipe, {"rows": len(frame), "items": "repetitions of the noise, or windows"})
