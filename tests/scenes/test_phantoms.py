from typing import get_args

import numpy as np
import pytest
from scipy.integrate import quad

from mpipipe.config.scene import PhantomName
from mpipipe.errors import InputError
from mpipipe.scenes.phantoms import PHANTOMS, find_phantom
from mpipipe.scenes.render import render

GRIDS = {"snake": (17, 15), "resolution": (19, 19), "spiral": (29, 29), "nested_rectangles": (25, 21)}


def area(name, grid):
    size = PHANTOMS[name].field_of_view_mm[:2]
    return render(PHANTOMS[name], grid).sum() * np.prod(size) / np.prod(grid)


def spiral_length():
    """Arc length of r = 2 + 5 φ/2π over two windings, by quadrature."""
    rate = 5 / (2 * np.pi)
    return quad(lambda a: np.hypot(2 + rate * a, rate), 0, 4 * np.pi)[0]


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_snake_holds_five_rods_of_tracer(factor):
    grid = tuple(n * factor for n in GRIDS["snake"])
    rods = 2.5 * (20 + 17.5 + 15 + 8.75 + 5)
    assert area("snake", grid) == pytest.approx(rods, rel=1e-6)


def test_snake_in_space_is_as_thick_as_it_is_wide():
    share = render(PHANTOMS["snake"], (17, 15, 8))
    assert share.sum() * 34 * 30 * 10 / share.size == pytest.approx(165.625 * 2.5, rel=2e-3)


@pytest.mark.parametrize("factor", [1, 2])
def test_spiral_is_a_band_along_its_arc(factor):
    band = 1.5 * spiral_length() + np.pi * 0.75**2
    assert area("spiral", (29 * factor, 29 * factor)) == pytest.approx(band, rel=1e-3)


def test_nested_rectangles_are_cut_by_the_field():
    """Each square tube is a square without a smaller one; both are clipped to the field."""
    expected = 0.0
    for edge in (20.0, 36.0, 52.0, 68.0):
        outer, inner = ([max(-b / 2, 15 - h) for b in (50, 42)] for h in (edge / 2, edge / 2 - 3))
        upper = [[min(b / 2, 15 + h) for b in (50, 42)] for h in (edge / 2, edge / 2 - 3)]
        areas = [(hi[0] - lo[0]) * (hi[1] - lo[1]) for lo, hi in zip((outer, inner), upper, strict=True)]
        expected += areas[0] - areas[1]
    assert area("nested_rectangles", (25, 21)) == pytest.approx(expected, rel=1e-4)


def test_resolution_tubes_spread_from_one_point():
    tubes = PHANTOMS["resolution"].shapes
    steps = np.array([np.subtract(tube.end, tube.start) for tube in tubes])
    assert len({tube.start for tube in tubes}) == 1
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 15.0)
    angles = np.rad2deg(np.arccos(steps @ [0, 1, 0] / 15.0))
    np.testing.assert_allclose(angles, [0, 20, 30, 10, 15], atol=1e-6)


@pytest.mark.parametrize("name", PHANTOMS)
def test_tracer_does_not_depend_on_the_grid(name):
    totals = [area(name, tuple(n * f for n in GRIDS[name])) for f in (1, 2, 3)]
    np.testing.assert_allclose(totals, totals[-1], rtol=2e-3)


@pytest.mark.parametrize("name", ["snake", "resolution", "spiral"])
def test_the_field_holds_the_whole_phantom(name):
    wide = tuple(2 * edge for edge in PHANTOMS[name].field_of_view_mm)
    grid = tuple(2 * n for n in GRIDS[name])
    outside = render(PHANTOMS[name], grid, wide[:2])
    inside = outside[tuple(slice(n // 4, n - n // 4) for n in grid)]
    assert outside.sum() == pytest.approx(inside.sum(), rel=0.02)
    assert area(name, grid) == pytest.approx(outside.sum() * np.prod(wide[:2]) / np.prod(grid), rel=1e-3)


def test_names_are_those_of_the_parameters():
    assert set(PHANTOMS) == set(get_args(PhantomName))
    assert find_phantom("snake") is PHANTOMS["snake"]
    with pytest.raises(InputError, match="phantom: found 'worm', expected one of snake"):
        find_phantom("worm")
