"""Job ``tune_solver``: choose a solver's settings on the validation split, at each noise level."""

import logging
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.reconstructors import open_denoiser, read_digits, read_matrix
from mpipipe.config.reconstruction import ReconstructionMethod, Search, Solvers
from mpipipe.evaluation.reference import printed_settings
from mpipipe.storage.tables import write_json
from mpipipe.studies.reconstructors import candidates, measure_images, try_settings

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Method, what is searched, and on how many phantoms."""

    calibration: str
    method: ReconstructionMethod
    solvers: Solvers
    search: Search
    levels_db: tuple[float, ...]
    images: int


def run(recipe: Recipe, tuned: Path) -> None:
    """Write the best settings by mean PSNR at each level, all that were tried, and how the paper's come out."""
    matrix, _ = read_matrix(recipe)
    phantoms = read_digits(recipe, "val", recipe.images)
    weights = inputs_in(recipe, "train")
    denoiser = open_denoiser(weights[0]) if weights else None
    levels = []
    for level in recipe.levels_db:
        # Not of the method: all are tuned on the same phantoms and the same noise.
        rng = np.random.default_rng(recipe.derive_seed("tuning", recipe.calibration, str(level)))
        measured = measure_images(matrix, phantoms, level, rng)
        tried, printed = candidates(recipe.method, recipe.search), printed_settings(recipe.method, level)
        if printed and recipe.method != "DIP":  # its thousands of steps are tried where the search has them
            tried.append(printed)
        scored = list(try_settings(recipe.method, tried, recipe.solvers, matrix, measured, denoiser))
        best = max(scored, key=lambda one: one["psnr_db"])
        theirs = next((one for one in scored if one["settings"] == printed), None)
        LOG.info("%s at %g dB: %.2f dB with %s", recipe.method, level, best["psnr_db"], best["settings"])
        levels.append(
            {
                "snr_db": level,
                "best": best["settings"],
                "best_psnr_db": best["psnr_db"],
                "printed": printed,
                "printed_psnr_db": theirs["psnr_db"] if theirs else None,
                "candidates": scored,
            }
        )
    write_json(tuned, {"method": recipe.method, "metric": "psnr_db", "levels": levels})
    finish(tuned, recipe, {"method": recipe.method, "split": "val", "images": len(phantoms)})
