"""Job ``signal_examples``: a few test scenes by each method, with images and spectra, for the figures."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.cli.jobs.base import finish, inputs_in
from mpipipe.cli.jobs.signal_methods import MethodsRecipe, open_first_trainings, read_periods
from mpipipe.config.gridding import GriddingConfig
from mpipipe.reconstruction.coil_gridding import CoilGridding
from mpipipe.storage.arrays import read_arrays, write_arrays
from mpipipe.studies.signal_denoising_scores import amplitude_spectrum
from mpipipe.studies.signal_methods import NOISY

SPECTRA_OF = 200
"""First test signals whose spectra are averaged."""


class Recipe(MethodsRecipe):
    """Problem, gridding, and how many scenes are shown."""

    gridding: GriddingConfig
    examples: int


def run(recipe: Recipe, examples: Path) -> None:
    """Write signals and images of the first test scenes, and root-mean-square spectra of signals and errors."""
    test, of = read_periods(recipe, "test"), recipe.acquisition
    gridding = CoilGridding.of(of.scanner, of.grid, recipe.gridding, of.coil)
    periods, sigma, clean = (test[name][:SPECTRA_OF] for name in ("periods", "sigma", "clean"))
    shown = min(recipe.examples, len(clean))
    names, signals, images, errors = [], [], [], []
    noisy = periods[:, 0]
    for method in open_first_trainings(recipe):
        if method.name == NOISY:
            continue
        estimates = method.apply(periods, sigma)
        names.append(method.name)
        signals.append(estimates[:shown])
        images.append(gridding.apply(estimates[:shown]))
        errors.append(amplitude_spectrum(estimates - clean))
    (path,) = inputs_in(recipe, "scene", "scenes")
    arrays: dict[str, npt.NDArray[Any]] = {
        "scenes": read_arrays(path)[0]["test"][:shown],
        "clean": clean[:shown],
        "noisy": noisy[:shown],
        "signals": np.stack(signals),
        "clean_images": gridding.apply(clean[:shown]),
        "noisy_images": gridding.apply(noisy[:shown]),
        "images": np.stack(images),
        "frequency_kHz": 1e-3 * of.scanner.frequency_Hz(np.arange(of.scanner.frequencies)),
        "clean_spectrum": amplitude_spectrum(clean),
        "noisy_spectrum": amplitude_spectrum(noisy),
        "error_spectra": np.stack(errors),
    }
    described = {
        "methods": names,
        "sampling_rate_Hz": of.scanner.base_frequency_Hz,
        "field_of_view_mm": list(of.grid.field_of_view_mm),
    }
    write_arrays(examples, arrays, described)
    finish(examples, recipe, {"methods": names, "scenes": shown})
