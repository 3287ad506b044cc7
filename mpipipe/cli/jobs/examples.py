"""Job ``examples``: a few test components before and after each method, for figures."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.reading import background, matrices
from mpipipe.cli.jobs.restorers import open_restorer
from mpipipe.config.evaluate import EvaluateConfig
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.arrays import write_arrays
from mpipipe.storage.ensemble import EnsembleReader, StoredMatrix
from mpipipe.studies.denoising import Case, cases

LARGEST_ASPECT = 2.0


class Recipe(JobRecipe):
    """Methods by name with their artifacts, and how many examples."""

    ensemble: str
    methods: dict[str, str]
    evaluate: EvaluateConfig


def run(recipe: Recipe, examples: Path) -> None:
    """Write truth, noisy and restored arrays of one component of each of several test matrices."""
    sigma = recipe.evaluate.example_sigma
    methods = {name: open_restorer(Path(artifact)) for name, artifact in recipe.methods.items()}
    arrays, described = {}, []
    for number, (stored, case) in enumerate(_chosen(recipe, sigma)):
        arrays[f"truth_{number}"] = case.truth[0]
        arrays[f"noisy_{number}"] = case.noisy[0]
        for position, restorer in enumerate(methods.values()):
            arrays[f"method_{position}_{number}"] = restorer.apply(case.noisy, sigma)[0]
        described.append(_describe(stored, case))
    attributes = {"methods": list(methods), "sigma": sigma, "examples": described}
    write_arrays(examples, arrays, attributes)
    finish(examples, recipe, attributes)


def _chosen(recipe: Recipe, sigma: float) -> list[tuple[StoredMatrix, Case]]:
    """Return one random component of each of the first matrices whose field of view is not too oblong to look at."""
    source: EnsembleReader = matrices(recipe, "test")
    every = list(source.matrices())
    chosen = (sorted(every, key=lambda stored: _aspect(stored) > LARGEST_ASPECT))[: recipe.evaluate.examples]
    drawn = cases(
        chosen,
        background(recipe, "test"),
        sigma,
        1,
        lambda matrix: recipe.derive_seed("examples", recipe.ensemble, matrix),
    )
    return list(zip(chosen, drawn, strict=True))


def _aspect(stored: StoredMatrix) -> float:
    size: list[float] = stored.parameters["grid"]["field_of_view_mm"]
    return max(size) / min(size)


def _describe(stored: StoredMatrix, case: Case) -> dict[str, object]:
    scanner = Scanner.model_validate(stored.parameters["scanner"])
    frequency = int(case.frequency[0])
    return {
        "matrix": case.matrix,
        "channel": int(case.channel[0]),
        "frequency": frequency,
        "frequency_Hz": float(scanner.frequency_Hz(frequency)),
        "field_of_view_mm": stored.parameters["grid"]["field_of_view_mm"],
        "kind": stored.parameters["particle"]["kind"],
        "grid": list(np.shape(case.truth[0])),
    }
