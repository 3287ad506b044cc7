"""Job ``digits``: digit phantoms of the three splits on one grid."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.digits import DigitsConfig
from mpipipe.scenes.digits import draw_digits, split_sources
from mpipipe.storage.arrays import write_arrays
from mpipipe.storage.digits import read_digit_sources


class Recipe(JobRecipe):
    """Digits, how many phantoms a split has, and the grid."""

    digits: DigitsConfig
    counts: dict[str, int]
    grid: tuple[int, int]


def run(recipe: Recipe, scene: Path) -> None:
    """Write the phantoms; no source digit is in two splits, and they are the same digits on every grid."""
    sources = read_digit_sources(recipe.digits)
    rng = np.random.default_rng(recipe.derive_seed("digits", "sources"))
    train, val, test = split_sources(len(sources), rng, recipe.digits.fractions)
    arrays = {}
    for split, chosen in {"train": train, "val": val, "test": test}.items():
        rng = np.random.default_rng(recipe.derive_seed("digits", split))
        arrays[split] = draw_digits(sources[chosen], recipe.counts[split], recipe.grid, recipe.digits, rng)
    described = {"source": recipe.digits.source, "source_digits": [len(train), len(val), len(test)]}
    write_arrays(scene, arrays, described)
    finish(scene, recipe, described | {"shapes": {name: list(a.shape) for name, a in arrays.items()}})
