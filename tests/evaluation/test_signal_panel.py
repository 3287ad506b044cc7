"""Signals in rows with images: shared scales, and errors that are cut rather than squeezed."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.signal_panel import SignalRow, signal_panel
from tests.evaluation.legible import assert_legible

TIME_US = np.arange(50) / 2.475
EXTENT = (-50.5, 50.5, -50.5, 50.5)
CLEAN = np.sin(TIME_US)
IMAGE = np.outer(np.hanning(12), np.hanning(12))


def one(method, error, image_error=0.0, **scores):
    return SignalRow(method, CLEAN + error, IMAGE + image_error, **scores)


def test_rows_share_scales_that_suit_most_of_them(provenance):
    rows = [one("Noisy", 3.0), one("N2N", 0.2), one("Proposed", -0.1)]
    figure = signal_panel(one("Noise-free", 0.0), rows, TIME_US, EXTENT, provenance)
    signals = [axes for axes in figure.axes if axes.lines]
    over, errors = [signals[0], *signals[1::2]], signals[2::2]
    for axes in over:
        assert axes.get_ylim() == pytest.approx((-1.3 * abs(CLEAN).max(), 1.3 * abs(CLEAN).max()))
    for axes in errors:
        assert axes.get_ylim() == pytest.approx((-0.4, 0.4))  # twice the median of 3, 0.2 and 0.1
    assert {axes.get_xlim() for axes in signals} == {(TIME_US[0], TIME_US[-1])}


@pytest.mark.parametrize("count", [1, 8])
def test_all_that_is_written_can_be_read(provenance, count):
    methods = [
        "Noisy",
        "N2N",
        "R2R",
        "Proposed",
        "Wavelets",
        "Wiener (folded)",
        "Proposed (no smoothness)",
        "TV",
    ]
    rows = [
        one(method, 300.0 * np.cos(k * TIME_US), 0.1, snr_db=-12.3, psnr_db=-10.5)
        for k, method in enumerate(methods[:count])
    ]
    truth = SignalRow("Noise-free", 500 * CLEAN, IMAGE)
    figure = signal_panel(truth, rows, TIME_US, EXTENT, provenance)
    assert figure.get_figwidth() < 9.2
    assert provenance.line in [text.get_text() for text in figure.texts]
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    truth = one("Noise-free", 0.0)
    dark = SignalRow("Noise-free", CLEAN, 0 * IMAGE)
    short = SignalRow("N2N", CLEAN[:-1], IMAGE)
    for message, (first, rows) in {
        "rows: found none": (truth, []),
        "truth: found an image with the maximum 0": (dark, [one("N2N", 0.0)]),
        r"rows: N2N: found shapes \(49,\)": (truth, [short]),
    }.items():
        with pytest.raises(InputError, match=message):
            signal_panel(first, rows, TIME_US, EXTENT, provenance)
