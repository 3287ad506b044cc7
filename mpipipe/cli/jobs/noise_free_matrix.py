"""Job ``noise_free_matrix``: the noise-free signals of a point source at each position of the grid."""

import logging
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.period_noise import PeriodAcquisition
from mpipipe.storage.image_stacks import write_stacks
from mpipipe.studies.period_scan import PeriodScan

LOG = logging.getLogger(__name__)
AT_ONCE = 1000
"""Positions that are simulated together."""


class Recipe(JobRecipe):
    """How the matrix is acquired."""

    acquisition: PeriodAcquisition


def run(recipe: Recipe, scene: Path) -> None:
    """Write the signals, positions in C order of the grid."""
    prepared = PeriodScan.of(recipe.acquisition)
    positions = np.arange(recipe.acquisition.grid.voxels)
    blocks = (
        {"clean": prepared.point_signals(positions[first : first + AT_ONCE])}
        for first in range(0, len(positions), AT_ONCE)
    )
    described = {"cycles": prepared.cycles, "unit": "m²/s"}
    write_stacks(scene, len(positions), blocks, described)
    LOG.info("%d positions, %d samples", len(positions), prepared.time)
    finish(scene, recipe, described | {"positions": len(positions), "samples": prepared.time})
