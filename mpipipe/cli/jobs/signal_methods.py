"""Periods and methods among the inputs of the jobs of the signal-denoising study."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy.typing as npt

from mpipipe.cli.jobs.base import JobRecipe, inputs_in
from mpipipe.config.period_noise import PeriodAcquisition
from mpipipe.config.signal_denoising import SignalProblem
from mpipipe.config.signal_filters import FilterName
from mpipipe.signals.filters import restore_filter
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.studies.names import slug
from mpipipe.studies.signal_methods import (
    AVERAGED,
    NOISY,
    Denoiser,
    SignalMethod,
    averaged_periods,
    filtered,
    first_period,
)


class MethodsRecipe(JobRecipe):
    """A problem whose methods are applied."""

    problem: SignalProblem
    acquisition: PeriodAcquisition
    snr_db: float
    filters: tuple[FilterName, ...]


def read_periods(recipe: JobRecipe, split: str) -> dict[str, npt.NDArray[Any]]:
    """Return ``periods``, ``sigma`` and what else lies beside them of a split."""
    (path,) = (path for path in inputs_in(recipe, "scene") if path.stem.endswith(f"-{split}"))
    return read_arrays(path)[0]


def open_methods(recipe: MethodsRecipe) -> Iterator[SignalMethod]:
    """Yield the noisy periods as they are, the filters, and each trained network, one after another."""
    yield SignalMethod(NOISY, None, first_period)
    if AVERAGED in recipe.filters:
        yield SignalMethod(AVERAGED, None, averaged_periods)
    (path,) = inputs_in(recipe, "baseline")
    yield from _filters(path, recipe.acquisition.scanner.harmonic[0])
    for weights in inputs_in(recipe, "train"):
        described = read_manifest(manifest_path(weights)).description
        yield SignalMethod(described["method"], described["repeat"], _network(weights))


def open_first_trainings(recipe: MethodsRecipe) -> Iterator[SignalMethod]:
    """Yield the methods, of networks that were trained several times the first training."""
    return (method for method in open_methods(recipe) if not method.repeat)


def _filters(path: Path, cycles: int) -> Iterator[SignalMethod]:
    arrays, described = read_arrays(path)
    for one in described["filters"]:
        head = f"{slug(one['method'])}."
        own = {name.removeprefix(head): values for name, values in arrays.items() if name.startswith(head)}
        restored = restore_filter(one["method"], one["settings"], own, cycles)
        yield SignalMethod(one["method"], None, filtered(restored))


def _network(weights: Path) -> Denoiser:
    """Return a trained network; it sees the first period."""
    # Torch takes seconds to import, and the filters do without.
    from mpipipe.config.signal_denoiser import SignalTraining
    from mpipipe.storage.weights import read_weights
    from mpipipe.training.signal_apply import LearnedSignalDenoiser

    training = SignalTraining.model_validate(read_manifest(manifest_path(weights)).recipe["training"])
    network = LearnedSignalDenoiser(read_weights(weights), training)
    return lambda periods, sigma: network.apply(periods[:, 0], sigma)
