"""Job ``overview``: components of a few system matrices of each ensemble, from strong to weak, for a figure."""

from pathlib import Path
from typing import Any

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.physics.mixing import mixing_orders
from mpipipe.physics.scanner import Scanner
from mpipipe.restoration.normalise import to_unit_peak
from mpipipe.storage.arrays import write_arrays
from mpipipe.storage.ensemble import Part, StoredMatrix

MATRICES, COMPONENTS = 2, 5


class Recipe(JobRecipe):
    """Ensembles that are shown."""

    ensembles: tuple[str, ...]


def run(recipe: Recipe, overview: Path) -> None:
    """Write components of the first two training matrices of each ensemble, spread over the mixing orders."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    described: list[dict[str, Any]] = []
    for name in recipe.inputs:
        part = Part(Path(name))
        for position in range(min(MATRICES, len(part.matrices))):
            stored = part.read_matrix(position)
            chosen, orders = _spread(stored)
            arrays[f"components_{len(described)}"] = to_unit_peak(stored.values[chosen])
            described.append(_describe(Path(name).parent.name, stored, chosen, orders))
    write_arrays(overview, arrays, {"examples": described})
    finish(overview, recipe, {"examples": described})


def _spread(stored: StoredMatrix) -> tuple[np.ndarray[Any, np.dtype[np.intp]], list[int]]:
    """Return components evenly spread over the total mixing order, low to high, and these orders."""
    scanner = Scanner.model_validate(stored.parameters["scanner"])
    orders = np.abs(mixing_orders(scanner, int(stored.frequency.max()) + 1)).sum(axis=1)[stored.frequency]
    ranked = np.argsort(orders, kind="stable")
    chosen = ranked[np.linspace(0, len(ranked) - 1, min(COMPONENTS, len(ranked))).round().astype(int)]
    return chosen, [int(order) for order in orders[chosen]]


def _describe(
    ensemble: str, stored: StoredMatrix, chosen: np.ndarray[Any, np.dtype[np.intp]], orders: list[int]
) -> dict[str, Any]:
    scanner = Scanner.model_validate(stored.parameters["scanner"])
    return {
        "ensemble": ensemble,
        "channel": [int(c) for c in stored.channel[chosen]],
        "frequency_Hz": [float(scanner.frequency_Hz(int(f))) for f in stored.frequency[chosen]],
        "mixing_order": orders,
        **stored.parameters,
    }
