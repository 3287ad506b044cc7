"""Job ``scene``: a phantom, its calibration matrix, and its signal simulated on a finer grid."""

import logging
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.scene import Setup
from mpipipe.config.simulate import SimulateConfig
from mpipipe.physics.anisotropy import rescaled_for
from mpipipe.physics.signal import simulate_signal
from mpipipe.physics.system_function import simulate_rows
from mpipipe.scenes.measurement import coarsen
from mpipipe.scenes.phantoms import find_phantom
from mpipipe.scenes.render import render
from mpipipe.storage.arrays import write_arrays

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Scene and simulation."""

    name: str
    scene: Setup
    simulate: SimulateConfig


def run(recipe: Recipe, scene: Path) -> None:
    """Write concentration, calibration matrix and noise-free signal of one scene."""
    setup, factor, oversampling = recipe.scene, recipe.scene.refinement_factor, recipe.simulate.oversampling
    calibration = simulate_rows(
        setup.scanner,
        setup.particle,
        setup.grid,
        keep_above=recipe.simulate.keep_above,
        strongest=setup.components,
        oversampling=oversampling,
    )
    LOG.info("%s: %d components on %s", recipe.name, len(calibration.values), setup.grid.shape)
    fine_grid = setup.grid.model_copy(update={"shape": tuple(n * factor for n in setup.grid.shape)})
    concentration = render(
        find_phantom(setup.phantom),
        fine_grid.shape,
        fine_grid.field_of_view_mm,
        fine_grid.centre_mm,
        concentration=setup.concentration,
    )
    positions, fine_positions = (grid.positions_m().reshape(-1, 3) for grid in (setup.grid, fine_grid))
    signal = simulate_signal(
        setup.scanner,
        rescaled_for(setup.scanner, setup.particle, positions, fine_positions),
        fine_grid,
        concentration,
        calibration.channel,
        calibration.frequency,
        refinement=factor,
        oversampling=oversampling,
    )
    arrays = {
        "system_matrix": calibration.values,
        "channel": calibration.channel,
        "frequency": calibration.frequency,
        "signal": signal,
        "concentration": coarsen(concentration, factor).astype(np.float32),
        "concentration_fine": concentration.astype(np.float32),
    }
    field_of_view = list(setup.grid.field_of_view_mm)
    write_arrays(scene, arrays, {"phantom": setup.phantom, "field_of_view_mm": field_of_view})
    shapes = {name: list(values.shape) for name, values in arrays.items()}
    finish(scene, recipe, {"shapes": shapes, "concentration": "relative to the calibration sample"})
