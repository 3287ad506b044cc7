"""Held-out losses by step, with a mark at the lowest of each."""

import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.held_out_curve import held_out_curve
from tests.evaluation.legible import assert_legible


def history(losses):
    steps = [{"step": 100 * (k + 1), "held_out_loss": loss} for k, loss in enumerate(losses)]
    return [{"step": 50, "loss": 9.0}, *steps]


def test_losses_are_marked_where_they_are_lowest(provenance):
    figure = held_out_curve({"one": {"N2N": history([5.0, 0.4, 0.3, 0.35])}}, provenance)
    curve, mark = figure.axes[0].lines
    assert list(curve.get_xdata()) == [100, 200, 300, 400]
    assert list(curve.get_ydata()) == [5.0, 0.4, 0.3, 0.35]
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([300], [0.3])
    # The median lies 0.075 above the lowest, so the scale ends 0.3 above it and the first loss is cut.
    assert figure.axes[0].get_ylim() == pytest.approx((0.285, 0.6))


@pytest.mark.parametrize("losses", [[0.3], [0.3, 0.3], [0.6, 0.4, 0.3, 0.31]])
def test_all_that_is_written_can_be_read(provenance, losses):
    methods = ("N2N", "Proposed (no smoothness)")
    titles = ("Gaussian noise", "Gaussian noise\nand interference", "System matrix")
    figure = held_out_curve({title: dict.fromkeys(methods, history(losses)) for title in titles}, provenance)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(methods)
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    for message, panels in {
        "panels: found none": {"one": {}},
        "panels: one: N2N: found no entry with held_out_loss": {"one": {"N2N": [{"step": 1, "loss": 1.0}]}},
    }.items():
        with pytest.raises(InputError, match=message):
            held_out_curve(panels, provenance)
