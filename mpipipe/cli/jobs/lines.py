"""Job ``lines``: random scenes of the three splits, patterns, and the system matrix of each particle diameter."""

import logging
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.inversion import LineCounts
from mpipipe.config.line_scanner import LineScanner
from mpipipe.physics.line_spectrum import line_system_matrix
from mpipipe.scenes.binary_lines import letters, random_lines, stripes
from mpipipe.storage.arrays import write_arrays

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Scanner, particles, and number of scenes."""

    line: LineScanner
    scenes: LineCounts


def run(recipe: Recipe, scene: Path) -> None:
    """Write scenes of 0 and 1 as bytes, and system matrices in double precision; the scenes are those of every diameter."""
    (voxels,) = recipe.line.grid.shape
    arrays = {
        split: random_lines(count, voxels, np.random.default_rng(recipe.derive_seed("lines", split))).astype(
            np.uint8
        )
        for split, count in recipe.scenes.model_dump().items()
    }
    patterns = {"stripes": stripes(voxels), "letters": letters(voxels)}
    arrays |= {name: values.astype(np.uint8) for name, values in patterns.items()}
    matrices = np.stack([line_system_matrix(recipe.line, diameter) for diameter in recipe.line.diameters_nm])
    described = {
        "diameters_nm": list(recipe.line.diameters_nm),
        "position_mm": (1e3 * recipe.line.grid.axes_m()[0]).tolist(),
    }
    write_arrays(scene, {**arrays, "matrices": matrices}, described)
    LOG.info("%d scenes, %d diameters", sum(map(len, arrays.values())), len(matrices))
    finish(scene, recipe, described | {"shapes": {name: list(a.shape) for name, a in arrays.items()}})
