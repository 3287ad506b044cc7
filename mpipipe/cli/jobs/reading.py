"""The inputs of a recipe, opened for reading."""

from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe
from mpipipe.noise.series import BackgroundSeries
from mpipipe.storage.ensemble import EnsembleReader
from mpipipe.storage.series import read_series


def inputs_in(recipe: JobRecipe, folder: str, prefix: str = "") -> list[Path]:
    """Return the input artifacts in ``data/<scale>/<folder>/…`` whose name begins with `prefix`, in order."""
    found = [Path(name) for name in recipe.inputs]
    return sorted(p for p in found if p.parts[2] == folder and p.name.startswith(prefix))


def matrices(recipe: JobRecipe, split: str) -> EnsembleReader:
    """Open the parts of one split."""
    return EnsembleReader(inputs_in(recipe, "simulate", f"{split}-"))


def background(recipe: JobRecipe, split: str) -> BackgroundSeries:
    """Read the background series of one split."""
    (path,) = inputs_in(recipe, "background", split)
    return BackgroundSeries(read_series(path))
