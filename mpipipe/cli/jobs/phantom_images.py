"""Job ``phantom_images``: the test phantoms of one calibration, reconstructed by each method."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.reconstructors import open_reconstructor, read_matrix
from mpipipe.config.reconstruction import PhantomName, ReconstructionMethod, Solvers
from mpipipe.storage.arrays import read_arrays, write_arrays
from mpipipe.studies.image_scores import image_scores


class Recipe(JobRecipe):
    """Methods by name with their artifacts, and the phantoms."""

    calibration: str
    methods: dict[ReconstructionMethod, list[str]]
    solvers: Solvers
    phantoms: list[PhantomName]


def run(recipe: Recipe, images: Path) -> None:
    """Write images ``(method, phantom, x, y)`` and their scores; noise levels are those that the phantoms name."""
    matrix, described = read_matrix(recipe)
    paths = {path.stem.removeprefix("phantom-"): path for path in inputs_in(recipe, "scene", "phantom-")}
    scenes = [read_arrays(paths[name]) for name in recipe.phantoms]
    truth = np.stack([arrays["concentration"] for arrays, _ in scenes])
    made = []
    for name, artifacts in recipe.methods.items():
        method = open_reconstructor(name, [Path(path) for path in artifacts], recipe.solvers, matrix)
        made.append(
            [
                method.apply(arrays["signal"][None], arrays["noise_norm"][None], about["snr_db"])[0][0]
                for arrays, about in scenes
            ]
        )
    found = np.array(made, np.float32)
    scores = [image_scores(image, truth) for image in found]
    attributes = {
        "phantoms": recipe.phantoms,
        "methods": list(recipe.methods),
        "snr_db": [about["snr_db"] for _, about in scenes],
        "field_of_view_mm": described["field_of_view_mm"],
        **{metric: [score[metric].tolist() for score in scores] for metric in ("psnr_db", "ssim", "nrmse")},
    }
    write_arrays(images, {"concentration": truth, "images": found}, attributes)
    finish(images, recipe, attributes)
