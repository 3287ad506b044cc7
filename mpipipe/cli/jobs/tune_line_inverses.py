"""Job ``tune_line_inverses``: truncated SVD and Tikhonov for each diameter and noise, tuned on validation scenes."""

import logging
from math import inf
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.line_data import read_lines
from mpipipe.config.line_inverse import LineInverseSearch
from mpipipe.config.line_scanner import LineScanner
from mpipipe.reconstruction.svd_inverse import SvdInverse
from mpipipe.storage.tables import write_json
from mpipipe.studies.line_inverse import tune

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Noise levels, and settings to try."""

    line: LineScanner
    snr_db: tuple[float, ...]
    search: LineInverseSearch


def run(recipe: Recipe, tuned: Path) -> None:
    """Write the best settings of both methods."""
    lines = read_lines(recipe)
    found = []
    for diameter, matrix in lines.matrices.items():
        rng = np.random.default_rng(recipe.derive_seed("line noise", "tuning", str(diameter)))
        levels = (inf, *recipe.snr_db)
        spectra = lines.spectra("val", diameter)
        for one in tune(SvdInverse.of(matrix), spectra, lines.scenes("val"), levels, recipe.search, rng):
            LOG.info("%g nm, %s at %g dB: error %.3g", diameter, one.method, one.snr_db, one.mse)
            found.append(
                {
                    "method": one.method,
                    "diameter_nm": diameter,
                    "snr_db": None if np.isinf(one.snr_db) else one.snr_db,
                    "settings": one.settings.model_dump(),
                    "validation_mse": one.mse,
                    "edges": list(one.edges),
                }
            )
    write_json(tuned, {"inverses": found})
    finish(tuned, recipe, {"inverses": len(found)})
