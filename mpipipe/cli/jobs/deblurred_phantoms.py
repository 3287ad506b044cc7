"""Job ``deblurred_phantoms``: the test phantoms by each method at each SNR, and one window of the coded scene."""

from collections.abc import Iterator
from math import inf
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.deblurrers import open_deconvolution, open_network, prepare_blur
from mpipipe.cli.jobs.deblurring_data import read_noise, read_peak, read_phantoms, read_windows
from mpipipe.config.deblurring import Acquisition, ClassicalDeblurring, LearnedDeblurring
from mpipipe.config.deconvolution import DeconvolutionConfig
from mpipipe.storage.arrays import write_arrays
from mpipipe.studies.deblurring_scores import Deblurrer
from mpipipe.studies.image_scores import image_scores
from mpipipe.studies.xspace_scan import Images, noisy
from mpipipe.training.collinear_pairs import normalisation_scale, normalised


class Recipe(JobRecipe):
    """Methods with their artifacts, and conditions."""

    acquisition: Acquisition
    solvers: DeconvolutionConfig
    methods: dict[ClassicalDeblurring, str]
    networks: list[tuple[LearnedDeblurring, float, str]]
    test_snr: tuple[float, ...]
    shown_snr: float


def run(recipe: Recipe, images: Path) -> None:
    """Write collinear images and estimates with the first repetition of the noise, and their scores."""
    names, scan = read_phantoms(recipe)
    levels, noise, peak = (*recipe.test_snr, inf), read_noise(recipe, "test")[:1], read_peak(recipe)
    collinear = np.stack([noisy(scan.collinear, noise, peak, snr) for snr in levels], axis=1)
    methods, estimates, scores = [], [], []
    for method, train_snr, deblurrer in _methods(recipe):
        found = np.stack([deblurrer(collinear[:, place], snr) for place, snr in enumerate(levels)], axis=1)
        methods.append([method, train_snr])
        estimates.append(found)
        scores.append([image_scores(found[:, place], scan.truth)["psnr_db"] for place in range(len(levels))])
    window, window_psnr_db = _window(recipe)
    arrays = {"truth": scan.truth, "collinear": collinear, "images": np.stack(estimates)} | window
    attributes = {
        "methods": methods,
        "phantoms": names,
        "test_snr": [None if snr == inf else snr for snr in levels],
        "psnr_db": np.array(scores).transpose(0, 2, 1).tolist(),
        "window_psnr_db": window_psnr_db,
        "field_of_view_mm": list(recipe.acquisition.grid.field_of_view_mm),
    }
    write_arrays(images, arrays, attributes)
    finish(images, recipe, attributes)


def _methods(recipe: Recipe) -> Iterator[tuple[str, float | None, Deblurrer]]:
    blur = prepare_blur(recipe.acquisition, recipe.solvers)
    for method, tuned in recipe.methods.items():
        yield method, None, open_deconvolution(Path(tuned), recipe.solvers, blur)
    for network, train_snr, weights in recipe.networks:
        yield network, train_snr, open_network(Path(weights))


def _window(recipe: Recipe) -> tuple[dict[str, Images], float]:
    """Return the first validation window, normalised as the shown network sees it, with its estimate, and the PSNR."""
    scan, noise = read_windows(recipe, "val"), read_noise(recipe, "val")
    seen = noisy(scan.collinear[:1], noise[:1], read_peak(recipe), recipe.shown_snr)
    weights = next(
        path for name, snr, path in recipe.networks if (name, snr) == ("Network", recipe.shown_snr)
    )
    estimate = open_network(Path(weights))(seen, recipe.shown_snr)
    arrays = {
        "window_inputs": normalised(seen, normalisation_scale(seen))[0],
        "window_estimate": estimate[0],
        "window_truth": scan.truth[0],
    }
    return arrays, float(image_scores(estimate, scan.truth[:1])["psnr_db"][0])
