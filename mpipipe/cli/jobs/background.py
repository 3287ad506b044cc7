"""Job ``background``: the empty-frame series that the noise of a split is cut from."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.background import BackgroundConfig
from mpipipe.noise.background import synthesise_background
from mpipipe.storage.series import write_series


class Recipe(JobRecipe):
    """Size and model of the series."""

    ensemble: str
    split: str
    num_channels: int
    num_frequencies: int
    background: BackgroundConfig
