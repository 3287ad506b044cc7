"""Images of one-dimensional scenes: rows from the top, voxels at their positions, and the error of each image."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.line_images import Pattern, line_images
from tests.evaluation.legible import assert_legible

X = np.linspace(-16, 16, 129)


def pattern(name, rows=10, labels=("first", "second")):
    truth = (np.random.default_rng(rows).random((rows, X.size)) < 0.5).astype(float)
    return Pattern(name, truth, {label: truth + 0.1 * k for k, label in enumerate(labels, 1)})


def panels(figure):
    return [axes for axes in figure.axes if axes.images]


def test_the_truth_stands_above_the_images_on_one_scale(provenance):
    given = [pattern("random"), pattern("letters", 20)]
    figure = line_images(given, X, provenance)
    expected = [image for one in given for image in (one.truth, *one.images.values())]
    for axes, image in zip(panels(figure), expected, strict=True):
        (drawn,) = axes.images
        np.testing.assert_array_equal(drawn.get_array(), image)
        assert drawn.get_clim() == (0, 1) and drawn.origin == "upper"
        # 0.25 mm voxels: their edges lie half a voxel outside the outer centres.
        assert tuple(drawn.get_extent()) == pytest.approx((-16.125, 16.125, len(image) + 0.5, 0.5))
    heights = [axes.get_position().y0 for axes in panels(figure)[:3]]
    assert heights == sorted(heights, reverse=True)


def test_the_error_of_each_image_is_written(provenance):
    figure = line_images([pattern("random")], X, provenance)
    errors = [text.get_text() for text in figure.texts if text.get_text().startswith("MSE")]
    assert errors == ["MSE 1.00e−02", "MSE 4.00e−02"]


def test_a_label_that_one_pattern_lacks_is_left_empty(provenance):
    figure = line_images([pattern("random"), pattern("letters", 20, ("second",))], X, provenance)
    assert len(panels(figure)) == 3 + 2
    last = panels(figure)[-1]
    assert last.get_xlabel() == "x / mm"
    assert last.get_position().y0 == pytest.approx(panels(figure)[2].get_position().y0)


@pytest.mark.parametrize("count", [1, 3])
def test_all_that_is_written_can_be_read(provenance, count):
    labels = (
        "Single-layer, 30 nm, 30000 scenes",
        "Multi-layer\n123 units",
        *(f"network {k}" for k in range(4)),
    )
    figure = line_images([pattern(f"pattern {k}", 10 + 10 * k, labels) for k in range(count)], X, provenance)
    assert provenance.line in [text.get_text() for text in figure.texts]
    assert_legible(figure)
    for text in figure.texts:  # labels end before the axes of the rows
        box = text.get_window_extent()
        for axes in panels(figure):
            label = axes.yaxis.label
            assert not label.get_text() or not box.overlaps(label.get_window_extent())


def test_mistakes_are_one_clear_line(provenance):
    with pytest.raises(InputError, match="patterns: found none or none with an estimate"):
        line_images([Pattern("random", np.zeros((2, X.size)), {})], X, provenance)
    short = Pattern("random", np.zeros((2, X.size)), {"first": np.zeros((3, X.size))})
    with pytest.raises(
        InputError, match=r"patterns: random: first: found shape \(3, 129\), expected \(2, 129\)"
    ):
        line_images([short], X, provenance)
    with pytest.raises(InputError, match=r"position_mm: found shape \(1,\), expected at least two voxels"):
        line_images([pattern("random")], X[:1], provenance)
