"""Signals of neighbours over their maxima, and widths beside those that are stated."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.neighbour_figure import NeighbourSignals, neighbour_figure
from tests.evaluation.legible import assert_legible

POSITION = np.linspace(-1, 1, 81)


def neighbours(signals=None, fwhm=(2.0, 0.5, 0.25)):
    known = {d: d * np.exp(-((POSITION * d / 20) ** 2)) for d in (50.0, 30.0)} if signals is None else signals
    return NeighbourSignals(POSITION, (-0.125, 0.125), known, np.array([20.0, 35.0, 50.0]), np.array(fwhm))


def test_signals_are_over_their_maxima_from_the_smallest_diameter(provenance):
    left, right = neighbour_figure(neighbours(), {50.0: 0.25}, provenance, voxel_mm=0.25).axes
    for line, diameter in zip(left.lines[:2], (30.0, 50.0), strict=True):
        np.testing.assert_allclose(line.get_ydata(), np.exp(-((POSITION * diameter / 20) ** 2)))
    assert [line.get_xdata()[0] for line in left.lines[2:]] == [-0.125, 0.125]
    np.testing.assert_allclose(right.lines[0].get_xydata(), [(20, 2), (35, 0.5), (50, 0.25)])
    np.testing.assert_allclose(right.lines[1].get_xydata(), [(50, 0.25)])
    assert list(right.lines[2].get_ydata()) == [0.25, 0.25]
    ticks = [text.get_text() for text in right.get_yticklabels()]
    assert ticks == ["0.25", "0.5", "1", "2"] and right.get_yscale() == "log"


def test_all_that_is_written_can_be_read(provenance):
    assert_legible(neighbour_figure(neighbours(), {30.0: 1.0, 50.0: 0.25}, provenance, voxel_mm=0.25))
    figure = neighbour_figure(neighbours({40.0: np.ones(81)}), {}, provenance)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "signal, 40 nm", "particles", "width by the formula",
    ]  # fmt: skip
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    for message, given in {
        "signals: found none": neighbours({}),
        r"signals: 40 nm: found shape \(3,\), expected \(81,\) with a positive": neighbours(
            {40.0: np.ones(3)}
        ),
        r"signals: 40 nm: found shape \(81,\)": neighbours({40.0: -np.ones(81)}),
        r"fwhm_mm: found shape \(2,\), expected \(3,\)": neighbours(fwhm=(2.0, 0.5)),
    }.items():
        with pytest.raises(InputError, match=message):
            neighbour_figure(given, {}, provenance)
