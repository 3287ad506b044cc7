"""Job ``noisy_periods``: two noisy periods of each scene, or of each position of a system matrix, of one split."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.config.period_noise import PeriodAcquisition, PeriodNoise
from mpipipe.config.signal_denoising import PeriodCounts, SignalProblem
from mpipipe.noise.periods import noisy_periods
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.image_stacks import write_stacks
from mpipipe.studies.period_scan import PeriodScan

LOG = logging.getLogger(__name__)
AT_ONCE = 1000
"""Signals that are simulated together; a chunk of them stays below what a codec takes."""


class Recipe(JobRecipe):
    """Problem, split, and how its periods are acquired."""

    problem: SignalProblem
    split: str
    acquisition: PeriodAcquisition
    counts: PeriodCounts
    noise: PeriodNoise


def run(recipe: Recipe, scene: Path) -> None:
    """Write the periods and the standard deviation of their white noise; of the test split the noise-free signals too.

    Neither training nor tuning has a noise-free signal to read: those of its splits are not written.
    """
    items = _positions(recipe) if recipe.problem == "system_matrix" else _scenes(recipe)
    prepared = PeriodScan.of(recipe.acquisition)
    rng = np.random.default_rng(recipe.derive_seed("periods", recipe.problem, recipe.split))

    def block(first: int) -> dict[str, npt.NDArray[Any]]:
        some = items[first : first + AT_ONCE]
        clean = prepared.point_signals(some) if some.ndim == 1 else prepared.signals(some)
        noisy = noisy_periods(clean, recipe.noise, prepared.cycles, rng)
        LOG.info("%s, %s: %d of %d periods", recipe.problem, recipe.split, first + len(some), len(items))
        arrays: dict[str, npt.NDArray[Any]] = {"periods": noisy.periods, "sigma": noisy.sigma}
        if some.ndim == 1:
            arrays["position"] = some
        return arrays | ({"clean": clean} if recipe.split == "test" else {})

    described = {"problem": recipe.problem, "split": recipe.split, "cycles": prepared.cycles}
    write_stacks(scene, len(items), (block(first) for first in range(0, len(items), AT_ONCE)), described)
    finish(scene, recipe, described | {"items": len(items), "samples": prepared.time, "unit": "m²/s"})


def _scenes(recipe: Recipe) -> npt.NDArray[Any]:
    (path,) = inputs_in(recipe, "scene", "scenes")
    return read_arrays(path)[0][recipe.split]


def _positions(recipe: Recipe) -> npt.NDArray[Any]:
    """Return the pixels of a split; each pixel is in one of them."""
    rng = np.random.default_rng(recipe.derive_seed("positions"))
    order = rng.permutation(recipe.acquisition.grid.voxels)
    counts = recipe.counts
    train, val, test = np.split(order, [counts.train, counts.train + counts.val])
    return np.sort({"train": train, "val": val, "test": test}[recipe.split])
