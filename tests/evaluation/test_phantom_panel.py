"""Phantoms: projections, places and scale."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.phantom_panel import RenderedPhantom, phantom_panel
from mpipipe.scenes.phantoms import PHANTOMS
from mpipipe.scenes.render import render
from tests.evaluation.drawings import volume

FIELDS = {"snake": 2, "resolution": 3, "spiral": 2, "nested_rectangles": 3}


@pytest.fixture(scope="module")
def figure(provenance):
    phantoms = []
    for name, axes in FIELDS.items():
        field = PHANTOMS[name].field_of_view_mm[:axes]
        shape = tuple(round(edge / 2) for edge in field)
        phantoms.append(RenderedPhantom(name, render(PHANTOMS[name], shape, depth=1), field))
    return phantom_panel(phantoms, provenance)


def test_planes_have_one_view_and_volumes_three(figure):
    *drawn, bar = figure.axes
    assert [(axes.get_xlabel()[:1], axes.get_ylabel()[:1]) for axes in drawn] == [
        ("x", "y"),
        *(("", "y"), ("z", ""), ("x", "z")),
        ("x", "y"),
        *(("", "y"), ("z", ""), ("x", "z")),
    ]
    assert bar.get_ylabel() == "concentration\n(relative to the calibration sample)"
    assert len({(axes.images[0].norm.vmin, axes.images[0].norm.vmax) for axes in drawn}) == 1
    assert "38 × 38 × 19 mm\n19 × 19 × 10 voxels" in [text.get_text() for text in figure.texts]


def test_all_phantoms_have_one_scale(figure):
    width, height = figure.get_size_inches()
    scales = []
    for axes in figure.axes[:-1]:
        box = axes.get_position()
        scales += [box.width * width / np.ptp(axes.get_xlim()), box.height * height / np.ptp(axes.get_ylim())]
    np.testing.assert_allclose(scales, scales[0])


def test_views_are_maxima_along_the_third_axis_and_share_edges(provenance):
    values = volume()
    figure = phantom_panel([RenderedPhantom("random", values, (18, 14, 6))], provenance)
    flat, side, front = figure.axes[:3]
    np.testing.assert_array_equal(flat.images[0].get_array(), values.max(axis=2).T)
    np.testing.assert_array_equal(side.images[0].get_array(), values.max(axis=0))  # y upwards, z to the right
    np.testing.assert_array_equal(front.images[0].get_array(), values.max(axis=1).T)
    assert (side.get_xlim(), side.get_ylim()) == ((-3, 3), (-7, 7))
    assert (front.get_xlim(), front.get_ylim()) == ((-9, 9), (-3, 3))
    assert side.get_position().y0 == pytest.approx(flat.get_position().y0)
    assert front.get_position().x0 == pytest.approx(flat.get_position().x0)


def test_mistakes_are_one_clear_line(provenance):
    with pytest.raises(InputError, match="phantoms: found none"):
        phantom_panel([], provenance)
    wrong = RenderedPhantom("snake", np.zeros((4, 4)), (34, 30, 10))
    with pytest.raises(InputError, match=r"phantoms: snake: found an image with 2 axes"):
        phantom_panel([wrong], provenance)
