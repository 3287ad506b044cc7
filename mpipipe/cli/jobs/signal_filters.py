"""Job ``signal_filters``: fit the classical filters of a problem on noisy periods, each with its best settings."""

import logging
from pathlib import Path
from typing import Any

import numpy.typing as npt

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.signal_methods import read_periods
from mpipipe.config.period_noise import PeriodAcquisition
from mpipipe.config.signal_denoising import SignalProblem
from mpipipe.config.signal_filters import FilterName, FilterSearch
from mpipipe.signals.filters import filter_arrays, tune_filter
from mpipipe.storage.arrays import write_arrays
from mpipipe.studies.names import slug
from mpipipe.studies.signal_methods import AVERAGED

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Problem, filters, and settings to try."""

    problem: SignalProblem
    filters: tuple[FilterName, ...]
    search: FilterSearch
    acquisition: PeriodAcquisition


def run(recipe: Recipe, filters: Path) -> None:
    """Write the arrays of each filter, and what its settings were chosen from; no noise-free signal is read."""
    train, validation = (read_periods(recipe, split)["periods"] for split in ("train", "val"))
    cycles = recipe.acquisition.scanner.harmonic[0]
    arrays: dict[str, npt.NDArray[Any]] = {}
    described = []
    for name in recipe.filters:
        if name == AVERAGED:
            continue
        tuned = tune_filter(name, train, validation, recipe.search, cycles)
        best = min(tuned.losses, key=lambda one: one["loss"])
        LOG.info("%s, %s: held-out loss %.5f with %s", recipe.problem, name, best["loss"], best["settings"])
        arrays |= {f"{slug(name)}.{key}": values for key, values in filter_arrays(tuned.filter).items()}
        described.append(
            {
                "method": name,
                "settings": tuned.settings.model_dump(),
                "loss": best["loss"],
                "losses": tuned.losses,
                "edge": list(tuned.edge),
            }
        )
    write_arrays(filters, arrays, {"filters": described})
    finish(filters, recipe, {"filters": list(recipe.filters)})
