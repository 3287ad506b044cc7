from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.scenes.filled_phantoms import (
    FILLED_PHANTOMS,
    Cone,
    FilledPhantom,
    find_filled_phantom,
    render_filled,
)
from mpipipe.scenes.phantoms import PHANTOMS
from mpipipe.scenes.render import render
from mpipipe.scenes.shapes import Ball, Box

GRIDS = {
    "shape": (19, 19),
    "resolution": (19, 19),
    "concentration": (19, 19),
    "parallel_cylinders": (11, 11),
    "c_shape": (11, 11),
}
FIELD = (20.0, 16.0, 12.0)


def total(phantom, grid):
    """Concentration times area or volume."""
    size = phantom.field_of_view_mm[: len(grid)]
    return render_filled(phantom, grid).sum() * np.prod(size) / np.prod(grid)


def test_the_cone_has_its_published_volume():
    """683.9 µl (Open MPI data)."""
    cone = FILLED_PHANTOMS["shape"]
    assert total(cone, (76, 76, 38)) == pytest.approx(683.9, rel=2e-3)


def test_the_cone_is_cut_through_its_axis():
    """A trapezoid of 22 mm between edges of 2 mm and 2 (1 + 22 tan 10°) mm."""
    cone = FILLED_PHANTOMS["shape"]
    assert total(cone, (19, 19)) == pytest.approx(22 * (2 + 22 * np.tan(np.deg2rad(10))), rel=1e-3)
    section = render_filled(cone, (38, 38))
    np.testing.assert_allclose(section, section[:, ::-1], atol=1e-12)
    widths = section.sum(axis=1)
    np.testing.assert_allclose(np.diff(widths[8:30]), 2 * np.tan(np.deg2rad(10)), atol=0.02)
    assert not widths[:8].any() and not widths[30:].any()


@pytest.mark.parametrize("axes", [2, 3])
def test_distance_of_the_cone_changes_by_one_at_most_and_has_its_sign(axes):
    cone = Cone((-3.0, 1.0, -1.0), 1.5, 8.0, 20.0)
    rng = np.random.default_rng(0)
    first, second = rng.uniform(-10, 10, (2, 20_000, axes))
    change = np.abs(cone.distance(first) - cone.distance(second))
    assert (change <= np.linalg.norm(first - second, axis=1) * (1 + 1e-9)).all()
    along = first[:, 0] + 3
    across = np.linalg.norm(first[:, 1:] - [1.0, -1.0][: axes - 1], axis=1)
    inside = (along > 0) & (along < 8) & (across < 1.5 + along * np.tan(np.deg2rad(20)))
    np.testing.assert_array_equal(cone.distance(first) < 0, inside)


def test_eight_cubes_hold_the_published_concentrations():
    """100, 66.6, 44.4, 29.6, 19.7, 13.1, 8.77 and 5.85 mmol/l (cut after three digits) in 4 mm² each."""
    phantom = FILLED_PHANTOMS["concentration"]
    published = np.array([100, 66.6, 44.4, 29.6, 19.7, 13.1, 8.77, 5.85]) / 100
    lost = np.array(phantom.concentrations) - published
    assert (lost >= 0).all() and (lost < [1e-3] * 6 + [1e-4] * 2).all()
    distances = [np.linalg.norm(np.subtract(a.centre, b.centre)) for a, b in pairwise(phantom.shapes[:4])]
    np.testing.assert_allclose(distances, 12.0)
    image = render_filled(phantom, (38, 38))
    x, y = np.meshgrid(*[np.arange(38) - 18.5] * 2, indexing="ij")
    for cube, expected in zip(phantom.shapes, published, strict=True):
        near = (abs(x - cube.centre[0]) < 2) & (abs(y - cube.centre[1]) < 2)
        assert image[near].sum() == pytest.approx(4 * expected, rel=6e-3)
    assert image.sum() == pytest.approx(4 * sum(phantom.concentrations), rel=1e-9)


def test_cylinders_are_two_equal_bars():
    phantom = FILLED_PHANTOMS["parallel_cylinders"]
    image = render_filled(phantom, (44, 44))
    assert total(phantom, (11, 11)) == pytest.approx(2 * 12 * 2.5, rel=1e-6)
    np.testing.assert_allclose(image, image[::-1], atol=1e-12)
    assert not image[20:24].any()


def test_c_shape_is_a_band_with_round_ends_and_a_gap():
    phantom = FILLED_PHANTOMS["c_shape"]
    band = 2.5 * 1.5 * np.pi * 5 + np.pi * 1.25**2
    assert total(phantom, (11, 11)) == pytest.approx(band, rel=2e-3)
    image = render_filled(phantom, (44, 44))
    assert not image[24:, 20:24].any()
    assert image[:20, 20:24].max() == 1


def test_resolution_is_the_phantom_of_the_other_study():
    np.testing.assert_allclose(
        render_filled(FILLED_PHANTOMS["resolution"], (19, 19)),
        render(PHANTOMS["resolution"], (19, 19)),
        atol=1e-12,
    )


@pytest.mark.parametrize("name", FILLED_PHANTOMS)
def test_phantoms_lie_in_their_field_with_largest_concentration_one(name):
    phantom, grid = FILLED_PHANTOMS[name], GRIDS[name]
    fine = tuple(4 * n for n in grid)
    wide = tuple(2 * edge for edge in phantom.field_of_view_mm[:2])
    outside = render_filled(phantom, tuple(2 * n for n in fine), wide)
    assert render_filled(phantom, fine).sum() == pytest.approx(outside.sum(), rel=1e-9)
    assert render_filled(phantom, fine).max() == pytest.approx(1)
    np.testing.assert_allclose(total(phantom, grid), total(phantom, fine), rtol=2e-3)


def test_overlap_holds_the_larger_concentration():
    inner, outer = Box((0.0, 0.0, 0.0), (4.0, 4.0, 4.0)), Box((1.0, 0.0, 0.0), (10.0, 6.0, 6.0))
    for shapes, values in (((inner, outer), (3.0, 2.0)), ((outer, inner), (2.0, 3.0))):
        image = render_filled(FilledPhantom(shapes, FIELD, values), (20, 16))
        assert image.max() == pytest.approx(3)
        assert image.sum() == pytest.approx(3 * 16 + 2 * (60 - 16))
    hidden = FilledPhantom((inner, outer), FIELD, (1.0, 2.0))
    np.testing.assert_allclose(
        render_filled(hidden, (20, 16)), 2 * render_filled(FilledPhantom((outer,), FIELD, (1.0,)), (20, 16))
    )


@settings(max_examples=20, deadline=None)
@given(values=st.tuples(*[st.floats(0.1, 10)] * 3))
def test_disjoint_shapes_add_up(values):
    shapes = (
        Ball((-6.0, -3.0, 0.0), 3.0),
        Ball((0.0, 3.0, 0.0), 4.0),
        Box((6.0, -2.0, 0.0), (3.0, 2.0, 1.0)),
    )
    parts = [
        c * render_filled(FilledPhantom((s,), FIELD, (1.0,)), (20, 16))
        for s, c in zip(shapes, values, strict=True)
    ]
    together = render_filled(FilledPhantom(shapes, FIELD, values), (20, 16))
    np.testing.assert_allclose(together, sum(parts), atol=1e-9)


def test_touching_cubes_leave_no_seam():
    halves = (Box((-2.13, 0.0, 0.0), (4.0, 6.0, 6.0)), Box((1.87, 0.0, 0.0), (4.0, 6.0, 6.0)))
    image = render_filled(FilledPhantom(halves, FIELD, (1.0, 0.5)), (20, 16))
    assert image.sum() == pytest.approx(24 + 12)
    assert image[9, 8] == pytest.approx(0.87 + 0.13 * 0.5)


def test_names_and_concentrations_are_checked():
    assert find_filled_phantom("c_shape") is FILLED_PHANTOMS["c_shape"]
    with pytest.raises(InputError, match="phantom: found 'snake', expected one of shape"):
        find_filled_phantom("snake")
    ball = Ball((0.0, 0.0, 0.0), 1.0)
    for values in ((), (1.0, 2.0), (0.0,), (np.nan,), (np.inf,)):
        with pytest.raises(InputError, match="concentrations: found"):
            FilledPhantom((ball,), FIELD, values)
