"""Job ``coded_scene``: a coded calibration scene, drawn or from a retinal vessel tree."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.coded_scene import CodedSceneConfig
from mpipipe.config.deblurring import SceneName
from mpipipe.scenes.channels import draw_channels
from mpipipe.scenes.vessel_tree import scene_from_retina
from mpipipe.storage.arrays import write_arrays
from mpipipe.storage.retina import read_retina


class Recipe(JobRecipe):
    """Scene, and its pixels along an edge."""

    name: SceneName
    config: CodedSceneConfig
    pixels: int


def run(recipe: Recipe, scene: Path) -> None:
    """Write the scene's concentration ``(x, y)``; a drawn one follows from the seed and its name."""
    if recipe.config.kind == "retina":
        concentration = scene_from_retina(read_retina(), recipe.config, recipe.pixels)
    else:
        rng = np.random.default_rng(recipe.derive_seed("coded_scene", recipe.name))
        concentration = draw_channels(recipe.config, recipe.pixels, rng)
    described = {"size_mm": recipe.config.size_mm, "kind": recipe.config.kind}
    write_arrays(scene, {"concentration": concentration}, described)
    finish(scene, recipe, described | {"shape": list(concentration.shape)})
