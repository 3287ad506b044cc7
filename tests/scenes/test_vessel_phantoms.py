from typing import get_args

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label
from skimage.morphology import skeletonize

from mpipipe.config.coded_scene import VesselPhantomName
from mpipipe.errors import InputError
from mpipipe.scenes.measurement import coarsen
from mpipipe.scenes.vessel_phantoms import VESSEL_PHANTOMS, vessel_phantom

EIGHT = np.ones((3, 3))


def pieces(mask):
    return label(mask, EIGHT)[1]


def ends_and_forks(mask):
    """Free ends and forks of the thinned mask, forks counted by connected groups of pixels with three neighbours."""
    lines = np.pad(skeletonize(mask), 1)
    neighbours = sum(np.roll(lines, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)) - lines
    return int((lines & (neighbours == 1)).sum()), pieces(lines & (neighbours > 2))


def test_every_name_has_its_phantom():
    assert set(get_args(VesselPhantomName)) == set(VESSEL_PHANTOMS)


@pytest.mark.parametrize("name", VESSEL_PHANTOMS)
def test_the_amount_does_not_depend_on_the_pixels(name):
    fine, coarse = vessel_phantom(name, 160), vessel_phantom(name, 40)
    assert coarse.dtype == np.float32
    assert coarse.shape == (40, 40)
    assert fine.mean(dtype=float) == pytest.approx(coarse.mean(dtype=float), rel=2e-3)
    assert np.abs(coarsen(fine, 4) - coarse).max() < 0.06
    assert 0 <= fine.min() < 0.11
    assert 0.97 < fine.max() <= 1


@pytest.mark.parametrize("name", ["lambda", "fork"])
def test_phantoms_lie_in_the_field_with_empty_background(name):
    whole = vessel_phantom(name, 200)
    assert not np.concatenate([whole[0], whole[-1], whole[:, 0], whole[:, -1]]).any()
    assert (whole == 0).mean() > 0.8
    wide = vessel_phantom(name, 400, 40.0)
    np.testing.assert_allclose(wide[100:300, 100:300], whole, atol=1e-6)


def test_lambda_is_two_strokes_and_a_part_that_stands_alone_near_its_top():
    image = vessel_phantom("lambda", 200) > 0.5
    labels, count = label(image, EIGHT)
    assert count == 2
    small, large = sorted((labels == k for k in (1, 2)), key=np.sum)
    assert small.sum() < 0.2 * large.sum()
    assert ends_and_forks(large) == (3, 1)
    assert ends_and_forks(small) == (2, 0)
    assert np.argwhere(small)[:, 1].min() > np.argwhere(large)[:, 1].max()
    gap_mm = 0.1 * distance_transform_edt(~small)[large].min()
    assert 0.8 < gap_mm < 2


def test_lambda_stands_upright():
    """Above the fork one stroke, left of the middle; below it two, on both sides, the right one the prolongation."""
    image = vessel_phantom("lambda", 200) > 0.5
    above, below = image[:, 130], image[:, 40]
    assert pieces(above[None]) == 1 and pieces(below[None]) == 2
    assert np.flatnonzero(above).max() < 100
    assert np.flatnonzero(below).min() < 80 and np.flatnonzero(below).max() > 120


def test_fork_forks_twice_and_tapers():
    image = vessel_phantom("fork", 400)
    assert pieces(image > 0) == 1
    assert ends_and_forks(image > 0.1) == (4, 2)
    trunk, tips = image[:, 60], image[:, 330]
    assert pieces(trunk[None] > 0) == 1 and pieces(tips[None] > 0) == 2
    depth_mm = 0.05 * distance_transform_edt(image > 0)
    assert depth_mm[:, :80].max() == pytest.approx(1.1, abs=0.06)
    assert 0.15 < depth_mm[:, 350:].max() < 0.35
    assert 0.9 < trunk.max() <= 1
    assert 0.25 < tips.max() < 0.6


def test_background_is_the_lambda_in_a_tenth_of_its_tracer():
    image, lone = vessel_phantom("background", 100), vessel_phantom("lambda", 100)
    assert image.min() == pytest.approx(0.1)
    assert (np.abs(image - 0.1) < 1e-6).mean() > 0.75
    np.testing.assert_allclose(image[lone == 1], 1)
    levels = {round(float(v), 3) for v in np.unique(image[lone == 0])}
    assert {0.1, 0.3, 0.5} <= levels
    added = 0.9 * lone.sum(dtype=float) * 0.04 + np.pi * (0.4 * 1.5**2 + 0.2 * 1.0**2)
    assert (image - 0.1).sum(dtype=float) * 0.04 == pytest.approx(added, rel=2e-3)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="phantom: found 'snake', expected one of lambda, fork, background"):
        vessel_phantom("snake", 40)
    for name in VESSEL_PHANTOMS:
        for pixels, field in ((0, 20.0), (40, 0.0), (40, np.nan)):
            with pytest.raises(InputError, match=r"^grid: found"):
                vessel_phantom(name, pixels, field)
