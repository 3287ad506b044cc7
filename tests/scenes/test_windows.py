import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from mpipipe.errors import InputError
from mpipipe.scenes.measurement import coarsen
from mpipipe.scenes.windows import cut_windows, draw_windows, place_windows, window_corners

SIZE, WINDOW = 70.0, 20.0
QUARTER = np.pi / 2


def noise(pixels=210, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (pixels, pixels)).astype(np.float32)


def ramp(pixels, slope_x, slope_y, offset=10.0):
    """A scene that is linear in x and y, in mm from its middle."""
    axis = (np.arange(pixels) - (pixels - 1) / 2) * SIZE / pixels
    return offset + slope_x * axis[:, None] + slope_y * axis[None, :]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), window=st.floats(1, 49))
def test_all_windows_lie_inside(seed, window):
    placements = place_windows(noise(70), SIZE, window, 50, np.random.default_rng(seed))
    assert np.abs(window_corners(placements, window)).max() <= SIZE / 2


def test_angles_and_places_cover_what_is_possible():
    placements = place_windows(noise(70), SIZE, WINDOW, 4000, np.random.default_rng(0))
    angle = placements[:, 2]
    counts, _ = np.histogram(angle, bins=8, range=(0, 2 * np.pi))
    assert abs(counts - 500).max() < 5 * np.sqrt(500)
    room = (SIZE - WINDOW * (np.abs(np.cos(angle)) + np.abs(np.sin(angle)))) / 2
    for axis in (0, 1):
        counts, _ = np.histogram(placements[:, axis] / room, bins=8, range=(-1, 1))
        assert counts.sum() == 4000
        assert abs(counts - 500).max() < 5 * np.sqrt(500)


def test_corners_are_turned_and_moved():
    corners = window_corners(np.array([[1.0, 2.0, 0.0], [0.0, 0.0, np.pi / 4], [3.0, 0.0, QUARTER]]), 2.0)
    root = np.sqrt(2)
    np.testing.assert_allclose(corners[0], [(0, 1), (2, 1), (2, 3), (0, 3)])
    np.testing.assert_allclose(corners[1], [(0, -root), (root, 0), (0, root), (-root, 0)], atol=1e-12)
    np.testing.assert_allclose(corners[2], [(4, -1), (4, 1), (2, 1), (2, -1)], atol=1e-12)


def test_an_unturned_window_on_the_lattice_is_the_slice():
    scene = noise()
    (window,) = cut_windows(scene, SIZE, WINDOW, 60, np.array([[5.0, -10.0, 0.0]]))
    assert window.dtype == np.float32
    np.testing.assert_allclose(window, scene[90:150, 45:105], atol=1e-6)


def test_the_whole_scene_is_a_window():
    scene = noise()
    (window,) = cut_windows(scene, SIZE, SIZE, 210, np.zeros((1, 3)))
    np.testing.assert_allclose(window, scene, atol=1e-6)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_exact(turns):
    """Turning the window anticlockwise turns what it shows clockwise; (x, y) arrays turn like ``rot90``."""
    placements = np.array([[2.3, 4.1, 0.0], [2.3, 4.1, turns * QUARTER]])
    still, turned = cut_windows(noise(), SIZE, WINDOW, 77, placements)
    np.testing.assert_allclose(turned, np.rot90(still, -turns), atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    angle=st.floats(-7, 7),
    x=st.floats(-15, 15),
    y=st.floats(-15, 15),
    pixels=st.integers(5, 90),
    scene_pixels=st.integers(70, 300),
)
def test_a_linear_scene_stays_linear(angle, x, y, pixels, scene_pixels):
    """Point (a, b) of the window shows the scene at centre + (a cos − b sin, a sin + b cos), at any resolution."""
    (window,) = cut_windows(ramp(scene_pixels, 0.1, -0.05), SIZE, WINDOW, pixels, np.array([[x, y, angle]]))
    a, b = np.meshgrid(*[(np.arange(pixels) - (pixels - 1) / 2) * WINDOW / pixels] * 2, indexing="ij")
    cos, sin = np.cos(angle), np.sin(angle)
    expected = 10 + 0.1 * (x + a * cos - b * sin) - 0.05 * (y + a * sin + b * cos)
    np.testing.assert_allclose(window, expected, atol=1e-4)


def test_windows_are_linear_interpolation():
    scene, placement = noise(), np.array([[3.1, -2.2, 0.7]])
    (window,) = cut_windows(scene, SIZE, WINDOW, 61, placement)
    a, b = np.meshgrid(*[(np.arange(61) - 30) * WINDOW / 61] * 2, indexing="ij")
    cos, sin = np.cos(0.7), np.sin(0.7)
    points = np.stack([3.1 + a * cos - b * sin, -2.2 + a * sin + b * cos]) * 210 / SIZE + 104.5
    np.testing.assert_allclose(window, map_coordinates(scene, points, order=1), atol=1e-5)


def test_coarse_windows_are_the_means_of_fine_ones():
    """Stripes of one scene pixel become grey; nothing aliases."""
    scene = np.tile([0.0, 1.0], (420, 210))
    placements = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 0.4]])
    fine, coarse = (cut_windows(scene, SIZE, WINDOW, pixels, placements) for pixels in (120, 30))
    np.testing.assert_allclose(coarse, coarsen(fine, 4, axes=2), atol=1e-5)
    assert np.abs(coarse - 0.5).max() < 0.1


@settings(max_examples=15, deadline=None)
@given(angle=st.floats(0, 7), pixels=st.integers(20, 150))
def test_tracer_is_neither_lost_nor_made(angle, pixels):
    axis = (np.arange(210) - 104.5) / 3
    blob = np.exp(-(((axis[:, None] - 2) / 2) ** 2) - ((axis[None, :] + 1) / 1.5) ** 2)
    (window,) = cut_windows(blob, SIZE, WINDOW, pixels, np.array([[1.0, 0.0, angle]]))
    assert window.sum(dtype=float) * (WINDOW / pixels) ** 2 == pytest.approx(np.pi * 2 * 1.5, rel=2e-3)


def test_windows_are_those_that_were_placed_and_repeat():
    scene = noise()
    drawn, same = (draw_windows(scene, SIZE, WINDOW, 40, 5, np.random.default_rng(3)) for _ in range(2))
    assert drawn.shape == (5, 40, 40)
    assert drawn.tobytes() == same.tobytes()
    placements = place_windows(scene, SIZE, WINDOW, 5, np.random.default_rng(3))
    np.testing.assert_array_equal(drawn, cut_windows(scene, SIZE, WINDOW, 40, placements))
    other = draw_windows(scene, SIZE, WINDOW, 40, 5, np.random.default_rng(4))
    assert not np.array_equal(drawn, other)


def test_empty_windows_are_drawn_again():
    """Tracer in one quarter of the scene: windows elsewhere hold less than 1 %."""
    scene = np.zeros((210, 210))
    scene[:105, :105] = 1.0
    windows = draw_windows(scene, SIZE, WINDOW, 64, 100, np.random.default_rng(0))
    assert windows.mean(axis=(1, 2)).min() > 0.009
    assert windows.mean(axis=(1, 2)).min() < 0.3


@pytest.mark.parametrize(
    "scene, size, window, count, line",
    [
        (noise(), 28.0, 20.0, 3, "scene_size_mm: found 28, expected at least 28.28, the diagonal"),
        (noise(), 70.0, 0.0, 3, "scene_size_mm: found"),
        (noise(), np.nan, 20.0, 3, "scene_size_mm: found nan"),
        (noise(), 70.0, 20.0, 0, "count: found 0"),
        (noise() - 0.5, 70.0, 20.0, 3, "scene: found NaN, infinity or a negative"),
        (np.full((9, 9), np.nan), 70.0, 20.0, 3, "scene: found NaN"),
        (np.full((9, 9), np.inf), 70.0, 20.0, 3, "scene: found NaN"),
        (noise()[:100], 70.0, 20.0, 3, r"scene: found shape \(100, 210\)"),
        (np.zeros((0, 0)), 70.0, 20.0, 3, "scene: found shape"),
        (np.zeros((90, 90)), 70.0, 20.0, 3, "scene: found less than 1%"),
    ],
)
def test_scenes_that_do_not_fit_are_named(scene, size, window, count, line):
    with pytest.raises(InputError, match=f"^{line}") as error:
        draw_windows(scene, size, window, 16, count, np.random.default_rng(0))
    assert "\n" not in str(error.value)


def test_placements_that_do_not_fit_are_named():
    inside, outside = [0.0, 0.0, 0.0], [26.0, 0.0, 0.0]
    with pytest.raises(InputError, match="placements: found window 1 with a corner outside"):
        cut_windows(noise(), SIZE, WINDOW, 16, np.array([inside, outside]))
    with pytest.raises(InputError, match="placements: found window 0"):
        cut_windows(noise(), SIZE, WINDOW, 16, np.array([[np.nan, 0.0, 0.0]]))
    with pytest.raises(InputError, match=r"placements: found shape \(2,\)"):
        cut_windows(noise(), SIZE, WINDOW, 16, np.zeros(2))
    with pytest.raises(InputError, match="pixels: found 0"):
        cut_windows(noise(), SIZE, WINDOW, 0, np.array([inside]))
