"""Columns of weights: scaled to their polynomials by sign and norm only, and similarities beside them."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.column_figure import Central, Columns, column_panels, column_similarity, scaled_to
from tests.evaluation.legible import assert_legible

X = np.linspace(-16, 16, 65)
CENTRAL = Central(12.8, 0.95)
THETA = np.arccos(np.clip(X / 16, -1 + 1e-9, 1 - 1e-9))
U = np.stack([np.sin(k * THETA) / np.sin(THETA) for k in range(1, 31)])  # U_{k-1}


def columns(names=("40 nm", "30 nm"), similarity=None):
    weights = {name: (-1.0) ** k * (k + 2) * U for k, name in enumerate(names)}
    known = {name: np.linspace(1, 0.4 + 0.1 * k, len(U)) for k, name in enumerate(names)}
    return Columns(X, U, weights, known if similarity is None else similarity)


def test_only_sign_and_norm_inside_the_field_are_taken_out():
    inside = np.abs(X) <= 12.8
    np.testing.assert_allclose(scaled_to(-7 * U[3], U[3], inside), U[3], atol=1e-12)
    bent = U[3] + 0.5 * U[1]
    found = scaled_to(bent, U[3], inside)
    assert np.linalg.norm(found[inside]) == pytest.approx(np.linalg.norm(U[3][inside]))
    np.testing.assert_allclose(found / found[40], bent / bent[40])
    assert not scaled_to(np.zeros(65), U[3], inside).any()
    ends = np.where(inside, 0, U[3])  # nothing inside the field
    assert not scaled_to(ends, U[3], inside).any()


def test_columns_stand_over_their_polynomials(provenance):
    figure = column_panels(columns(), CENTRAL, provenance)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"column {k}" for k in range(1, 7)]
    for axes, polynomial in zip(figure.axes, U, strict=False):
        below, first, second, *edges = axes.lines
        for line in (below, first, second):
            np.testing.assert_allclose(line.get_ydata(), polynomial, atol=1e-9)
        assert sorted(edge.get_xdata()[0] for edge in edges) == [-12.8, 12.8]
        low, high = axes.get_ylim()
        assert low == -high and high > np.abs(polynomial).max()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "Chebyshev polynomial",
        "40 nm",
        "30 nm",
    ]


def test_similarities_stand_at_the_numbers_of_their_columns(provenance):
    given = columns()
    more = dict(given.similarity) | {"Exact inverse": np.linspace(1, 0.9, len(U))}
    figure = column_similarity(columns(similarity=more), CENTRAL, (2, 20, 99), provenance)
    first, second, right = figure.axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("column 2", "column 20")
    curves = [line for line in right.lines if len(line.get_xdata()) == len(U)]
    assert [list(line.get_xdata())[:2] for line in curves] == [[1, 2]] * 3
    np.testing.assert_allclose(curves[2].get_ydata(), more["Exact inverse"])
    assert curves[0].get_color() == first.lines[1].get_color()
    assert any(list(line.get_ydata()) == [0.95, 0.95] for line in right.lines)
    assert right.get_ylim()[0] <= 0.4
    assert [text.get_text() for text in figure.legends[0].get_texts()][-1] == "Exact inverse"


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_all_that_is_written_can_be_read(provenance, count):
    names = ("Single-layer", "Single-layer (linear)", "Exact inverse", "Multi-layer, 200 units")
    assert_legible(column_panels(columns(names), CENTRAL, provenance, count=count))
    assert_legible(column_similarity(columns(names), CENTRAL, range(1, min(count, 3) + 1), provenance))


def test_mistakes_are_one_clear_line(provenance):
    with pytest.raises(InputError, match="columns: found none"):
        column_panels(Columns(X, U, {}, {}), CENTRAL, provenance)
    with pytest.raises(InputError, match=r"columns: 40 nm: found shape \(65, 30\), expected \(30, 65\)"):
        column_panels(Columns(X, U, {"40 nm": U.T}, {}), CENTRAL, provenance)
    with pytest.raises(InputError, match=r"chebyshev: found shape \(65, 30\), expected \(column, 65\)"):
        column_panels(Columns(X, U.T, {"40 nm": U}, {}), CENTRAL, provenance)
    with pytest.raises(InputError, match="found 7 names, expected at most 6"):
        column_panels(columns(tuple("abcdefg")), CENTRAL, provenance)
    for given, shown in ((columns(), (31,)), (columns(similarity={}), (1,))):
        with pytest.raises(InputError, match="shown: found no column or no similarity"):
            column_similarity(given, CENTRAL, shown, provenance)
