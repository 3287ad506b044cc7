"""Components before and after a restoration: what is drawn, and that all of it can be read."""

import numpy as np
import pytest

from mpipipe.evaluation.before_after import GAIN, BeforeAfter, before_after
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.complex_colour import complex_colours
from tests.training.networks import noise

PROVENANCE = Provenance(scale="smoke", digest="0" * 16, seed=1)


@pytest.mark.parametrize("factor", [1, 2])
def test_each_row_shows_measured_restored_and_the_difference(factor):
    restored = noise((8, 6))
    measured = restored[::factor, ::factor] + 0.1 * noise(restored[::factor, ::factor].shape, seed=1)
    difference = restored[::factor, ::factor] - measured
    row = BeforeAfter(measured, restored, difference, "x coil\n1.0 kHz")
    figure = before_after([row], "DCT-F", factor, (0.0, 8.0, 0.0, 6.0), "A sentence. " * 30, PROVENANCE)
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images and axes.get_xlim()[0] > -1.5]
    peak = np.abs(measured).max()
    spread = np.ones((factor, factor))
    for shown, expected in zip(
        images, (np.kron(measured, spread), restored, GAIN * np.kron(difference, spread)), strict=True
    ):
        np.testing.assert_allclose(shown, np.swapaxes(complex_colours(expected / peak), 0, 1), atol=1e-5)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["Measured", "DCT-F", f"Difference × {GAIN}"]
    (caption,) = [text for text in figure.texts if text.get_text().startswith("A sentence.")]
    figure.draw_without_rendering()
    box = caption.get_window_extent()
    assert box.y1 <= figure.bbox.y0 + 1 and box.x1 <= figure.bbox.x1
    assert any(text.get_text() == PROVENANCE.line for text in figure.texts)
