"""Job ``robustness``: methods scored on test matrices with physics that training never saw."""

import logging
from pathlib import Path

import pandas as pd

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.reading import background
from mpipipe.cli.jobs.restorers import open_restorer
from mpipipe.config.restoration import ObservationConfig, RobustnessConfig
from mpipipe.config.simulate import SimulateConfig
from mpipipe.evaluation.records import concatenate_records
from mpipipe.storage.tables import read_table, write_table
from mpipipe.studies.robustness import relaxations, score_physics

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Problem, its methods by name with their artifacts, and the physics."""

    problem: str
    ensemble: str
    dimension: int
    observation: ObservationConfig
    robustness: RobustnessConfig
    simulate: SimulateConfig
    components: int | None
    methods: dict[str, str]


def run(recipe: Recipe, records: Path) -> None:
    """Write the records of all methods, one condition a physics; the spread of the phase stands in the manifest."""
    (table,) = inputs_in(recipe, "sample")
    config = recipe.robustness
    scored = score_physics(
        read_table(table).query("split == 'test'").head(config.matrices),
        relaxations(config),
        background(recipe, "test"),
        {name: open_restorer(Path(artifact)) for name, artifact in recipe.methods.items()},
        simulate=recipe.simulate,
        sigma=config.sigma,
        components=recipe.components,
        seed_of=lambda matrix: recipe.derive_seed("robustness", recipe.ensemble, matrix),
    )
    frames: list[pd.DataFrame] = []
    spread = {}
    for one in scored:
        frames.append(one.records)
        spread[one.name] = one.phase_spread
        LOG.info("%s: scored, phase spread %.2g", one.name, one.phase_spread)
    frame = concatenate_records(frames)
    write_table(records, frame)
    finish(records, recipe, {"rows": len(frame), "phase_spread": spread})
