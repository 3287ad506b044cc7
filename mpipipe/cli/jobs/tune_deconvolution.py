"""Job ``tune_deconvolution``: choose a classical method's settings on validation windows, at each SNR and without noise."""

import logging
from math import inf
from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.deblurrers import prepare_blur
from mpipipe.cli.jobs.deblurring_data import read_noise, read_peak, read_windows
from mpipipe.config.deblurring import Acquisition, ClassicalDeblurring
from mpipipe.config.deconvolution import DeconvolutionConfig, DeconvolutionSearch
from mpipipe.storage.tables import write_json
from mpipipe.studies.deconvolution import try_settings
from mpipipe.studies.xspace_scan import noisy

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Method, what is searched, and on how many windows."""

    method: ClassicalDeblurring
    acquisition: Acquisition
    solvers: DeconvolutionConfig
    search: DeconvolutionSearch
    test_snr: tuple[float, ...]
    windows: int


def run(recipe: Recipe, tuned: Path) -> None:
    """Write the best settings by mean PSNR at each SNR, and all that were tried; null is the case without noise."""
    scan, peak = read_windows(recipe, "val"), read_peak(recipe)
    truth, collinear = scan.truth[: recipe.windows], scan.collinear[: recipe.windows]
    noise = read_noise(recipe, "val")[: recipe.windows]
    blur = prepare_blur(recipe.acquisition, recipe.solvers)
    levels = []
    for snr in (*recipe.test_snr, inf):
        images = noisy(collinear, noise, peak, snr)
        tried = list(try_settings(recipe.method, recipe.search, recipe.solvers, blur, images, truth))
        best = max(tried, key=lambda one: one["psnr_db"])
        LOG.info("%s at an SNR of %g: %.2f dB with %s", recipe.method, snr, best["psnr_db"], best["settings"])
        levels.append(
            {
                "test_snr": None if snr == inf else snr,
                "best": best["settings"],
                "best_psnr_db": best["psnr_db"],
                "candidates": tried,
            }
        )
    write_json(tuned, {"method": recipe.method, "metric": "psnr_db", "levels": levels})
    finish(tuned, recipe, {"method": recipe.method, "split": "val", "windows": len(truth)})
