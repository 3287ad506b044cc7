"""A dot a method with its interval, and the paper's number as a circle in the same row."""

import pandas as pd
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.dot_chart import dot_chart
from tests.evaluation.legible import assert_legible


def frame(methods, paper=True):
    rows = [
        {
            "method": method,
            "mean": 10.0 + k,
            "ci95": 0.5 + k,
            "paper": 12.0 + k if paper and k else float("nan"),
        }
        for k, method in enumerate(methods)
    ]
    return pd.DataFrame(rows)


def dots(axes):
    return {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]), line.get_marker())
        for line in axes.lines
        if len(line.get_xdata()) == 1
    }


def test_panels_share_the_rows_of_their_methods(provenance):
    panels = {"one": frame(["Noisy", "N2N"]), "two": frame(["N2N", "R2R"])}
    figure = dot_chart(panels, "SNR (dB)", provenance)
    first, second = figure.axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["Noisy", "N2N", "R2R"]
    assert first.get_ylim()[0] > first.get_ylim()[1]  # the first method is on top
    assert {(x, y) for x, y, _ in dots(first)} >= {(10.0, 0.0), (11.0, 1.0), (13.0, 1.0)}
    assert {(x, y) for x, y, _ in dots(second)} >= {(10.0, 1.0), (11.0, 2.0), (13.0, 2.0)}
    (bar,) = [segment for one in first.collections[1:2] for segment in one.get_segments()]
    assert sorted(bar[:, 0]) == pytest.approx([11.0 - 1.5, 11.0 + 1.5])


def test_circles_are_named_where_there_are_any(provenance):
    for paper, names in (
        (True, ["ours, mean and 95 % interval", "paper"]),
        (False, ["ours, mean and 95 % interval"]),
    ):
        figure = dot_chart({"one": frame(["Noisy", "N2N"], paper)}, "SNR (dB)", provenance)
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == names


@pytest.mark.parametrize("panels", [1, 3])
def test_all_that_is_written_can_be_read(provenance, panels):
    methods = ["Noisy", "Wiener (subspace)", "Proposed (no smoothness)", "Proposed (no symmetry)"]
    titles = ["Gaussian noise", "Gaussian noise\nand interference", "System matrix"][:panels]
    one = frame(methods).assign(ci95=float("nan"))
    figure = dot_chart(dict.fromkeys(titles, one), "SNR (dB)", provenance)
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    for message, panels in {
        "panels: found none": {},
        "panels: one: found no column 'paper'": {"one": frame(["N2N"]).drop(columns="paper")},
        "panels: one: found 2 rows, expected one a method": {"one": frame(["N2N", "N2N"])},
    }.items():
        with pytest.raises(InputError, match=message):
            dot_chart(panels, "SNR (dB)", provenance)
