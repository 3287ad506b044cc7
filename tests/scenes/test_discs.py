import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.scenes.discs import Discs, render_discs
from mpipipe.scenes.phantoms import Phantom
from mpipipe.scenes.render import render
from mpipipe.scenes.shapes import Path

SIZE = 20.0


def tube(start, end, radii, concentrations, count=1501):
    """A straight row of discs with radius and concentration that change linearly."""
    return Discs(
        np.linspace(start, end, count), np.linspace(*radii, count), np.linspace(*concentrations, count)
    )


def amount(discs, pixels):
    """Concentration times area, in mm²."""
    return render_discs(discs, pixels, SIZE).sum(dtype=float) * (SIZE / pixels) ** 2


@settings(max_examples=12, deadline=None)
@given(
    pixels=st.integers(60, 300),
    angle=st.floats(0, 7),
    radius=st.floats(0.2, 1.5),
    shift=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
def test_a_tube_holds_its_area_on_any_grid(pixels, angle, radius, shift):
    """2 r L and two half discs; also where the tube is narrower than a pixel."""
    end = 6 * np.array([np.cos(angle), np.sin(angle)])
    area = 2 * radius * 12 + np.pi * radius**2
    assert amount(tube(shift - end, shift + end, (radius, radius), (1, 1)), pixels) == pytest.approx(
        area, rel=0.02
    )


def test_a_tapering_tube_holds_the_integral_of_width_times_concentration():
    """∫ 2 r c ds with r from 0.4 to 0.8 and c from 1 to 0.2 over 14 mm, with the two ends."""
    t = (np.arange(10000) + 0.5) / 10000
    middle = 14 * np.mean(2 * (0.4 + 0.4 * t) * (1 - 0.8 * t))
    ends = np.pi / 2 * (0.4**2 * 1 + 0.8**2 * 0.2)
    assert amount(tube((-7, -1), (7, 2), (0.4, 0.8), (1, 0.2)), 400) == pytest.approx(
        np.hypot(14, 3) / 14 * middle + ends, rel=0.01
    )


def test_concentration_is_constant_across_a_tube_and_changes_along_it():
    image = render_discs(tube((-8, 0), (8, 0), (1, 1), (0.2, 1.0)), 200, SIZE)
    across = image[100, 92:108]
    np.testing.assert_allclose(across, across[0], rtol=0.01)
    x = (np.arange(200) - 99.5) * 0.1
    inside = np.abs(x) < 7.5
    np.testing.assert_allclose(image[inside, 100], 0.6 + 0.05 * x[inside], atol=2e-3)


@pytest.mark.parametrize("pixels", [50, 200])
def test_a_tube_of_one_width_is_the_path_of_exact_shares(pixels):
    """A ramp one pixel wide differs from a straight edge's exact share by at most 3/4 − 1/√2 = 0.043, at 45°."""
    corners = ((-7.0, -4.0, 0.0), (6.0, 8.0, 0.0))
    exact = render(Phantom((Path(corners, 2.0),), (SIZE, SIZE, 1.0)), (pixels, pixels))
    found = render_discs(tube(corners[0][:2], corners[1][:2], (1, 1), (1, 1)), pixels, SIZE)
    assert np.abs(found - exact).max() < 0.045
    assert found.sum(dtype=float) == pytest.approx(exact.sum(), rel=3e-3)


def test_axes_are_x_and_y():
    image = render_discs(Discs(np.array([[5.0, -7.5]]), np.array([1.0]), np.array([0.7])), 40, SIZE)
    x, y = np.argwhere(image == image.max()).mean(axis=0)
    assert (x, y) == (29.5, 4.5)
    assert image.max() == pytest.approx(0.7)


def test_mirrored_discs_make_the_mirrored_image():
    discs = tube((-7, -4), (6, 8), (0.3, 0.9), (1, 0.4))
    mirrored = Discs(discs.centres_mm * (-1, 1), discs.radius_mm, discs.concentration)
    np.testing.assert_allclose(
        render_discs(mirrored, 90, SIZE), render_discs(discs, 90, SIZE)[::-1], atol=1e-5
    )


def test_discs_outside_and_without_radius_leave_nothing():
    far = Discs(np.array([[30.0, 0.0], [0.0, 0.0]]), np.array([2.0, 0.0]), np.array([1.0, 1.0]))
    assert not render_discs(far, 50, SIZE).any()


def test_input_that_makes_no_sense_is_named():
    place, one = np.zeros((1, 2)), np.ones(1)
    for wrong in (
        (place, np.ones(2), one),
        (place, -one, one),
        (place, one, np.full(1, np.nan)),
        (place[0], one, one),
    ):
        with pytest.raises(InputError, match=r"^discs: found"):
            Discs(*wrong)
    for pixels, size in ((0, 20.0), (10, 0.0), (10, np.nan), (10, np.inf)):
        with pytest.raises(InputError, match=r"^grid: found"):
            render_discs(Discs(place, one, one), pixels, size)
