"""Images on several scales: each on that of its column, whose bar stands below it."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.placed_image import Scale
from mpipipe.evaluation.scaled_grid import WIDEST, Column, scaled_grid
from tests.evaluation.legible import assert_legible

EXTENT = (-10.0, 10.0, -10.0, 10.0)
SCALES = {"truth": Scale("concentration", 0, 1), "blurred": Scale("collinear image / mm", 0, 3, "bone")}
COLUMNS = [Column("phantom", "truth"), Column("45°, SNR 20", "blurred"), Column("135°, SNR 20", "blurred")]


def rows(count, columns=3, shape=(12, 12)):
    found = np.random.default_rng(0).random((count, columns, *shape))
    return {f"phantom {k}": list(images) for k, images in enumerate(found)}


def test_images_stand_upright_on_the_scale_of_their_column(provenance):
    given = rows(2, shape=(5, 4))
    figure = scaled_grid(COLUMNS, given, SCALES, (-5, 5, -4, 4), provenance)
    panels = [axes for axes in figure.axes if axes.images]
    flat = [
        (image, column) for images in given.values() for image, column in zip(images, COLUMNS, strict=True)
    ]
    for axes, (image, column) in zip(panels, flat, strict=True):
        (drawn,) = axes.images
        np.testing.assert_array_equal(drawn.get_array(), image.T)
        assert drawn.origin == "lower" and tuple(drawn.get_extent()) == (-5, 5, -4, 4)
        assert drawn.get_clim() == (0, SCALES[column.scale].high)


def test_a_bar_reaches_below_all_columns_of_its_scale(provenance):
    figure = scaled_grid(COLUMNS, rows(2), SCALES, EXTENT, provenance)
    panels = [axes.get_position() for axes in figure.axes if axes.images][:3]
    bars = [axes for axes in figure.axes if not axes.images]
    assert [bar.get_xlabel() for bar in bars] == ["concentration", "collinear image / mm"]
    for bar, (first, last) in zip(bars, [(0, 0), (1, 2)], strict=True):
        box = bar.get_position()
        assert (box.x0, box.x1) == pytest.approx((panels[first].x0, panels[last].x1))
        assert box.y1 < panels[0].y0


@pytest.mark.parametrize(("count", "columns"), [(1, 3), (3, 5), (2, 8)])
def test_all_that_is_written_can_be_read(provenance, count, columns):
    heads = [COLUMNS[0], *(Column(f"135°, SNR {k}", "blurred") for k in range(columns - 1))]
    figure = scaled_grid(heads, rows(count, columns), SCALES, EXTENT, provenance)
    assert figure.get_figwidth() <= WIDEST + 1e-9
    assert provenance.line in [text.get_text() for text in figure.texts]
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    for message, given in {
        "rows: found none": {},
        "rows: phantom 0: found 2 images, expected 3": rows(1, 2),
        "rows: phantom 0: found an image with 3 axes": rows(1, 3, (2, 2, 2)),
    }.items():
        with pytest.raises(InputError, match=message):
            scaled_grid(COLUMNS, given, SCALES, EXTENT, provenance)
