"""Job ``scene``: a phantom, its calibration matrix, and its signal simulated on a finer grid."""

import logging
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.scene import Setup
from mpipipe.config.simulate import SimulateConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.system_function import SystemMatrixRows, simulate_rows
from mpipipe.scenes.measurement import coarsen, measure
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
    setup, factor = recipe.scene, recipe.scene.refinement_factor
    fine_grid = setup.grid.model_copy(update={"shape": tuple(n * factor for n in setup.grid.shape)})
    calibration = _simulate(recipe, setup.grid, recipe.simulate.keep_above)
    LOG.info("%s: %d components on %s", recipe.name, len(calibration.values), setup.grid.shape)
    # A component that is kept on the calibration grid may be a little weaker on the fine one.
    fine = _simulate(recipe, fine_grid, recipe.simulate.keep_above / 2)
    concentration = render(
        find_phantom(setup.phantom),
        fine_grid.shape,
        fine_grid.field_of_view_mm,
        fine_grid.centre_mm,
        concentration=setup.concentration,
    )
    arrays = {
        "system_matrix": calibration.values,
        "channel": calibration.channel,
        "frequency": calibration.frequency,
        "signal": measure(_same_components(fine, calibration), concentration, factor).astype(np.complex64),
        "concentration": coarsen(concentration, factor).astype(np.float32),
        "concentration_fine": concentration.astype(np.float32),
    }
    field_of_view = list(setup.grid.field_of_view_mm)
    write_arrays(scene, arrays, {"phantom": setup.phantom, "field_of_view_mm": field_of_view})
    shapes = {name: list(values.shape) for name, values in arrays.items()}
    finish(scene, recipe, {"shapes": shapes, "concentration": "relative to the calibration sample"})


def _simulate(recipe: Recipe, grid: Grid, keep_above: float) -> SystemMatrixRows:
    oversampling = recipe.simulate.oversampling
    return simulate_rows(
        recipe.scene.scanner, recipe.scene.particle, grid, keep_above=keep_above, oversampling=oversampling
    )


def _same_components(fine: SystemMatrixRows, wanted: SystemMatrixRows) -> np.ndarray:
    """Return the fine matrix's components in the order of the calibration's."""
    position = {pair: row for row, pair in enumerate(zip(fine.channel, fine.frequency, strict=True))}
    pairs = list(zip(wanted.channel, wanted.frequency, strict=True))
    missing = [pair for pair in pairs if pair not in position]
    if missing:
        raise InputError(
            f"scene: found no component {missing[0]} on the fine grid, expected each of the calibration's"
        )
    return np.asarray(fine.values[[position[pair] for pair in pairs]])
