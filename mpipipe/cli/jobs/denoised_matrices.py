"""Job ``denoised_matrices``: the system matrix by each method, its harmonics, and phantoms reconstructed with it."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.cli.jobs.base import finish, inputs_in
from mpipipe.cli.jobs.signal_methods import MethodsRecipe, open_first_trainings, read_periods
from mpipipe.config.denoised_matrix import DenoisedMatrixConfig
from mpipipe.reconstruction.period_rows import choose_bins
from mpipipe.storage.arrays import read_arrays, write_arrays
from mpipipe.studies.denoised_matrix import (
    MatrixScores,
    PhantomSignals,
    component_psnr_db,
    components,
    measure_phantoms,
    score_matrix,
)
from mpipipe.studies.signal_methods import NOISE_FREE

LOG = logging.getLogger(__name__)
Signals = npt.NDArray[np.float32]


class Recipe(MethodsRecipe):
    """What is made of each matrix."""

    matrix: DenoisedMatrixConfig


def run(recipe: Recipe, images: Path) -> None:
    """Write harmonics and reconstructions of each matrix; signals of all positions are denoised, those of training too.

    Rows are chosen from the noisy periods, and are the same for each matrix. Phantoms are measured with the noise-free one.
    """
    of, config = recipe.acquisition, recipe.matrix
    shape = (of.grid.shape[0], of.grid.shape[1])
    periods, sigma = _all_positions(recipe)
    clean = _noise_free(recipe)
    bins = choose_bins(periods, config.false_rows)
    harmonics = of.scanner.harmonic[0] * np.array(config.harmonics)
    LOG.info("%d of %d rows stand out of the noise", len(bins), periods.shape[2] // 2)
    reference = components(clean, bins, shape)
    validation, test = (_measured(recipe, reference, split) for split in ("val", "test"))
    shown, scored = [], []
    for name, signals in _signals(recipe, clean, periods, sigma):
        scores = score_matrix(components(signals, bins, shape), validation, test, config)
        shown.append(components(signals, harmonics, shape))
        scored.append(_described(name, scores, shown[-1], shown[0]))
        scored[-1]["images"] = scores.images
        LOG.info("%s: PSNR %.2f dB with λ = %g", name, scored[-1]["psnr_db"], scores.regularization)
    arrays = {
        "harmonics": np.stack(shown),
        "reconstructions": np.stack([one.pop("images") for one in scored]),
        "phantoms": test.phantoms,
    }
    described = {
        "matrices": [one["method"] for one in scored],
        "tuned": scored,
        "rows": len(bins),
        "harmonics": list(config.harmonics),
        "frequency_kHz": [1e-3 * float(of.scanner.frequency_Hz(k)) for k in harmonics],
        "field_of_view_mm": list(of.grid.field_of_view_mm),
    }
    write_arrays(images, arrays, described)
    finish(images, recipe, {"matrices": described["matrices"], "rows": len(bins)})


def _described(
    name: str, scores: MatrixScores, shown: npt.NDArray[np.complex64], truth: npt.NDArray[np.complex64]
) -> dict[str, Any]:
    """Return what is told of a matrix; scores of its images are against the phantoms themselves."""
    own = {} if shown is truth else {"harmonic_psnr_db": component_psnr_db(shown, truth).tolist()}
    return own | {
        "method": name,
        "regularization": scores.regularization,
        "at_edge": scores.at_edge,
        **{metric: float(values.mean()) for metric, values in scores.scores.items()},
    }


def _signals(
    recipe: Recipe, clean: Signals, periods: Signals, sigma: Signals
) -> Iterator[tuple[str, Signals]]:
    """Yield names and signals of all positions: noise-free, noisy, and by each method."""
    yield NOISE_FREE, clean
    for method in open_first_trainings(recipe):
        yield method.name, method.apply(periods, sigma)


def _all_positions(recipe: Recipe) -> tuple[Signals, Signals]:
    """Return the periods and the standard deviations of their noise, positions in C order of the grid."""
    splits = [read_periods(recipe, split) for split in ("train", "val", "test")]
    order = np.argsort(np.concatenate([one["position"] for one in splits]))
    periods, sigma = (np.concatenate([one[name] for one in splits])[order] for name in ("periods", "sigma"))
    return periods, sigma


def _noise_free(recipe: Recipe) -> Signals:
    (path,) = inputs_in(recipe, "scene", "noise_free_matrix")
    return read_arrays(path)[0]["clean"]


def _measured(recipe: Recipe, reference: npt.NDArray[np.complex64], split: str) -> PhantomSignals:
    """Return the phantoms of a split as the noise-free matrix measures them, with noise."""
    (path,) = inputs_in(recipe, "scene", "phantoms")
    rng = np.random.default_rng(recipe.derive_seed("phantom signals", split))
    return measure_phantoms(reference, read_arrays(path)[0][split], recipe.matrix.signal_snr_db, rng)
