"""Learning curves: coloured by what is varied, training solid and validation dashed, and errors at the end beside them."""

import math

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.error_curves import ErrorLine, ErrorPanel
from mpipipe.evaluation.figures import method_style
from mpipipe.evaluation.learning_curves import FinalPanel, Learning, LearningPanel, learning_curves
from tests.evaluation.legible import assert_legible

EPOCH = np.arange(1, 31)


def learning(value, rate=0.3):
    train = 0.2 * np.exp(-rate * EPOCH)
    return Learning(value, EPOCH, train, 1.5 * train)


def panel(title, values=(700.0, 30000.0), printed=None):
    return LearningPanel(title, [learning(value) for value in values], printed)


def final():
    line = ErrorLine("SGD, test", (110, 200), (1e-2, 1e-4), (math.nan, 1e-5), method_style("Multi-layer"))
    return FinalPanel(ErrorPanel("At the end", [line]), "hidden units", {"121: jump": 121, "129 voxels": 129})


def test_errors_stand_at_their_epochs_in_the_colour_of_their_value(provenance):
    figure = learning_curves([panel("SGD"), panel("Adam", (30000.0,), 1e-5)], "scenes", provenance)
    first, second = figure.axes
    train, validation, other, _ = first.lines
    np.testing.assert_array_equal(train.get_xdata(), EPOCH)
    np.testing.assert_array_equal(train.get_ydata(), learning(1).train)
    np.testing.assert_array_equal(validation.get_ydata(), learning(1).validation)
    assert train.get_color() == validation.get_color() != other.get_color() == second.lines[0].get_color()
    assert (train.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert list(second.lines[-1].get_ydata()) == [1e-5, 1e-5] and len(first.lines) == 4
    legend = figure.legends[0]
    assert legend.get_title().get_text() == "scenes"
    assert [text.get_text() for text in legend.get_texts()] == [
        "700", "30000", "training", "validation", "paper, training, at the end",
    ]  # fmt: skip


def test_a_training_of_one_epoch_is_a_mark(provenance):
    one = Learning(1.0, EPOCH[:1], np.array([0.2]), np.array([0.3]))
    (axes,) = learning_curves([LearningPanel("SGD", [one])], "scenes", provenance).axes
    assert [line.get_marker() for line in axes.lines] == [".", "."]


def test_the_last_panel_holds_errors_at_the_end_and_marks(provenance):
    figure = learning_curves([panel("SGD")], "hidden units", provenance, final=final())
    axes = figure.axes[-1]
    assert axes.get_xlabel() == "hidden units" and axes.get_title(loc="left") == "At the end"
    (bars,) = axes.containers
    np.testing.assert_allclose(bars.lines[0].get_xydata(), [(110, 1e-2), (200, 1e-4)])
    vertical = {line.get_xdata()[0] for line in axes.lines if list(line.get_ydata()) == [0, 1]}
    assert vertical == {121, 129}
    assert figure.legends[0].get_texts()[-1].get_text() == "SGD, test"


@pytest.mark.parametrize(("count", "values"), [(1, 1), (2, 16), (4, 7)])
def test_all_that_is_written_can_be_read(provenance, count, values):
    panels = [
        panel(f"Multi-layer, 200 units,\nAdam {k}", tuple(range(1, values + 1)), 1e-6) for k in range(count)
    ]
    last = final() if count < 4 else None
    assert_legible(learning_curves(panels, "core diameter / nm", provenance, final=last))


def test_mistakes_are_one_clear_line(provenance):
    with pytest.raises(InputError, match="panels: found none"):
        learning_curves([LearningPanel("SGD", [])], "scenes", provenance)
    short = Learning(700.0, EPOCH, learning(1).train[:-1], learning(1).validation)
    with pytest.raises(InputError, match=r"panels: SGD: 700: found shapes \(30,\), \(29,\) and \(30,\)"):
        learning_curves([LearningPanel("SGD", [short])], "scenes", provenance)
