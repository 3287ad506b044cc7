"""Scenes, spectra and trained networks among the inputs of the inversion jobs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mpipipe.cli.jobs.base import JobRecipe, inputs_in
from mpipipe.noise.spectrum_noise import add_white_noise
from mpipipe.physics.line_spectrum import line_spectra
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.studies.line_runs import LineRun

if TYPE_CHECKING:
    from mpipipe.training.perceptron_apply import LearnedInverse

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """Scenes and system matrices.

    Attributes
    ----------
    arrays : dict of ndarray
        Scenes ``(scene, voxel)`` of uint8 by split or pattern.
    matrices : dict of (harmonic, voxel) ndarray of float64
        By core diameter in nm.
    position_mm : (voxel,) ndarray of float64
        Centres of the voxels.
    """

    arrays: dict[str, npt.NDArray[np.uint8]]
    matrices: dict[float, Array]
    position_mm: Array

    def scenes(self, name: str, count: int | None = None) -> npt.NDArray[np.float32]:
        """Return the first scenes of a split or pattern."""
        return self.arrays[name][:count].astype(np.float32)

    def spectra(self, name: str, diameter_nm: float, count: int | None = None) -> Array:
        """Return their spectra without noise."""
        return line_spectra(self.matrices[diameter_nm], self.scenes(name, count))


def read_lines(recipe: JobRecipe) -> Lines:
    """Return the study's scenes and system matrices."""
    (path,) = inputs_in(recipe, "scene")
    arrays, described = read_arrays(path)
    matrices = dict(zip(described["diameters_nm"], arrays.pop("matrices"), strict=True))
    return Lines(arrays, matrices, np.array(described["position_mm"]))


def noisy_spectra(
    recipe: JobRecipe,
    lines: Lines,
    split: str,
    diameter_nm: float,
    snr_db: float | None,
    count: int | None = None,
) -> Array:
    """Return the spectra of a split with noise, which is the same for every method."""
    spectra = lines.spectra(split, diameter_nm, count)
    if snr_db is None:
        return spectra
    rng = np.random.default_rng(recipe.derive_seed("line noise", split, str(diameter_nm), str(snr_db)))
    return add_white_noise(spectra, snr_db, rng)


def run_of(weights: Path) -> LineRun:
    """Return which training made weights."""
    return LineRun.model_validate(read_manifest(manifest_path(weights)).recipe["run"])


def card_of(weights: Path) -> dict[str, Any]:
    """Return the card of a training."""
    card: dict[str, Any] = read_manifest(manifest_path(weights)).description["card"]
    return card


def open_inverse(weights: Path) -> "LearnedInverse":
    """Return a trained network."""
    # Classical inverses do without torch, which takes seconds to import.
    from mpipipe.storage.weights import read_weights
    from mpipipe.training.perceptron_apply import LearnedInverse

    return LearnedInverse(read_weights(weights), run_of(weights).training)
