"""Errors on a logarithmic axis: means, intervals that stay above zero, and marks without a line."""

import math

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.error_curves import ErrorLine, ErrorPanel, error_curves
from mpipipe.evaluation.figures import MethodStyle, method_style
from tests.evaluation.legible import assert_legible

SOLID, MARKS = method_style("Multi-layer"), MethodStyle("#000000", "s", "")


def panel(title="one", look=SOLID, ci95=(1e-3, 1.0, math.nan)):
    return ErrorPanel(title, [ErrorLine("network", (20, 30, 40), (1e-2, 1e-3, 1e-4), ci95, look)])


def test_points_are_means_and_intervals_end_above_zero(provenance):
    (axes,) = error_curves([panel()], "core diameter / nm", provenance).axes
    (bars,) = axes.containers
    np.testing.assert_allclose(bars.lines[0].get_xydata(), [(20, 1e-2), (30, 1e-3), (40, 1e-4)])
    ends = [segment[:, 1] for segment in bars.lines[2][0].get_segments()]
    np.testing.assert_allclose(ends, [(9e-3, 1.1e-2), (1e-5, 1.001), (1e-4, 1e-4)])
    assert axes.get_yscale() == "log" and axes.get_xlabel() == "core diameter / nm"
    assert axes.get_ylabel() == "MSE"


def test_a_look_without_a_dash_is_open_marks_only(provenance):
    (axes,) = error_curves([panel(look=MARKS)], "hidden units", provenance).axes
    (line,) = axes.lines
    assert line.get_linestyle() == "None" and line.get_markerfacecolor() == "none" and not axes.containers


def test_a_name_of_several_panels_stands_once_in_the_legend(provenance):
    figure = error_curves([panel("one"), panel("two")], "core diameter / nm", provenance)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["network"]
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_all_that_is_written_can_be_read(provenance, count):
    titles = [f"SNR {10 * k} dB" for k in range(count)]
    figure = error_curves([panel(title) for title in titles], "core diameter / nm", provenance)
    assert [axes.get_title(loc="left") for axes in figure.axes] == titles
    assert figure.get_figwidth() <= 8.5 + 1e-9
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    with pytest.raises(InputError, match="panels: found none"):
        error_curves([], "x", provenance)
    with pytest.raises(InputError, match="panels: found none or one without lines"):
        error_curves([ErrorPanel("one", [])], "x", provenance)
    with pytest.raises(InputError, match="panels: one: network: found 3 places, 3 means and 1 intervals"):
        error_curves([panel(ci95=(0.1,))], "x", provenance)
