"""Job ``examples``: a few test components before and after each method of a problem, for figures."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.reading import background, matrices
from mpipipe.cli.jobs.restorers import open_restorer
from mpipipe.config.restoration import ObservationConfig
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.arrays import write_arrays
from mpipipe.storage.ensemble import StoredMatrix
from mpipipe.studies.cases import Case, cases

LARGEST_ASPECT = 2.0


class Recipe(JobRecipe):
    """Problem, methods by name with their artifacts, and how many examples."""

    problem: str
    ensemble: str
    dimension: int
    observation: ObservationConfig
    sigma: float
    count: int
    methods: dict[str, str]


def run(recipe: Recipe, examples: Path) -> None:
    """Write truth, observed and restored arrays of one component of each of several test matrices."""
    methods = {name: open_restorer(Path(artifact)) for name, artifact in recipe.methods.items()}
    arrays, described = {}, []
    for number, (stored, case) in enumerate(_chosen(recipe)):
        arrays[f"truth_{number}"] = case.truth[0]
        arrays[f"observed_{number}"] = case.observed.values[0]
        if case.observed.known is not None:
            arrays[f"known_{number}"] = case.observed.known[0]
        scores = []
        for position, restorer in enumerate(methods.values()):
            restored = case.restored_by(restorer)
            arrays[f"method_{position}_{number}"] = restored[0]
            scores.append(float(psnr_db(restored, case.truth)[0]))
        noisy = -20 * float(np.log10(recipe.sigma)) if _is_noisy_only(recipe) else None
        described.append(_describe(stored, case) | {"psnr_db": scores, "noisy_psnr_db": noisy})
    attributes = {"methods": list(methods), "sigma": recipe.sigma, "examples": described}
    write_arrays(examples, arrays, attributes)
    finish(examples, recipe, attributes)


def _chosen(recipe: Recipe) -> list[tuple[StoredMatrix, Case]]:
    """Return one random component of each of the first matrices whose field of view is not too oblong to look at."""
    every = list(matrices(recipe, "test").matrices())
    chosen = (sorted(every, key=lambda stored: _aspect(stored) > LARGEST_ASPECT))[: recipe.count]
    drawn = cases(
        chosen,
        background(recipe, "test"),
        recipe.observation,
        recipe.sigma,
        1,
        lambda matrix: recipe.derive_seed("examples", recipe.ensemble, matrix),
    )
    return list(zip(chosen, drawn, strict=True))


def _is_noisy_only(recipe: Recipe) -> bool:
    """Return whether all voxels were measured, so that the observation itself has a PSNR; that follows from σ exactly."""
    return recipe.sigma > 0 and recipe.observation == ObservationConfig()


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
        "factor": case.observed.factor,
    }
