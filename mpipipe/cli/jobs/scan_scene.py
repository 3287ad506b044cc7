"""Job ``scan_scene``: rotated and slid windows of a coded scene, scanned and gridded without noise."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.config.deblurring import Acquisition, SceneName
from mpipipe.scenes.windows import cut_windows, place_windows
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.image_stacks import write_stacks
from mpipipe.studies.xspace_scan import XSpaceScan

LOG = logging.getLogger(__name__)
AT_ONCE = 32
"""Windows that are scanned together, which bounds the memory."""


class Recipe(JobRecipe):
    """Scene, acquisition, and number of windows."""

    name: SceneName
    acquisition: Acquisition
    count: int
    size_mm: float


def run(recipe: Recipe, scene: Path) -> None:
    """Write truth and collinear images of each window, their placement, and the largest signal of all."""
    described: dict[str, Any] = {"peak": 0.0}
    write_stacks(scene, recipe.count, _scanned(recipe, described), described)
    finish(scene, recipe, described)


def _scanned(recipe: Recipe, described: dict[str, Any]) -> Iterator[dict[str, npt.NDArray[Any]]]:
    (path,) = inputs_in(recipe, "scene", "scene-")
    concentration = read_arrays(path)[0]["concentration"]
    prepared = XSpaceScan.of(recipe.acquisition)
    grid = recipe.acquisition.fine_grid
    rng = np.random.default_rng(recipe.derive_seed("windows", recipe.name))
    window_mm = grid.field_of_view_mm[0]
    placed = place_windows(concentration, recipe.size_mm, window_mm, recipe.count, rng)
    described["first_placement"] = placed[0].tolist()
    for first in range(0, recipe.count, AT_ONCE):
        some = placed[first : first + AT_ONCE]
        windows = cut_windows(concentration, recipe.size_mm, window_mm, grid.shape[0], some)
        found = prepared.scan(windows)
        described["peak"] = max(described["peak"], found.peak)
        LOG.info("%s: %d of %d windows", recipe.name, first + len(some), recipe.count)
        yield {"truth": found.truth, "collinear": found.collinear, "placement": some}
