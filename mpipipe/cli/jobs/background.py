"""Job ``background``: the empty-frame series that the noise of a split is cut from."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.background import BackgroundConfig
from mpipipe.errors import InputError
from mpipipe.noise.background import synthesise_background
from mpipipe.storage.manifest import content_digest
from mpipipe.storage.series import read_measured_series, write_series


class Recipe(JobRecipe):
    """Size and model of the series."""

    ensemble: str
    split: str
    num_channels: int
    num_frequencies: int
    stored_frequencies: int
    num_frames: int
    background: BackgroundConfig


def run(recipe: Recipe, series: Path) -> None:
    """Write the series of one split: synthetic, or its share of the measured one that `background.file` names."""
    description = {"axes": ["channel", "frequency", "frame"], "dtype": "complex64", "source": "synthetic"}
    if recipe.background.file is None:
        values = _synthetic(recipe)
    else:
        source = Path(recipe.background.file)
        values = _share(read_measured_series(source), recipe)
        description["source"] = f"{source.name} sha256:{content_digest(source)}"
    write_series(series, values, recipe.num_frequencies)
    finish(series, recipe, description | {"shape": list(values.shape)})


def _synthetic(recipe: Recipe) -> "np.ndarray[tuple[int, ...], np.dtype[np.complex64]]":
    rng = np.random.default_rng(recipe.derive_seed("background", recipe.ensemble, recipe.split))
    size = (recipe.num_frames, recipe.num_channels, recipe.stored_frequencies)
    return synthesise_background(recipe.background, *size, rng)


def _share(
    measured: "np.ndarray[tuple[int, ...], np.dtype[np.complex64]]", recipe: Recipe
) -> "np.ndarray[tuple[int, ...], np.dtype[np.complex64]]":
    """Return consecutive frames for one split, so that no split sees another's noise: half to train, a quarter each else."""
    expected = (recipe.num_channels, recipe.num_frequencies)
    if measured.shape[:2] != expected:
        raise InputError(
            f"{recipe.background.file}: found {measured.shape[:2]} channels and frequencies, expected {expected}"
        )
    frames = measured.shape[2]
    bounds = {
        "train": (0, frames // 2),
        "val": (frames // 2, 3 * frames // 4),
        "test": (3 * frames // 4, frames),
    }
    start, stop = bounds[recipe.split]
    return np.ascontiguousarray(measured[:, :, start:stop])
