"""Job ``line_patterns``: random scenes, stripes and letters, as trained networks reconstruct them."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.line_data import open_inverse, read_lines, run_of
from mpipipe.storage.arrays import write_arrays
from mpipipe.studies.line_runs import LineRun

PATTERNS = ("test", "stripes", "letters")
RANDOM_ROWS = 10
"""Test scenes that are shown, as in the paper."""


class Recipe(JobRecipe):
    """Nothing but its inputs."""


def run(recipe: Recipe, images: Path) -> None:
    """Write truth and reconstructions of each pattern, by network."""
    lines = read_lines(recipe)
    weights = sorted(inputs_in(recipe, "train"), key=lambda path: _order(run_of(path)))
    arrays = {}
    for name in PATTERNS:
        count = RANDOM_ROWS if name == "test" else None
        arrays[f"{name}_truth"] = lines.scenes(name, count)
        arrays[f"{name}_images"] = np.stack(
            [
                open_inverse(path).apply(lines.spectra(name, run_of(path).diameter_nm, count))
                for path in weights
            ]
        )
    labels = [_label(run_of(path)) for path in weights]
    write_arrays(images, arrays, {"networks": labels, "position_mm": lines.position_mm.tolist()})
    finish(images, recipe, {"networks": labels})


def _order(run: LineRun) -> tuple[int, float]:
    return run.hidden_units, run.diameter_nm


def _label(run: LineRun) -> str:
    units = f"{run.hidden_units} units, " if run.hidden_units else ""
    return f"{run.network},\n{units}{run.diameter_nm:g} nm"
