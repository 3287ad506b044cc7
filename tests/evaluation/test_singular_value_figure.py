"""Singular values as they are given, and condition numbers that are known."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.singular_value_figure import condition_text, singular_value_figure
from tests.evaluation.legible import assert_legible

TWO = {"Open MPI-like": np.geomspace(40, 0.4, 361), "in-house-like": np.geomspace(7, 7e-7, 121)}


def test_lines_are_singular_values_over_the_largest(provenance):
    figure = singular_value_figure(TWO, provenance)
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    for line, values in zip(axes.lines, TWO.values(), strict=True):
        np.testing.assert_allclose(line.get_ydata(), values / values.max())
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, len(values) + 1))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "Open MPI-like, condition number 100",
        "in-house-like, condition number 1e+07",
    ]
    assert_legible(figure)


@pytest.mark.parametrize(
    ("values", "text"),
    [([3.0], "1"), ([5, 2], "2.5"), ([24.6, 2], "12"), ([1e5, 1], "100000"), ([1.26e6, 1], "1.3e+06"), ([1, 0], "∞")],
)  # fmt: skip
def test_condition_numbers(values, text):
    assert condition_text(np.array(values, float)) == text


def test_mistakes_are_one_clear_line(provenance):
    for message, given in {
        "found 0 matrices": {},
        "found 5 matrices": {str(k): np.ones(1) for k in range(5)},
        "zero: found 2 values": {"zero": np.zeros(2)},
        "rising: found 2 values": {"rising": np.array([1.0, 2.0])},
        "empty: found 0 values": {"empty": np.array([])},
    }.items():
        with pytest.raises(InputError, match=message):
            singular_value_figure(given, provenance)
