"""Job ``simulate``: the system matrices of one part of an ensemble."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.config.base import Section
from mpipipe.config.simulate import SimulateConfig
from mpipipe.physics.sampling import grid_of, particle_of, scanner_of
from mpipipe.physics.system_function import simulate_rows
from mpipipe.storage.ensemble import StoredMatrix, write_part
from mpipipe.storage.tables import read_table

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Rows of the table that make up the part, and how they are simulated."""

    ensemble: str
    split: str
    rows: tuple[int, int]
    largest_grid: tuple[int, ...]
    simulate: SimulateConfig


def run(recipe: Recipe, part: Path) -> None:
    """Simulate the rows of a split and write them as one part."""
    (table,) = inputs_in(recipe, "sample")
    parameters = read_table(table).query("split == @recipe.split").iloc[slice(*recipe.rows)]
    matrices = []
    for position, (_, row) in enumerate(parameters.iterrows(), start=1):
        matrices.append(_simulate(row, recipe))
        LOG.info(
            "%d of %d matrices, %d components of %s",
            position, len(parameters), len(matrices[-1].values), matrices[-1].grid,
        )  # fmt: skip
    write_part(
        part,
        matrices,
        recipe.largest_grid,
        components_per_chunk=recipe.simulate.components_per_chunk,
        chunks_per_shard=recipe.simulate.chunks_per_shard,
    )
    finish(part, recipe, _description(matrices))


def _simulate(row: "pd.Series[Any]", recipe: Recipe) -> StoredMatrix:
    scanner, grid = scanner_of(row), grid_of(row)
    particle = particle_of(row, recipe.simulate.fluid_convention)
    models: dict[str, Section] = {"scanner": scanner, "particle": particle, "grid": grid}
    rows = simulate_rows(
        scanner,
        particle,
        grid,
        keep_above=recipe.simulate.keep_above,
        oversampling=recipe.simulate.oversampling,
    )
    chosen = _subset(len(rows.values), recipe, int(row["matrix"]))
    return StoredMatrix(
        values=rows.values[chosen],
        channel=rows.channel[chosen],
        frequency=rows.frequency[chosen],
        matrix=int(row["matrix"]),
        parameters={name: model.model_dump(mode="json") for name, model in models.items()},
    )


def _subset(count: int, recipe: Recipe, matrix: int) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return a sorted random subset of the components: bounded size on disk, every strength represented."""
    most = recipe.simulate.components_per_matrix
    if most is None or count <= most:
        return np.arange(count)
    rng = np.random.default_rng(recipe.derive_seed("components", recipe.ensemble, matrix))
    return np.sort(rng.choice(count, size=most, replace=False))


def _description(matrices: list[StoredMatrix]) -> dict[str, Any]:
    return {
        "axes": ["component", "x", "y", "z"][: 1 + len(matrices[0].grid)],
        "dtype": "complex64",
        "components": sum(len(m.values) for m in matrices),
        "matrices": len(matrices),
    }
