"""Job ``calibration``: the system matrix of the reconstruction study, with the rows that are used."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.background import BackgroundConfig
from mpipipe.config.calibration import CalibrationConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.calibration import simulate_calibration
from mpipipe.reconstruction.row_choice import Calibration, keep_measured_rows
from mpipipe.storage.arrays import write_arrays
from mpipipe.storage.mdf import read_mdf_system_matrix

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Calibration and the noise that it is measured with."""

    name: str
    calibration: CalibrationConfig
    background: BackgroundConfig


def run(recipe: Recipe, scene: Path) -> None:
    """Write the rows of highest signal-to-noise ratio, and the threshold that they pass."""
    config = recipe.calibration
    if config.file is None:
        rng = np.random.default_rng(recipe.derive_seed("calibration", recipe.name))
        found = simulate_calibration(config, recipe.background, rng)
    else:
        found = _measured(config, Path(config.file))
    LOG.info("%s: %d rows with an SNR of at least %.2f", recipe.name, len(found.matrix), found.threshold)
    arrays: dict[str, npt.NDArray[Any]] = {
        "matrix": found.matrix,
        "channel": found.channel,
        "frequency": found.frequency,
        "snr": found.snr,
    }
    described: dict[str, Any] = {
        "threshold": found.threshold,
        "field_of_view_mm": list(config.grid.field_of_view_mm),
    }
    write_arrays(scene, arrays, described)
    finish(scene, recipe, described | {"shapes": {name: list(a.shape) for name, a in arrays.items()}})


def _measured(config: CalibrationConfig, path: Path) -> Calibration:
    matrix = read_mdf_system_matrix(path)
    if "snr" not in matrix.coords:
        raise InputError(
            f"{path}: /calibration/snr: found none, expected the signal-to-noise ratio of each row"
        )
    found = keep_measured_rows(
        matrix.values,
        matrix.coords["snr"].values,
        matrix.coords["frequency"].values,
        config.components,
        config.z_slice,
    )
    if found.matrix.shape[1:] != config.grid.shape:
        raise InputError(f"{path}: found a grid of {found.matrix.shape[1:]}, expected {config.grid.shape}")
    return found
