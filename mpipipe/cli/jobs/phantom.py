"""Job ``phantom``: a test phantom of the reconstruction study and its signal, simulated on a finer grid."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.config.background import BackgroundConfig
from mpipipe.config.calibration import CalibrationConfig
from mpipipe.config.reconstruction import PhantomScene
from mpipipe.noise.background import synthesise_background
from mpipipe.noise.series import BackgroundSeries
from mpipipe.physics.anisotropy import rescaled_for
from mpipipe.physics.signal import simulate_signal
from mpipipe.scenes.filled_phantoms import find_filled_phantom, render_filled
from mpipipe.scenes.measurement import coarsen
from mpipipe.storage.arrays import read_arrays, write_arrays


class Recipe(JobRecipe):
    """Phantom, the scanner that measures it, and the noise."""

    name: str
    scene: PhantomScene
    calibration: CalibrationConfig
    background: BackgroundConfig


def run(recipe: Recipe, scene: Path) -> None:
    """Write the phantom on both grids, its signal with one frame of background, and the norm of that noise."""
    setup, factor = recipe.calibration, recipe.scene.refinement_factor
    (path,) = inputs_in(recipe, "scene", "calibration")
    calibration, described = read_arrays(path)
    channel, frequency = calibration["channel"], calibration["frequency"]
    fine_grid = setup.grid.model_copy(update={"shape": tuple(n * factor for n in setup.grid.shape)})
    concentration = render_filled(
        find_filled_phantom(recipe.name), fine_grid.shape, fine_grid.field_of_view_mm, fine_grid.centre_mm
    )
    positions, fine_positions = (grid.positions_m().reshape(-1, 3) for grid in (setup.grid, fine_grid))
    particle = rescaled_for(setup.scanner, setup.particle, positions, fine_positions)
    clean = simulate_signal(
        setup.scanner, particle, fine_grid, concentration, channel, frequency, refinement=factor
    )
    rng = np.random.default_rng(recipe.derive_seed("phantom", recipe.name))
    series = synthesise_background(
        recipe.background, setup.empty_frames, int(channel.max()) + 1, setup.scanner.frequencies, rng
    )
    frames = BackgroundSeries(series).components(channel, frequency)
    power = float(np.sum(np.mean(np.abs(frames) ** 2, axis=1, dtype=np.float64)))
    noise_norm = float(np.linalg.norm(clean)) * 10 ** (-recipe.scene.snr_db / 20)
    noise = frames[:, int(rng.integers(frames.shape[1]))] * (noise_norm / np.sqrt(power))
    arrays = {
        "concentration": coarsen(concentration, factor).astype(np.float32),
        "concentration_fine": concentration.astype(np.float32),
        "signal": (clean + noise).astype(np.complex64),
        "noise_norm": np.array(noise_norm),
    }
    attributes = {"snr_db": recipe.scene.snr_db, "field_of_view_mm": described["field_of_view_mm"]}
    write_arrays(scene, arrays, attributes)
    finish(scene, recipe, attributes | {"shapes": {name: list(a.shape) for name, a in arrays.items()}})
