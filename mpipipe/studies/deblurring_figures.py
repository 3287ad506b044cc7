"""The deblurring study's figures of images, pure functions of arrays (Ergun 2022, figures 1 to 3)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.cell_table import Row
from mpipipe.evaluation.component_axes import extent_of
from mpipipe.evaluation.figures import wrapped
from mpipipe.evaluation.image_grid import GridRow, image_grid
from mpipipe.evaluation.model_figure import ModelExample, model_figure
from mpipipe.evaluation.placed_image import COLLINEAR_COLOURS, Image, Scale
from mpipipe.evaluation.point_spread_figure import PointSource, point_spread_figure
from mpipipe.evaluation.scaled_grid import Column, scaled_grid
from mpipipe.evaluation.scene_figure import MarkedScene, scene_figure
from mpipipe.evaluation.snr_looks import snr_text, snr_value
from mpipipe.evaluation.vocabulary import METHODS
from mpipipe.studies.deblurring_tables import (
    LAMBDA,
    NETWORK,
    PHANTOMS,
    SNR,
    TUNED,
)
from mpipipe.studies.result import ResultFigure

Arrays = Mapping[str, npt.NDArray[Any]]
Described = Mapping[str, Any]

CONCENTRATION = "relative to the scene's unit"
MODEL = "residual\nnetwork,\n{} blocks"


def model_and_scene_figure(
    scene: MarkedScene, example: ModelExample, test_snr: float, blocks: int, provenance: Provenance
) -> ResultFigure:
    """Return the figure ``scene_and_model``: scene and model (Ergun 2022, figure 1).

    Parameters
    ----------
    scene : MarkedScene
        Coded scene with one window.
    example : ModelExample
        That window.
    test_snr : float
        SNR of its images.
    blocks : int
        Residual blocks of the network.
    provenance : Provenance
        Run.
    """
    figure = model_figure(
        scene, example, _concentration([scene.concentration]), MODEL.format(blocks), provenance
    )
    text = (
        "(a) A coded calibration scene; the red square is one window, the field of view that is measured at once, and training "
        "rotates and slides the scene. (b) That window, turned into its own axes: the two collinear images, gridded from signals "
        f"at an SNR of {snr_text(test_snr)} and divided by the maximum of their mean, go through the network, whose output is "
        f"scaled back and clipped at 0; below it the true particle distribution. The number is PSNR. {SNR}"
    )
    return ResultFigure("scene_and_model", "Coded scene and model", figure, figure_caption(text, provenance))


def scenes_figure(scenes: Sequence[MarkedScene], provenance: Provenance) -> ResultFigure:
    """Return the figure ``scenes``: the coded scenes side by side, with a window in each."""
    figure = scene_figure(scenes, _concentration([scene.concentration for scene in scenes]), provenance)
    text = (
        "Coded calibration scenes on one scale. Red squares are windows, fields of view that are measured at once; training "
        "rotates and slides the scene. " + " ".join(_extent_sentence(scene) for scene in scenes)
    )
    return ResultFigure("scenes", "Coded scenes", figure, figure_caption(text, provenance))


def collinear_figure(
    arrays: Arrays, described: Described, test_snr: float, provenance: Provenance
) -> ResultFigure:
    """Return the figure ``collinear_images``: phantoms and their gridded images, with and without noise (Ergun 2022, figure 2).

    Parameters
    ----------
    arrays : mapping of ndarray
        ``truth`` ``(phantom, x, y)`` and ``collinear`` ``(phantom, level, partition, x, y)`` in m.
    described : mapping
        ``phantoms``, ``test_snr`` (null or ``inf`` without noise) and ``field_of_view_mm``.
    test_snr : float
        SNR of the noisy images.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When the images were not made at this SNR or not without noise.
    """
    noisy, clean = _level(described, test_snr), _level(described, np.inf)
    columns = [Column("phantom", "truth")] + [
        Column(f"{angle}°, {text}", "collinear")
        for text in (f"SNR {snr_text(test_snr)}", "noise-free")
        for angle in (45, 135)
    ]
    millimetres = 1e3 * arrays["collinear"]
    rows: dict[str, list[Image]] = {
        _spoken(name): [
            arrays["truth"][number],
            *(millimetres[number, level, partition] for level in (noisy, clean) for partition in (0, 1)),
        ]
        for number, name in enumerate(described["phantoms"])
    }
    scales = {
        "truth": _concentration([arrays["truth"]]),
        "collinear": Scale("collinear image / mm", 0, float(millimetres[:, clean].max()), COLLINEAR_COLOURS),
    }
    figure = scaled_grid(columns, rows, scales, extent_of(described["field_of_view_mm"]), provenance)
    text = (
        "Phantoms and their gridded collinear images from the 45° and the 135° partition of the Lissajous trajectory, with "
        f"noise at an SNR of {snr_text(test_snr)} and without. All collinear images share one scale, which ends at the largest "
        f"noise-free value. {SNR}"
    )
    return ResultFigure("collinear_images", "Collinear images", figure, figure_caption(text, provenance))


def reconstructions_figure(
    arrays: Arrays,
    described: Described,
    test_snrs: Sequence[float],
    provenance: Provenance,
    *,
    train_snrs: Sequence[float] | None = None,
) -> ResultFigure:
    """Return the figure ``reconstructions``: the λ phantom by each method at several test SNRs (Ergun 2022, figure 3).

    Parameters
    ----------
    arrays : mapping of ndarray
        ``truth`` ``(phantom, x, y)`` and ``images`` ``(method, phantom, level, x, y)``.
    described : mapping
        ``methods`` (pairs of method and training SNR, null for classical ones), ``phantoms``, ``test_snr``, ``psnr_db`` by
        method, phantom and level, and ``field_of_view_mm``.
    test_snrs : sequence of float
        Columns, test SNRs.
    provenance : Provenance
        Run.
    train_snrs : sequence of float, optional
        Training SNRs of `NETWORK` that are shown; all by default.
    """
    phantom = list(described["phantoms"]).index(LAMBDA)
    truth, rows = arrays["truth"][phantom], []
    for row in _rows(described, train_snrs):
        place, levels = _place(described, row), [_level(described, snr) for snr in test_snrs]
        images = [truth, *(arrays["images"][place, phantom, level] for level in levels)]
        scores = [f"{described['psnr_db'][place][phantom][level]:.1f} dB" for level in levels]
        rows.append(GridRow(row_label(row), images, ["", *scores]))
    titles = ["Truth", *(_test_title(snr) for snr in test_snrs)]
    extent = extent_of(described["field_of_view_mm"])
    figure = image_grid(titles, rows, extent, provenance, unit=CONCENTRATION, peak=float(truth.max()))
    text = (
        "The λ phantom by classical methods and by networks that were trained at different SNRs (rows), at several test SNRs "
        f"(columns): the first repetition of the noise. The numbers are PSNR. {TUNED}. {SNR}"
    )
    return ResultFigure(
        "reconstructions",
        "λ phantom: training SNR against test SNR",
        figure,
        figure_caption(text, provenance),
    )


def phantoms_figure(
    arrays: Arrays, described: Described, test_snr: float, train_snr: float, provenance: Provenance
) -> ResultFigure:
    """Return the figure ``phantoms``: every phantom by each method at one test SNR, with errors below.

    Parameters
    ----------
    arrays, described : mapping
        As in `reconstructions_figure`.
    test_snr : float
        SNR of the images.
    train_snr : float
        Training SNR of `NETWORK` that is shown.
    provenance : Provenance
        Run.
    """
    level, methods = _level(described, test_snr), _rows(described, [train_snr])
    places = [_place(described, row) for row in methods]
    rows = [
        GridRow(
            _spoken(name),
            [arrays["truth"][number], *(arrays["images"][place, number, level] for place in places)],
            ["", *(f"{described['psnr_db'][place][number][level]:.1f} dB" for place in places)],
        )
        for number, name in enumerate(described["phantoms"])
    ]
    titles = ["Truth", *(wrapped(row[0]) + (f"\nSNR {row[1]:g}" if row[1] else "") for row in methods)]
    peak = float(arrays["truth"].max())
    figure = image_grid(
        titles,
        rows,
        extent_of(described["field_of_view_mm"]),
        provenance,
        unit=CONCENTRATION,
        peak=peak,
        error_peak=peak / 2,
    )
    text = (
        f"Phantoms at a test SNR of {snr_text(test_snr)}: truth, and the image and its error by each method; networks with "
        "their training SNR. The numbers are PSNR. The scale of the errors ends at half of the largest concentration. "
        f"{TUNED}. {SNR}"
    )
    return ResultFigure("phantoms", "Phantoms by each method", figure, figure_caption(text, provenance))


def source_figure(source: PointSource, provenance: Provenance) -> ResultFigure:
    """Return the figure ``point_spread``: a gridded point source against the theoretical point spread."""
    figure = point_spread_figure(source, provenance)
    grid = " × ".join(map(str, source.theory.shape[1:]))
    text = (
        "A point source without noise: collinear images of both partitions as gridded, the theoretical point spread in the "
        f"direction of motion, and their difference, on {grid} pixels; right, profiles along x through the source. In the "
        "central half of the field of view along each axis the largest difference is "
        f"{source.inner_difference_percent:.2g} % of the peak, over the whole field "
        f"{float(np.abs(source.difference_percent).max()):.2g} %."
    )
    return ResultFigure(
        "point_spread", "Point spread: gridded and theory", figure, figure_caption(text, provenance)
    )


def row_label(row: Row) -> str:
    """Return what stands beside a row: the method, or what a network was trained at."""
    method, snr = row
    if snr is None:
        return method
    variant = method.removeprefix(f"{NETWORK} (").removesuffix(")").lower()
    return f"{variant},\nSNR {snr:g}"


def _concentration(images: Sequence[Image]) -> Scale:
    return Scale("concentration", 0, max(float(image.max()) for image in images))


def _extent_sentence(scene: MarkedScene) -> str:
    edges = (scene.extent_cm[1] - scene.extent_cm[0], scene.extent_cm[3] - scene.extent_cm[2])
    grid = " × ".join(map(str, scene.concentration.shape))
    return f"{scene.title}: {edges[0]:.3g} × {edges[1]:.3g} cm², {grid} pixels."


def _level(described: Described, snr: float) -> int:
    levels = [snr_value(one) for one in described["test_snr"]]
    if snr not in levels:
        raise InputError(f"test_snr: found {levels}, expected {snr:g} among them")
    return levels.index(snr)


def _rows(described: Described, train_snrs: Sequence[float] | None) -> list[Row]:
    """Return methods in order, of `NETWORK` those with the training SNRs that are asked for."""
    rows: list[Row] = [(method, None if snr is None else float(snr)) for method, snr in described["methods"]]
    chosen = [row for row in rows if row[0] != NETWORK or train_snrs is None or row[1] in train_snrs]
    return sorted(chosen, key=lambda row: (METHODS.index(row[0]), row[1] or 0.0))


def _place(described: Described, row: Row) -> int:
    return [(method, snr) for method, snr in described["methods"]].index(row)


def _test_title(snr: float) -> str:
    return snr_text(snr) if np.isinf(snr) else f"test SNR {snr:g}"


def _spoken(name: str) -> str:
    return f"{PHANTOMS.get(name, name)} phantom"
