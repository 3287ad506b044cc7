import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mpipipe.config.digits import DigitsConfig
from mpipipe.errors import InputError
from mpipipe.scenes.digits import draw_digits, frame_digits, place_part, split_sources

UPRIGHT = DigitsConfig(rotation_deg=(0.0, 0.0))


def blobs(count, edge=28, seed=0):
    """Images with a smooth blob of their own in the middle."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:edge, :edge] - (edge - 1) / 2
    width, height = rng.uniform(1.5, 4, (2, count, 1, 1))
    return np.exp(-((row / height) ** 2) - (column / width) ** 2)


def amount(voxels, canvas=28):
    """Ink on the canvas, in values times pixels²."""
    return voxels.sum() * canvas**2 / voxels.size


@settings(max_examples=40, deadline=None)
@given(
    grid=st.tuples(st.integers(5, 40), st.integers(5, 40)),
    angle=st.floats(-7, 7),
    place=st.tuples(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5)),
)
def test_ink_is_neither_lost_nor_made(grid, angle, place):
    part = np.random.default_rng(1).uniform(0, 1, (15, 15))
    placed = place_part(part, grid, 28, angle, place)
    assert placed.shape == grid
    assert amount(placed) == pytest.approx(part.sum(), rel=0.01)


@settings(max_examples=25, deadline=None)
@given(angle=st.floats(-4, 4), place=st.tuples(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5)))
def test_the_centre_of_mass_turns_and_moves_with_the_part(angle, place):
    part = np.zeros((15, 15))
    part[12, 3] = 1.0
    placed = place_part(part, (28, 28), 28, angle, place)
    axis = np.arange(28) - 13.5
    mass = placed.sum()
    found = (placed.sum(axis=1) @ axis / mass, placed.sum(axis=0) @ axis / mass)
    cos, sin = np.cos(angle), np.sin(angle)
    expected = (5 * cos + 4 * sin + place[0], 5 * sin - 4 * cos + place[1])
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_a_quarter_turn_is_exact():
    part = np.random.default_rng(2).uniform(0, 1, (15, 15))
    still, turned = (place_part(part, (19, 19), 28, angle, (0.0, 0.0)) for angle in (0.0, np.pi / 2))
    np.testing.assert_allclose(turned, np.rot90(still), atol=1e-9)


def test_coarse_voxels_are_the_means_of_fine_ones():
    """A fine checkerboard becomes its mean, 0.5: nothing aliases."""
    board = (np.indices((21, 21)).sum(axis=0) % 2).astype(float)
    placed = place_part(board, (7, 7), 35, 0.0, (0.0, 0.0))
    assert abs(placed[2:5, 2:5] - 0.5).max() < 0.03
    fine = place_part(board, (14, 14), 35, 0.3, (1.0, 2.0))
    coarse = place_part(board, (7, 7), 35, 0.3, (1.0, 2.0))
    np.testing.assert_allclose(fine.reshape(7, 2, 7, 2).mean(axis=(1, 3)), coarse, atol=1e-9)


@pytest.mark.parametrize("grid", [(19, 19), (11, 11), (17, 15)])
def test_phantoms_have_maximum_one_and_repeat_with_their_seed(grid):
    one, same, other = (
        draw_digits(blobs(7), 20, grid, DigitsConfig(), np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert one.shape == (20, *grid)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one.max(axis=(1, 2)), 1)
    assert one.min() >= 0
    assert one.tobytes() == same.tobytes()
    assert not np.array_equal(one, other)


def test_a_digit_stands_upright_with_y_up():
    """Ink in the upper left of the image has small x and large y."""
    image = np.zeros((1, 28, 28))
    image[0, 8, 10] = 1.0
    config = UPRIGHT.model_copy(update={"canvas": 23})
    (phantom,) = draw_digits(image, 1, (23, 23), config, np.random.default_rng(0))
    x, y = np.unravel_index(phantom.argmax(), phantom.shape)
    assert x < 11 < y


def test_only_the_middle_is_used():
    sources = blobs(3)
    frame = np.ones((28, 28), bool)
    frame[6:21, 6:21] = False
    dirty = np.where(frame, np.nan, sources)
    clean = draw_digits(sources, 5, (11, 11), DigitsConfig(), np.random.default_rng(0))
    np.testing.assert_array_equal(
        clean, draw_digits(dirty, 5, (11, 11), DigitsConfig(), np.random.default_rng(0))
    )


def test_every_source_is_used_before_one_is_used_again():
    """Bars of 3 x 3 to 3 x 11 pixels keep a voxel of full ink anywhere, so that the amount tells them apart."""
    lengths = np.arange(3, 12, 2)
    sources = np.zeros((5, 28, 28))
    for image, length in zip(sources, lengths, strict=True):
        image[13:16, 8 : 8 + length] = 1.0
    phantoms = draw_digits(sources, 12, (28, 28), UPRIGHT, np.random.default_rng(0))
    found = [round(float(phantom.sum()) / 3) for phantom in phantoms]
    for start, stop in ((0, 5), (5, 10)):
        assert sorted(found[start:stop]) == lengths.tolist()
    assert found[:5] != found[5:10]
    assert len(set(found[10:])) == 2


def test_places_cover_the_canvas_and_parts_stay_on_it():
    dot = np.zeros((1, 28, 28))
    dot[0, 6:21, 6:21] = 1.0
    phantoms = draw_digits(dot, 400, (28, 28), UPRIGHT, np.random.default_rng(0))
    occupied = phantoms > 0.5
    for axis in (1, 2):
        assert occupied.any(axis=(0, axis))[1:-1].all()
    x, y = (phantoms.sum(axis=axis) @ (np.arange(28) - 13.5) > 0 for axis in (2, 1))
    quarters = np.bincount(2 * x + y, minlength=4)
    assert abs(quarters - 100).max() < 5 * np.sqrt(100)
    np.testing.assert_allclose([amount(p) for p in phantoms], 225, rtol=0.02)


def test_angles_cover_the_circle():
    bar = np.zeros((1, 28, 28))
    bar[0, 13:15, 6:21] = 1.0
    phantoms = draw_digits(bar, 300, (28, 28), DigitsConfig(), np.random.default_rng(1))
    axis = np.arange(28.0)
    doubled = []
    for phantom in phantoms:
        weight = phantom / phantom.sum()
        x, y = axis - weight.sum(axis=1) @ axis, axis - weight.sum(axis=0) @ axis
        xx, yy, xy = weight.sum(axis=1) @ x**2, weight.sum(axis=0) @ y**2, x @ weight @ y
        doubled.append(np.arctan2(2 * xy, xx - yy))
    histogram, _ = np.histogram(doubled, bins=6, range=(-np.pi, np.pi))
    assert abs(histogram - 50).max() < 5 * np.sqrt(50)


def test_split_is_disjoint_and_whole():
    parts = split_sources(1797, np.random.default_rng(0), (0.8, 0.1, 0.1))
    assert [len(part) for part in parts] == [1438, 179, 180]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1797))
    with pytest.raises(InputError, match="fractions: found"):
        split_sources(4, np.random.default_rng(0), (0.8, 0.1, 0.1))


def test_frame_holds_the_digit_in_its_box():
    images = np.random.default_rng(0).uniform(0, 16, (3, 8, 8))
    framed = frame_digits(images, 16)
    assert framed.shape == (3, 28, 28)
    assert framed.dtype == np.float32
    assert framed.min() == 0 and framed.max() <= 1
    inside = np.zeros((28, 28), bool)
    inside[4:24, 4:24] = True
    assert not framed[:, ~inside].any()
    flat = frame_digits(np.full((1, 8, 8), 8.0), 16)[0, 12:16, 12:16]
    np.testing.assert_allclose(flat, 0.5)


def test_frame_enlarges_a_pixel_in_its_place():
    """Pixel (3, 4) of 8 becomes 2.5² as much ink around (3.5, 4.5) · 2.5 + 4 − 0.5, and none elsewhere."""
    dot = np.zeros((1, 8, 8))
    dot[0, 3, 4] = 16
    (framed,) = frame_digits(dot, 16)
    assert framed.sum() == pytest.approx(6.25)
    centre = [framed.sum(axis=axis) @ np.arange(28) / framed.sum() for axis in (1, 0)]
    np.testing.assert_allclose(centre, [12.25, 14.75], atol=0.02)
    rows, columns = np.nonzero(framed)
    assert max(np.ptp(rows), np.ptp(columns)) <= 5


@pytest.mark.parametrize(
    "sources, count, grid",
    [
        (blobs(2, 14), 3, (19, 19)),
        (blobs(2)[0], 3, (19, 19)),
        (blobs(2)[:0], 3, (19, 19)),
        (-blobs(2), 3, (19, 19)),
        (np.full((1, 28, 28), np.nan), 3, (19, 19)),
        (np.zeros((2, 28, 28)), 3, (19, 19)),
        (blobs(2), 0, (19, 19)),
        (blobs(2), 3, (19, 0)),
        (blobs(2), 3, (19,)),
    ],
)
def test_sources_that_do_not_fit_are_named(sources, count, grid):
    with pytest.raises(InputError, match=r"^(sources|digits): found") as error:
        draw_digits(sources, count, grid, DigitsConfig(), np.random.default_rng(0))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "settings_, line",
    [
        ({"source": "mnist"}, "mnist_images: found null"),
        ({"canvas": 22}, "canvas: found 22, expected at least 23"),
        ({"fractions": (0.8, 0.1, 0.2)}, "fractions: found"),
        ({"fractions": (1.0, 0.1, -0.1)}, "fractions: found"),
        ({"rotation_deg": (10, -10)}, "expected .lower, upper."),
        ({"mnist_sha256": "xyz"}, "mnist_sha256"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings_, line):
    with pytest.raises(ValidationError, match=line):
        DigitsConfig(**settings_)
