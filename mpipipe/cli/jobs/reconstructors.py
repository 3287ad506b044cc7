"""Prepared reconstruction methods of the run, ready to be applied."""

from collections.abc import Sequence
from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, inputs_in
from mpipipe.config.reconstruction import Solvers
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_json
from mpipipe.studies.reconstructors import (
    Complex,
    Denoiser,
    Images,
    Reconstructor,
    TrainedNetwork,
    TunedSolver,
)


def read_matrix(recipe: JobRecipe) -> tuple[Complex, dict[str, object]]:
    """Return the system matrix ``(component, x, y)`` among a job's inputs, and what is known of it."""
    (path,) = inputs_in(recipe, "scene", "calibration-")
    arrays, described = read_arrays(path)
    return arrays["matrix"], described


def read_digits(recipe: JobRecipe, split: str, count: int) -> Images:
    """Return the first phantoms ``(item, x, y)`` of a split among a job's inputs; fewer than asked are all of it."""
    (path,) = inputs_in(recipe, "scene", "digits-")
    return read_arrays(path)[0][split][:count]


def open_reconstructor(
    method: str, artifacts: Sequence[Path], solvers: Solvers, matrix: Complex
) -> Reconstructor:
    """Return the method whose prepared artifacts (tuned settings, weights, or both) lie at the paths."""
    by_kind = {path.suffix: path for path in artifacts}
    settings, weights = by_kind.get(".json"), by_kind.get(".safetensors")
    if settings is None:
        assert weights is not None
        return _network(weights, matrix)
    levels = {level["snr_db"]: level["best"] for level in read_json(settings)["levels"]}
    return TunedSolver(method, levels, solvers, matrix, open_denoiser(weights) if weights else None)


def _network(weights: Path, matrix: Complex) -> Reconstructor:
    # Classical methods do without torch, which takes seconds to import.
    from mpipipe.config.reconstructor_training import ReconstructorTraining
    from mpipipe.storage.weights import read_weights
    from mpipipe.training.reconstructor_apply import LearnedReconstructor

    training = ReconstructorTraining.model_validate(read_manifest(manifest_path(weights)).recipe["training"])
    return TrainedNetwork(LearnedReconstructor(read_weights(weights), training, matrix).apply)


def open_denoiser(weights: Path) -> Denoiser:
    """Return PP-MPI's trained denoiser."""
    from mpipipe.config.reconstructor_training import ReconstructorTraining
    from mpipipe.storage.weights import read_weights
    from mpipipe.training.reconstructor_apply import NetworkDenoiser

    training = ReconstructorTraining.model_validate(read_manifest(manifest_path(weights)).recipe["training"])
    return NetworkDenoiser(read_weights(weights), training)
