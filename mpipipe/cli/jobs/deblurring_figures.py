"""Job ``deblurring_figures``: tables and figures of the deblurring study, from records, scans, images and trainings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mpipipe.cli.jobs.base import inputs_in
from mpipipe.cli.jobs.pages import PagesRecipe, provenance_of, write_pages
from mpipipe.config.deblurrer import DeblurrerConfig, ResNetConfig
from mpipipe.config.deblurring import LEARNED_FROM, DeblurringConfig, SceneName
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent, extent_of
from mpipipe.evaluation.model_figure import ModelExample
from mpipipe.evaluation.point_spread_figure import PointSource
from mpipipe.evaluation.scene_figure import MarkedScene
from mpipipe.scenes.windows import window_corners
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_json, read_table
from mpipipe.studies import deblurring_figures as draw
from mpipipe.studies.deblurring_score_figures import snr_curves_figure, snr_map_figure, training_figure
from mpipipe.studies.deblurring_settings import deconvolution_table, training_table
from mpipipe.studies.deblurring_tables import network_gain_table, phantoms_table, train_vs_test_table
from mpipipe.studies.result import ResultFigure, ResultTable

SCENE_WORDS: dict[SceneName, str] = {
    "train": "drawn channels",
    "val": "drawn channels, validation",
    "retina": "retinal vessel tree",
}
SHOWN_TEST_SNR = 20.0
"""The paper shows collinear images at this SNR."""


class Recipe(PagesRecipe):
    """The study's section."""

    deblurring: DeblurringConfig


def run(recipe: Recipe, entries: Path) -> None:
    """Write each table as CSV and Markdown, each figure as PNG and SVG, and what the results page says of them."""
    provenance = provenance_of(recipe)
    write_pages(recipe, entries, _tables(recipe, provenance), _figures(recipe, provenance), provenance)


def _records(recipe: Recipe) -> pd.DataFrame:
    (path,) = inputs_in(recipe, "evaluate", "metrics")
    return read_table(path)


def _tables(recipe: Recipe, provenance: Provenance) -> Iterator[ResultTable]:
    config, records = recipe.deblurring, _records(recipe)
    trainings = _trainings(recipe)
    perceptual = "; ".join(dict.fromkeys(one["perceptual"] for one in trainings))
    yield train_vs_test_table(records, perceptual, provenance)
    yield network_gain_table(records, provenance)
    yield phantoms_table(records, config.shown_snr, _few(config.test_snr), provenance)
    yield deconvolution_table([read_json(path) for path in inputs_in(recipe, "baseline")], provenance)
    yield training_table(trainings, provenance)


def _figures(recipe: Recipe, provenance: Provenance) -> Iterator[ResultFigure]:
    config, records = recipe.deblurring, _records(recipe)
    (path,) = inputs_in(recipe, "reconstruct", "phantoms")
    arrays, described = read_arrays(path)
    (path,) = inputs_in(recipe, "scene", "phantoms")
    scanned, placed = read_arrays(path)
    extent = extent_of(placed["field_of_view_mm"])
    yield draw.model_and_scene_figure(
        _scene(recipe, "val"),
        _example(arrays, described["window_psnr_db"], extent),
        config.shown_snr,
        _blocks(config.training["Network"].network),
        provenance,
    )
    yield draw.scenes_figure([_scene(recipe, name) for name in _scenes(recipe)], provenance)
    source = PointSource(
        scanned["point_gridded"], scanned["point_theory"], extent, tuple(placed["point_pixel"])
    )
    yield draw.source_figure(source, provenance)
    shown = min(config.test_snr, key=lambda snr: abs(snr - SHOWN_TEST_SNR))
    yield draw.collinear_figure(arrays, described, shown, provenance)
    yield draw.reconstructions_figure(
        arrays,
        described,
        (*_few(config.test_snr), np.inf),
        provenance,
        train_snrs=_few(config.train_snr["Network"]),
    )
    yield draw.phantoms_figure(arrays, described, shown, config.shown_snr, provenance)
    yield snr_map_figure(records, provenance)
    yield snr_curves_figure(records, config.shown_snr, provenance)
    yield training_figure(_trainings(recipe), provenance)


def _blocks(network: DeblurrerConfig) -> int:
    return network.blocks if isinstance(network, ResNetConfig) else network.generator.blocks


def _few(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Return at most four of several levels: the lowest, the highest, and two evenly between."""
    ordered = sorted(levels)
    places = np.unique(np.linspace(0, len(ordered) - 1, min(4, len(ordered))).round().astype(int))
    return tuple(ordered[place] for place in places)


def _scenes(recipe: Recipe) -> list[SceneName]:
    there = {path.stem.removeprefix("scene-") for path in inputs_in(recipe, "scene", "scene-")}
    return [name for name in SCENE_WORDS if name in there and name != "val"]


def _scene(recipe: Recipe, name: SceneName) -> MarkedScene:
    """Return a coded scene with its first window."""
    (path,) = inputs_in(recipe, "scene", f"scene-{name}")
    arrays, described = read_arrays(path)
    (path,) = inputs_in(recipe, "scene", f"windows-{name}")
    placement = read_manifest(manifest_path(path)).description["first_placement"]
    window_mm = recipe.deblurring.acquisition.grid.field_of_view_mm[0]
    corners = window_corners(np.array([placement]), window_mm) / 10
    edge = described["size_mm"] / 10
    return MarkedScene(SCENE_WORDS[name], arrays["concentration"], extent_of((edge, edge)), [corners[0]])


def _example(arrays: dict[str, Any], psnr_db: float, extent: Extent) -> ModelExample:
    """Return the validation window as the network sees it."""
    inputs = (arrays["window_inputs"][0], arrays["window_inputs"][1])
    return ModelExample(inputs, arrays["window_estimate"], arrays["window_truth"], extent, psnr_db)


def _trainings(recipe: Recipe) -> list[dict[str, Any]]:
    """Return the first training of each network."""
    found = []
    for path in inputs_in(recipe, "train"):
        described = read_manifest(manifest_path(path)).description
        method = described["method"]
        found.append(
            {
                "method": method,
                "train_snr": described["train_snr"],
                "scene": SCENE_WORDS[LEARNED_FROM[method]],
                "perceptual": described["perceptual"],
                "card": described["card"],
            }
        )
    return found
