"""Splits of an ensemble among the inputs of a recipe, opened for reading."""

from mpipipe.cli.jobs.base import JobRecipe, inputs_in
from mpipipe.noise.series import BackgroundSeries
from mpipipe.storage.ensemble import EnsembleReader
from mpipipe.storage.series import read_series


def matrices(recipe: JobRecipe, split: str) -> EnsembleReader:
    """Open the parts of one split."""
    return EnsembleReader(inputs_in(recipe, "simulate", f"{split}-"))


def background(recipe: JobRecipe, split: str) -> BackgroundSeries:
    """Read the background series of one split."""
    (path,) = inputs_in(recipe, "background", split)
    return BackgroundSeries(*read_series(path))
