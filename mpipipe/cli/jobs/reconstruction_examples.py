"""Job ``reconstruction_examples``: test phantoms reconstructed by each method at each noise level, for the figures."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.reconstructors import open_reconstructor, read_digits, read_matrix
from mpipipe.config.reconstruction import ReconstructionMethod, SignalNoise, Solvers
from mpipipe.storage.arrays import write_arrays
from mpipipe.studies.image_scores import image_scores
from mpipipe.studies.reconstructors import measure_images


class Recipe(JobRecipe):
    """Methods by name with their artifacts, noise levels and how many phantoms."""

    calibration: str
    methods: dict[ReconstructionMethod, list[str]]
    solvers: Solvers
    noise: SignalNoise
    count: int


def run(recipe: Recipe, examples: Path) -> None:
    """Write images ``(method, level, example, x, y)`` of the first test phantoms, and their PSNR."""
    matrix, described = read_matrix(recipe)
    truth = read_digits(recipe, "test", recipe.count)
    levels = recipe.noise.sweep_db
    measured = [
        measure_images(
            matrix, truth, level, np.random.default_rng(recipe.derive_seed("examples", str(level)))
        )
        for level in levels
    ]
    images, scores = [], []
    for name, artifacts in recipe.methods.items():
        method = open_reconstructor(name, [Path(path) for path in artifacts], recipe.solvers, matrix)
        made = [method.apply(one.signal, one.noise_norm, one.snr_db)[0] for one in measured]
        images.append(made)
        scores.append([image_scores(image, truth)["psnr_db"].tolist() for image in made])
    attributes = {
        "methods": list(recipe.methods),
        "levels_db": list(levels),
        "psnr_db": scores,
        "field_of_view_mm": described["field_of_view_mm"],
    }
    write_arrays(examples, {"truth": truth, "images": np.array(images, np.float32)}, attributes)
    finish(examples, recipe, attributes)
