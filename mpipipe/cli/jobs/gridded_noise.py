"""Job ``gridded_noise``: white noise of unit variance on the samples of both coils, gridded as signals are."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.deblurring import Acquisition
from mpipipe.storage.image_stacks import write_stacks
from mpipipe.studies.xspace_scan import XSpaceScan

LOG = logging.getLogger(__name__)
AT_ONCE = 32


class Recipe(JobRecipe):
    """Acquisition, and number of fields of a split."""

    split: str
    acquisition: Acquisition
    count: int


def run(recipe: Recipe, scene: Path) -> None:
    """Write the fields; times a standard deviation they are what noise adds to collinear images, which are linear."""
    write_stacks(scene, recipe.count, _fields(recipe), {})
    finish(scene, recipe, {"split": recipe.split, "fields": recipe.count})


def _fields(recipe: Recipe) -> Iterator[dict[str, npt.NDArray[Any]]]:
    prepared = XSpaceScan.of(recipe.acquisition)
    rng = np.random.default_rng(recipe.derive_seed("gridded_noise", recipe.split))
    for first in range(0, recipe.count, AT_ONCE):
        count = min(AT_ONCE, recipe.count - first)
        LOG.info("%s: %d of %d fields", recipe.split, first + count, recipe.count)
        yield {"noise": prepared.noise(count, rng)}
