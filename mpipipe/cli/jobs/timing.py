"""Job ``timing``: the time of a reconstruction by each method, on the same signals in the same run."""

import logging
import platform
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.reconstructors import open_reconstructor, read_digits, read_matrix
from mpipipe.config.reconstruction import ReconstructionMethod, SignalNoise, Solvers, Timing
from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.storage.tables import write_table
from mpipipe.studies.reconstructors import measure_images
from mpipipe.studies.timing import timed

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Methods by name with their artifacts, and what is timed."""

    calibration: str
    methods: dict[ReconstructionMethod, list[str]]
    solvers: Solvers
    timing: Timing
    noise: SignalNoise
    image_prior: int


def run(recipe: Recipe, records: Path) -> None:
    """Write seconds an image, one signal alone and a batch together; preparation of the matrix is not counted."""
    matrix, _ = read_matrix(recipe)
    level, batch = recipe.noise.test_db, recipe.timing.batch
    phantoms = read_digits(recipe, "test", batch)
    rng = np.random.default_rng(recipe.derive_seed("timing"))
    measured = measure_images(matrix, phantoms, level, rng)
    rows, iterations = [], {}
    for name, artifacts in recipe.methods.items():
        method = open_reconstructor(name, [Path(path) for path in artifacts], recipe.solvers, matrix)
        together = min(len(phantoms), recipe.image_prior) if name == "DIP" else len(phantoms)
        for count in dict.fromkeys((1, together)):
            seconds, iterations[name] = timed(method, measured, count, recipe.timing)
            LOG.info("%s, %d together: %.3g ms an image", name, count, 1e3 * min(seconds))
            rows.append(
                build_records(
                    table="timing",
                    method=name,
                    metric="time_s",
                    item=np.arange(len(seconds)),
                    value=seconds,
                    snr_db=level,
                    batch=count,
                )
            )
    frame = concatenate_records(rows)
    write_table(records, frame)
    described = {
        "rows": len(frame),
        "iterations": iterations,
        "machine": f"{platform.machine()}, {platform.system()}",
        "threads": _threads(),
        "batch": len(phantoms),
    }
    finish(records, recipe, described)


def _threads() -> int:
    import torch

    return torch.get_num_threads()
