"""Denoised signals in rows: a stretch over the noise-free one, its error, and the image and its error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent, check_extent
from mpipipe.evaluation.figures import GREY, method_style, style, wrapped
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_axes, place_text
from mpipipe.evaluation.placed_image import DIFFERENCE_COLOURS, Image, Scale, place_image, place_scale
from mpipipe.evaluation.tables import format_number

# In inches.
LEFT, SIGNAL, ERROR, IMAGE, RIGHT = 1.1, 2.5, 1.9, 0.95, 0.2
SIGNAL_GAP, IMAGE_GAP = 0.5, 0.3
TOP, SCORE, ROW_GAP, TICKS, BAR, BAR_LABELS = 0.3, 0.13, 0.07, 0.4, 0.09, 0.36
ERROR_PEAK = 0.2
"""End of the scale of an image's error, over the maximum of the noise-free image."""


@dataclass(frozen=True)
class SignalRow:
    """One signal and the image from it.

    Attributes
    ----------
    method : str
        What made it, which decides the colour; of the noise-free row its label.
    signal : (time,) ndarray of float
        Stretch of the signal.
    image : (x, y) ndarray of float
        Image from the whole signal.
    snr_db, psnr_db : float, optional
        Scores of the whole signal and of the image, in dB.
    """

    method: str
    signal: npt.NDArray[np.floating[Any]]
    image: Image
    snr_db: float | None = None
    psnr_db: float | None = None


def signal_panel(
    truth: SignalRow,
    rows: Sequence[SignalRow],
    time_us: npt.NDArray[np.floating[Any]],
    extent_mm: Extent,
    provenance: Provenance,
    *,
    unit: str = "m²/s",
) -> Figure:
    r"""Draw signals and images, the noise-free ones first.

    Errors of signals share a scale that ends at twice the median over the rows of the largest \|error\|, those of images one
    that ends at `ERROR_PEAK`; what lies beyond is cut. Images are divided by the maximum of the noise-free one.

    Parameters
    ----------
    truth : SignalRow
        Noise-free signal and image.
    rows : sequence of SignalRow
        Noisy and denoised ones, from the top down.
    time_us : (time,) ndarray of float
        Time of the samples of the stretch, in μs.
    extent_mm : tuple of float
        Edges of the images: lower and upper along x and y.
    provenance : Provenance
        Run, for the footer.
    unit : str
        Unit of the signals.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no row, a shape does not fit the noise-free one's, or the noise-free image has no positive value.
    """
    _check(truth, rows, time_us, extent_mm)
    height = IMAGE * (extent_mm[3] - extent_mm[2]) / (extent_mm[1] - extent_mm[0])
    step = height + SCORE + ROW_GAP
    bottoms = [FOOTER + BAR_LABELS + BAR + TICKS + number * step for number in reversed(range(len(rows) + 1))]
    peak = float(truth.image.max())
    scales = (
        Scale("relative image", 0, 1),
        Scale("relative error", -ERROR_PEAK, ERROR_PEAK, DIFFERENCE_COLOURS),
    )
    limits = _limits(truth, rows)
    with style():
        figure = inch_figure(_lefts()[3] + IMAGE + RIGHT, bottoms[0] + height + TOP, provenance)
        for row, bottom in zip([truth, *rows], bottoms, strict=True):
            known = None if row is truth else truth
            last = bottom == bottoms[-1]
            _draw_signals(figure, row, known, time_us, (bottom, height), limits, last=last)
            _draw_images(figure, row, known, peak, extent_mm, (bottom, height), scales, last=last)
            place_text(
                figure,
                *(0.08, bottom + height / 2),
                wrapped(row.method),
                va="center",
                fontsize=7.5,
            )
        _write_heads(figure, bottoms[0] + height, unit)
        for left, scale in zip(_lefts()[2:], scales, strict=True):
            place_scale(figure, (left, FOOTER + BAR_LABELS, IMAGE, BAR), scale, flat=True)
    return figure


def _check(truth: SignalRow, rows: Sequence[SignalRow], time_us: npt.NDArray[Any], extent_mm: Extent) -> None:
    if not rows:
        raise InputError("rows: found none, expected at least one signal")
    check_extent("rows", extent_mm, truth.image.ndim)
    if not truth.image.max() > 0:
        raise InputError(
            f"truth: found an image with the maximum {truth.image.max():g}, expected a positive one"
        )
    for row in (truth, *rows):
        if row.signal.shape != time_us.shape or row.image.shape != truth.image.shape:
            raise InputError(
                f"rows: {row.method}: found shapes {row.signal.shape} and {row.image.shape}, expected {time_us.shape} samples "
                f"and an image of {truth.image.shape}"
            )


def _lefts() -> list[float]:
    """Return the left edges of the four columns."""
    edges = [LEFT]
    for width, gap in ((SIGNAL, SIGNAL_GAP), (ERROR, SIGNAL_GAP + 0.05), (IMAGE, IMAGE_GAP)):
        edges.append(edges[-1] + width + gap)
    return edges


def _limits(truth: SignalRow, rows: Sequence[SignalRow]) -> tuple[float, float]:
    """Return the ends of the scales of signals and of their errors."""
    largest = [float(np.abs(row.signal - truth.signal).max()) for row in rows]
    return 1.3 * float(np.abs(truth.signal).max()) or 1.0, 2.0 * float(np.median(largest)) or 1.0


def _draw_signals(
    figure: Figure,
    row: SignalRow,
    truth: SignalRow | None,
    time_us: npt.NDArray[np.floating[Any]],
    place: tuple[float, float],
    limits: tuple[float, float],
    *,
    last: bool,
) -> None:
    colour, (bottom, height), lefts = method_style(row.method).colour, place, _lefts()
    axes = place_axes(figure, lefts[0], bottom, SIGNAL, height)
    if truth is None:
        axes.plot(time_us, row.signal, color=GREY, linewidth=1.4)
    else:
        axes.plot(time_us, truth.signal, color=GREY, linewidth=1.8, alpha=0.6)
        axes.plot(time_us, row.signal, color=colour, linewidth=0.7)
    _finish(axes, time_us, limits[0], last=last)
    if truth is None:
        return
    axes = place_axes(figure, lefts[1], bottom, ERROR, height)
    axes.plot(time_us, row.signal - truth.signal, color=colour, linewidth=0.7)
    _finish(axes, time_us, limits[1], last=last)
    if row.snr_db is not None:
        right = lefts[1] + ERROR
        place_text(
            figure,
            right,
            bottom + height + 0.025,
            f"SNR {format_number(row.snr_db, '.1f')} dB",
            fontsize=6.5,
            ha="right",
        )


def _finish(axes: Axes, time_us: npt.NDArray[np.floating[Any]], limit: float, *, last: bool) -> None:
    axes.axhline(0.0, color="#bbbbbb", linewidth=0.5, zorder=0)
    axes.set(xlim=(float(time_us[0]), float(time_us[-1])), ylim=(-limit, limit))
    axes.tick_params(length=2, labelbottom=last)
    axes.locator_params(axis="y", nbins=5)
    axes.locator_params(axis="x", nbins=5)
    if last:
        axes.set_xlabel("time / μs", labelpad=2)


def _draw_images(
    figure: Figure,
    row: SignalRow,
    truth: SignalRow | None,
    peak: float,
    extent_mm: Extent,
    place: tuple[float, float],
    scales: tuple[Scale, Scale],
    *,
    last: bool,
) -> None:
    (bottom, height), (left, right) = place, _lefts()[2:]
    spot = (left, bottom, IMAGE, height)
    place_image(figure, spot, row.image / peak, extent_mm, scales[0], left=True, bottom=last)
    if truth is None:
        return
    error = (row.image - truth.image) / peak
    place_image(figure, (right, bottom, IMAGE, height), error, extent_mm, scales[1], bottom=last)
    if row.psnr_db is not None:
        text = f"PSNR {format_number(row.psnr_db, '.1f')} dB"
        place_text(figure, right + IMAGE, bottom + height + 0.025, text, fontsize=6.5, ha="right")


def _write_heads(figure: Figure, top: float, unit: str) -> None:
    heads = (f"signal in {unit} (grey: noise-free)", f"error in {unit}", "image", "its error")
    for left, width, head in zip(_lefts(), (SIGNAL, ERROR, IMAGE, IMAGE), heads, strict=True):
        place_text(figure, left + width / 2, top + 0.08, head, fontsize=8, ha="center", va="bottom")
