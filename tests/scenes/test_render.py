import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.scenes.phantoms import Phantom
from mpipipe.scenes.render import render
from mpipipe.scenes.shapes import Ball, Box, Path, Tube

FIELD = (20.0, 16.0, 12.0)
SHAPES = {
    "box": Box((1.0, -0.5, 0.3), (7.3, 4.1, 5.2)),
    "ball": Ball((0.7, 0.2, -0.4), 7.0),
    "tube": Tube((-5.0, -3.0, -2.0), (5.0, 2.0, 3.0), 2.4),
    "path": Path(((-6.0, -4.0, 0.0), (0.0, 3.0, 1.0), (5.0, -2.0, -1.0)), 1.8),
}


def total(shape, grid, **settings):
    """Area in mm² or volume in mm³ that a shape fills on a grid."""
    size = FIELD[: len(grid)]
    return render(Phantom((shape,), FIELD), grid, **settings).sum() * np.prod(size) / np.prod(grid)


def length(*step):
    return float(np.linalg.norm(step))


@pytest.mark.parametrize("grid", [(5, 4), (20, 16), (37, 41)])
@pytest.mark.parametrize(
    "name, area",
    [
        ("box", 7.3 * 4.1),
        ("ball", np.pi * 3.5**2),
        ("tube", length(10, 5) * 2.4),
    ],
)
def test_areas_are_exact_geometry(grid, name, area):
    assert total(SHAPES[name], grid) == pytest.approx(area, rel=1e-3)


@pytest.mark.parametrize(
    "name, volume",
    [
        ("box", 7.3 * 4.1 * 5.2),
        ("ball", np.pi / 6 * 7.0**3),
        ("tube", np.pi / 4 * 2.4**2 * length(10, 5, 5)),
    ],
)
def test_volumes_are_exact_geometry(name, volume):
    assert total(SHAPES[name], (19, 17, 13)) == pytest.approx(volume, rel=2e-3)


@pytest.mark.parametrize("axes", [2, 3])
def test_a_bent_tube_has_round_ends(axes):
    straight = Path(((-4.0, -1.0, 0.5), (3.0, 2.0, 0.5)), 3.0)
    run, radius = length(7, 3), 1.5
    exact = run * 3 + np.pi * radius**2 if axes == 2 else np.pi * radius**2 * run + 4 / 3 * np.pi * radius**3
    assert total(straight, (19, 17, 13)[:axes]) == pytest.approx(exact, rel=1e-3 if axes == 2 else 5e-3)


@pytest.mark.parametrize("name", SHAPES)
def test_each_halving_brings_the_area_closer(name):
    reference = total(SHAPES[name], (10, 8), depth=8)
    errors = [abs(total(SHAPES[name], (10, 8), depth=depth) - reference) for depth in (1, 3, 5)]
    assert errors[2] < max(errors[0] / 20, 1e-4)


@pytest.mark.parametrize("name", SHAPES)
def test_distance_is_zero_on_the_surface_and_changes_by_one(name):
    """|∇f| ≤ 1 everywhere: rendering leaves a voxel alone on that ground."""
    rng = np.random.default_rng(0)
    for axes in (2, 3):
        first, second = rng.uniform(-10, 10, (2, 5000, axes))
        change = np.abs(SHAPES[name].distance(first) - SHAPES[name].distance(second))
        assert (change <= np.linalg.norm(first - second, axis=1) * (1 + 1e-9)).all()


@pytest.mark.parametrize("name", SHAPES)
def test_coarse_voxels_are_the_means_of_fine_ones(name):
    phantom = Phantom((SHAPES[name],), FIELD)
    coarse, fine = render(phantom, (10, 8), depth=6), render(phantom, (20, 16), depth=5)
    means = fine.reshape(10, 2, 8, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(coarse, means, atol=1e-12)


@pytest.mark.parametrize("name", SHAPES)
def test_shares_lie_between_nothing_and_all(name):
    share = render(Phantom((SHAPES[name],), FIELD), (20, 16))
    assert share.min() == 0
    assert share.max() == 1
    np.testing.assert_allclose(
        render(Phantom((SHAPES[name],), FIELD), (20, 16), concentration=2.5), 2.5 * share
    )


def test_an_axis_parallel_edge_cuts_exactly():
    """A half-covered pixel column: 0.37 of each pixel."""
    share = render(Phantom((Box((-10.0 + 5.0 + 0.185, 0.0, 0.0), (10.37, 100.0, 1.0)),), FIELD), (20, 16))
    np.testing.assert_allclose(share[:, 8], [1.0] * 10 + [0.37] + [0.0] * 9, atol=1e-12)


def test_touching_boxes_leave_no_seam():
    halves = (Box((-2.13, 0.0, 0.0), (4.0, 6.0, 6.0)), Box((1.87, 0.0, 0.0), (4.0, 6.0, 6.0)))
    whole = Phantom((Box((-0.13, 0.0, 0.0), (8.0, 6.0, 6.0)),), FIELD)
    np.testing.assert_allclose(render(Phantom(halves, FIELD), (20, 16)), render(whole, (20, 16)), atol=1e-12)


def test_overlap_counts_once():
    ball = SHAPES["ball"]
    np.testing.assert_array_equal(
        render(Phantom((ball, ball), FIELD), (9, 9)), render(Phantom((ball,), FIELD), (9, 9))
    )


@settings(max_examples=20, deadline=None)
@given(x=st.integers(-3, 3), y=st.integers(-3, 3), diameter=st.floats(0.5, 6))
def test_a_shift_by_whole_voxels_shifts_the_map(x, y, diameter):
    """The grid's centre moves the opposite way to the content."""
    phantom = Phantom((Ball((0.3, -0.2, 0.0), diameter), Box((1.0, 1.0, 0.0), (2.0, 1.0, 1.0))), FIELD)
    here = render(phantom, (20, 16), (20.0, 16.0))
    there = render(phantom, (20, 16), (20.0, 16.0), (float(x), float(y)))
    np.testing.assert_allclose(there, np.roll(here, (-x, -y), axis=(0, 1)), atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(
    start=st.tuples(*[st.floats(-6, 6)] * 3),
    end=st.tuples(*[st.floats(-6, 6)] * 3),
    diameter=st.floats(0.5, 3),
)
def test_mirrored_shapes_make_mirrored_maps(start, end, diameter):
    def flip(p):
        return (-p[0], p[1], p[2])

    for kind in (lambda a, b: Tube(a, b, diameter), lambda a, b: Path((a, b), diameter)):
        share = render(Phantom((kind(start, end),), FIELD), (11, 9))
        mirror = render(Phantom((kind(flip(start), flip(end)),), FIELD), (11, 9))
        np.testing.assert_allclose(mirror, share[::-1], atol=1e-6)


def test_a_tube_along_z_is_a_disc_from_above():
    tube, disc = Tube((1.0, 2.0, -3.0), (1.0, 2.0, 4.0), 3.0), Ball((1.0, 2.0, 0.0), 3.0)
    np.testing.assert_allclose(
        render(Phantom((tube,), FIELD), (11, 9)), render(Phantom((disc,), FIELD), (11, 9)), atol=1e-12
    )


@pytest.mark.parametrize(
    "shape, size, centre",
    [
        ((5,), (1.0,), 0.0),
        ((5, 5), (1.0, 1.0, 1.0), 0.0),
        ((5, 0), (1.0, 1.0), 0.0),
        ((5, 5), (1.0, -1.0), 0.0),
        ((5, 5), (1.0, np.nan), 0.0),
        ((5, 5), (1.0, 1.0), (0.0, 0.0, 0.0)),
    ],
)
def test_impossible_grids_are_named(shape, size, centre):
    with pytest.raises(InputError, match="grid: found"):
        render(Phantom((SHAPES["ball"],), FIELD), shape, size, centre)
