import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label
from skimage.morphology import skeletonize

from mpipipe.config.coded_scene import CodedSceneConfig
from mpipipe.errors import InputError
from mpipipe.scenes.discs import render_discs
from mpipipe.scenes.measurement import coarsen
from mpipipe.scenes.vessel_tree import scene_from_retina, trace_vessels
from mpipipe.storage.retina import read_retina

CONFIG = CodedSceneConfig(kind="retina")
SIZE = CONFIG.size_mm
EIGHT = np.ones((3, 3))


@pytest.fixture(scope="module")
def photograph():
    return read_retina()


@pytest.fixture(scope="module")
def vessels(photograph):
    return trace_vessels(photograph, CONFIG)


@pytest.fixture(scope="module")
def scene(vessels):
    return render_discs(vessels, 700, SIZE)


def eye(pixels=400, wide=14, narrow=6):
    """A bright disc with a wide dark vessel at column 260 and a narrow one of half its contrast at row 120."""
    row, column = np.mgrid[:pixels, :pixels]
    inside = np.hypot(row - (pixels - 1) / 2, column - (pixels - 1) / 2) < 0.48 * pixels
    green = np.full((pixels, pixels), 120.0)
    green[np.abs(row - 120) < narrow / 2] = 90
    green[np.abs(column - 260) < wide / 2] = 60
    colours = np.stack(
        [np.full_like(green, 200.0), gaussian_filter(green, 0.7), np.full_like(green, 50.0)], axis=-1
    )
    return np.where(inside[..., None], colours, 0).astype(np.uint8)


def test_the_photograph_is_read(photograph):
    assert photograph.shape == (1411, 1411, 3)
    assert photograph.dtype == np.uint8


def test_drawn_vessels_are_found_where_they_are():
    """Row 120 of 400 lies above the middle, column 260 right of it; nothing lies at the rim or elsewhere."""
    scene = scene_from_retina(eye(), CONFIG, 400)
    assert scene.dtype == np.float32
    bars = scene[100, :], scene[:, 150]
    for bar, place in zip(bars, (399 - 120, 260), strict=True):
        assert np.flatnonzero(bar > 0).mean() == pytest.approx(place, abs=1)
    x, y = np.indices(scene.shape)
    elsewhere = (np.abs(x - 260) > 30) & (np.abs(y - 279) > 30)
    assert not scene[elsewhere].any()
    assert scene[260, 45:355].min() > 0


@pytest.mark.parametrize("widening", [0.3, 0.6])
def test_widths_are_those_drawn_times_the_widening(widening):
    """Away from the crossing, to a pixel: a line of even width has no pixel in its middle."""
    config = CodedSceneConfig(kind="retina", widening=widening, width_mm=(0.01, 20.0))
    found = trace_vessels(eye(), config)
    pixel = SIZE / 400
    x, y = found.centres_mm.T / pixel
    wide = 2 * found.radius_mm[(np.abs(y) < 60) & (np.abs(x - 60.5) < 5)] / pixel
    narrow = 2 * found.radius_mm[(np.abs(x) < 15) & (np.abs(y - 79.5) < 5)] / pixel
    assert len(wide) > 100 and len(narrow) > 20
    assert np.median(wide) == pytest.approx(14 * widening, abs=1.01 * widening)
    assert np.median(narrow) == pytest.approx(6 * widening, abs=1.01 * widening)


def test_darker_vessels_hold_more_tracer():
    found = trace_vessels(eye(), CONFIG)
    x, y = found.centres_mm.T / (SIZE / 400)
    dark = found.concentration[(np.abs(y) < 60) & (np.abs(x - 60.5) < 5)]
    pale = found.concentration[(np.abs(x) < 15) & (np.abs(y - 79.5) < 5)]
    assert dark.min() > 0.7 > 0.4 > pale.max()


def test_centre_lines_of_the_photograph_are_darker_than_both_sides(photograph, vessels):
    """Independent of filters: green on the line against green 0.8 mm beside it."""
    green = gaussian_filter(photograph[..., 1].astype(float), 1)
    pixel = SIZE / 1411
    column, row = (vessels.centres_mm * (1, -1) / pixel + 705).T
    ring = [(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 16, endpoint=False)]
    at = [green[np.round(row + 16 * s).astype(int), np.round(column + 16 * c).astype(int)] for c, s in ring]
    here = green[np.round(row).astype(int), np.round(column).astype(int)]
    assert (here < np.median(at, axis=0)).mean() > 0.97


def test_the_tree_fills_the_scene_and_leaves_the_rim(vessels, scene):
    low, high = vessels.centres_mm.min(axis=0), vessels.centres_mm.max(axis=0)
    assert (high - low > 0.9 * SIZE).all()
    assert np.hypot(*vessels.centres_mm.T).max() < SIZE / 2
    assert 0.1 < (scene > 0).mean() < 0.3
    # The notch of the frame, at the upper right, is no vessel.
    assert not scene[615:, 640:].any()


def test_the_tree_forks_and_hangs_together(scene):
    lines = np.pad(skeletonize(scene > 0), 1)
    neighbours = sum(np.roll(lines, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)) - lines
    assert label(lines & (neighbours > 2), EIGHT)[1] > 80
    labels, count = label(scene > 0, EIGHT)
    sizes = np.bincount(labels.ravel())[1:]
    assert sizes.max() > 0.5 * sizes.sum()
    assert count < 30


def test_width_and_concentration_keep_their_ranges(vessels, scene):
    width = 2 * vessels.radius_mm
    assert width.min() == pytest.approx(0.4)
    assert 1.0 < width.max() <= 2.0
    assert vessels.concentration.min() == pytest.approx(0.2)
    assert vessels.concentration.max() == pytest.approx(1)
    assert scene.min() == 0
    assert 0.9 < scene.max() <= 1


def test_more_pixels_show_the_same_scene(vessels, scene):
    coarse = render_discs(vessels, 175, SIZE)
    means = coarsen(scene, 4)
    assert means.sum() == pytest.approx(coarse.sum(), rel=0.01)
    assert np.abs(means - coarse).sum() < 0.06 * coarse.sum()


@pytest.mark.parametrize(
    "image, line",
    [
        (eye()[:300], "image: found shape"),
        (eye()[..., 0], "image: found shape"),
        (eye().astype(float), "image: found shape"),
        (np.zeros((100, 100, 3), np.uint8), "image: found no vessel"),
        (np.full((100, 100, 3), 200, np.uint8), "image: found no vessel"),
    ],
)
def test_images_that_do_not_fit_are_named(image, line):
    with pytest.raises(InputError, match=f"^{line}"):
        scene_from_retina(image, CONFIG, 50)
