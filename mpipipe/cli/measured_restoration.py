"""Verb ``measured``: the measured matrix of the coil-encoding scanner before and after restoration."""

from pathlib import Path

import numpy as np

from mpipipe.cli.measured_methods import Prepared, table_lines, write_figure
from mpipipe.config.params import Params
from mpipipe.config.recipe import digest
from mpipipe.config.sources import code_digest
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent
from mpipipe.evaluation.tables import csv_text
from mpipipe.reconstruction.encoding_array import SETTINGS
from mpipipe.storage.atomic import write_text
from mpipipe.storage.matlab import EncodingArray
from mpipipe.studies.measured_figures import (
    TABLE_TEXT,
    components_result,
    images_result,
    restoration_table,
    shown_components,
)
from mpipipe.studies.measured_noise import estimate_sigma
from mpipipe.studies.measured_restoration import phantom_images, restore_in_turn, with_scaled_level

POSITIONS: Extent = (0.5, 8.5, 0.5, 8.5)  # pixels of a step, centred on the calibration positions
IMAGE: Extent = (0.75, 8.25, 0.75, 8.25)  # pixels of half a step, centred on the outermost positions
COLUMNS = 6  # an even number, so that both phantoms of a matrix stand side by side


def restore_encoding_array(
    data: EncodingArray, files: dict[str, str], prepared: Prepared, out: Path, params: Params
) -> list[str]:
    """Write ``restoration.csv``, ``restoration.*`` and ``restoration_images.*``; returns the lines of the page.

    Parameters
    ----------
    data : EncodingArray
        Measured matrix and signals.
    files : dict of str
        Digest of each file that they were read from.
    prepared : Prepared
        Methods for complete 2-D components.
    out : Path
        Results folder.
    params : Params
        All parameters.
    """
    matrix, config = data.system_matrix, params.figures
    sigma = estimate_sigma(matrix)
    shown, relative = shown_components(matrix, sigma, config.example_components)
    restored = restore_in_turn(
        matrix,
        sigma,
        with_scaled_level(prepared.methods),
        shown,
        lambda one: phantom_images(one, data.signals),
    )
    provenance = _provenance(files, prepared, params)
    text = _text(data, float(np.median(relative)), params)
    labels = [f"component {number + 1}\nσ/max|s| = {relative[number]:.2g}" for number in shown]
    components = components_result(restored, labels, POSITIONS, text, provenance, length_unit="step")
    images = images_result(
        restored, IMAGE, _image_text(), provenance, columns=COLUMNS, length_unit="calibration position"
    )
    table = restoration_table(restored)
    write_text(out / "restoration.csv", csv_text(table))
    return [
        "## The measured matrix, restored",
        "",
        *write_figure(out, components, config.dpi),
        *table_lines(table),
        TABLE_TEXT,
        "",
        *write_figure(out, images, config.dpi),
    ]


def _provenance(files: dict[str, str], prepared: Prepared, params: Params) -> Provenance:
    recipe = {"files": files, "methods": prepared.provenance, "code": code_digest(__name__)}
    recipe |= {
        "settings": SETTINGS.model_dump(mode="json"),
        "figures": params.figures.model_dump(mode="json"),
    }
    return Provenance(scale=params.scale, digest=digest(recipe), seed=params.seed)


def _text(data: EncodingArray, relative: float, params: Params) -> str:
    count, *grid = data.system_matrix.shape
    low, high = params.sample.calibration.grid_size
    return (
        f"The measured matrix of the coil-encoding scanner, {count} components on {grid[0]} × {grid[1]} positions, restored with "
        f"the methods that were trained and tuned at scale {params.scale} on simulated Lissajous scanners with {low} to {high} "
        "positions an axis. The noise level of each component is estimated from its finest cosine coefficients (median of "
        f"σ/max|s| {relative:.2g}), an upper bound where structure is that fine; (0.3 σ) is told 0.3 of it, the factor that "
        "Tsanda et al. 2025 use on measurements."
    )


def _image_text() -> str:
    return (
        "Both measured phantoms from each matrix, reconstructed alike: regularised Kaczmarz, relative λ = "
        f"{SETTINGS.regularization:g}, {SETTINGS.iterations} sweeps, real and non-negative."
    )
