"""Gains by physics: places, intervals and order."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.figures import method_style
from mpipipe.evaluation.robustness_figure import robustness_figure
from tests.evaluation.drawings import gains

LABEL = "PSNR gain over the noisy input (dB)"


def points(figure):
    """Places and values by method."""
    found = {}
    for container in figure.axes[0].containers:
        line = container.lines[0]
        found[container.get_label()] = (line.get_xdata(), line.get_ydata(), line)
    return found


def test_points_stand_in_the_group_of_their_condition(provenance):
    figure = robustness_figure(gains(), provenance, label=LABEL)
    found = points(figure)
    assert list(found) == ["DnCNN", "DnCNN (phase-aligned)"]  # as in METHODS
    for place, _, line in found.values():
        np.testing.assert_array_equal(np.round(place), [0, 1, 2])
        assert line.get_linestyle() == "None"
    assert np.all(found["DnCNN"][0] < found["DnCNN (phase-aligned)"][0])
    np.testing.assert_array_equal(found["DnCNN"][1], [6, 5, 4])
    np.testing.assert_array_equal(found["DnCNN (phase-aligned)"][1], [5, 4, 3])
    assert found["DnCNN (phase-aligned)"][2].get_markerfacecolor() == "white"
    assert found["DnCNN"][2].get_markerfacecolor() == method_style("DnCNN").colour
    axes = figure.axes[0]
    assert axes.get_ylabel() == LABEL
    assert [text.get_text().replace("\n", " ") for text in axes.get_xticklabels()] == [
        "as trained",
        "field-dependent relaxation 1 µs",
        "receive chain",
    ]


def test_bars_are_the_intervals_and_missing_ones_have_none(provenance):
    frame = gains()
    frame.loc[frame["condition"] == "as trained", "ci95"] = np.nan
    axes = robustness_figure(frame, provenance, label=LABEL).axes[0]
    bars = axes.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([np.ptp(bar[:, 1]) for bar in bars], [0, 1, 1])


def test_conditions_in_the_order_that_is_asked_for(provenance):
    order = ["receive chain", "as trained", "field-dependent relaxation 1 µs"]
    found = points(robustness_figure(gains(), provenance, label=LABEL, conditions=order))
    np.testing.assert_array_equal(np.round(found["DnCNN"][0]), [1, 2, 0])


def test_mistakes_are_one_clear_line(provenance):
    frame = gains()
    for message, wrong, order in (
        ("summary: found no column 'ci95'", frame.drop(columns="ci95"), None),
        ("summary: found no row", frame.head(0), None),
        ("summary: found 'DnCNN' under 'as trained' twice", frame.loc[[3, 3]], None),
        ("condition: found 'as trained', expected one of receive chain", frame, ["receive chain"]),
    ):
        with pytest.raises(InputError, match=message):
            robustness_figure(wrong, provenance, label=LABEL, conditions=order)
