from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.ndimage import label
from scipy.spatial.distance import cdist

from mpipipe.config.coded_scene import CodedSceneConfig
from mpipipe.errors import InputError
from mpipipe.scenes.channels import draw_channel_lines, draw_channels
from mpipipe.scenes.discs import render_discs
from mpipipe.scenes.measurement import coarsen

CONFIG = CodedSceneConfig()
EIGHT = np.ones((3, 3))


@cache
def draw(pixels=700, seed=1, **changes):
    return draw_channels(CodedSceneConfig(**changes), pixels, np.random.default_rng(seed))


@cache
def lines(seed=1, **changes):
    return draw_channel_lines(CodedSceneConfig(**changes), np.random.default_rng(seed))


def inside(channel, size=CONFIG.size_mm):
    return (np.abs(channel.centres_mm) < size / 2).all(axis=1)


def test_more_pixels_show_the_same_scene():
    fine, coarse = draw(1400), draw(350)
    means = coarsen(fine, 4)
    assert means.sum() == pytest.approx(coarse.sum(), rel=1e-3)
    assert np.abs(means - coarse).sum() < 0.01 * coarse.sum()
    assert np.abs(means - coarse).max() < 0.15


def test_values_are_concentrations():
    scene = draw()
    assert scene.dtype == np.float32
    assert scene.shape == (700, 700)
    assert scene.min() == 0
    assert 0.9 < scene.max() <= 1
    full = np.median(scene[scene > 0])
    assert 0.4 < full < 0.8
    assert 0.2 < (scene > 0).mean() < 0.5


def test_a_scene_repeats_with_its_seed_only():
    again = draw_channels(CONFIG, 700, np.random.default_rng(1))
    assert draw().tobytes() == again.tobytes()
    assert not np.array_equal(draw(), draw(seed=2))


@pytest.mark.parametrize("seed", range(2))
def test_each_channel_is_one_piece_that_ends_at_the_border_only(seed):
    """Alone, in a field that holds all of it, it is connected; in the scene every piece of it meets the border."""
    for channel in lines(seed)[4:-4:4]:
        whole = render_discs(channel, 900, 2.1 * np.abs(channel.centres_mm).max())
        assert label(whole > 0, EIGHT)[1] == 1
        labels, pieces = label(render_discs(channel, 714, CONFIG.size_mm) > 0, EIGHT)
        border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        assert set(np.unique(border)) - {0} == set(range(1, pieces + 1))


@pytest.mark.parametrize("seed", range(2))
def test_channels_keep_their_gap(seed):
    """By brute force over pairs of discs: the least distance of neighbours' edges, and half of it where pressed."""
    for one, other in pairwise(lines(seed)):
        a, b = slice(None, None, 8), slice(3, None, 8)
        apart = cdist(one.centres_mm[a], other.centres_mm[b])
        empty = apart - one.radius_mm[a, None] - other.radius_mm[None, b]
        assert (empty > np.minimum(CONFIG.gap_mm, apart / 2) - 1e-9).all()


def test_width_and_concentration_keep_their_ranges_and_fill_them():
    channels = lines()
    width = 2 * np.concatenate([c.radius_mm[inside(c)] for c in channels])
    concentration = np.concatenate([c.concentration[inside(c)] for c in channels])
    assert width.max() <= 2 + 1e-9
    assert (width > 0.4 - 1e-9).mean() > 0.95
    assert width.min() > 0.1
    assert 0.2 <= concentration.min() < 0.25
    assert 0.95 < concentration.max() <= 1


def test_the_amount_is_width_times_concentration_along_the_channels():
    """∫ 2 r c ds over the centre lines inside the scene."""
    expected = 0.0
    for channel in lines():
        step = np.linalg.norm(np.gradient(channel.centres_mm, axis=0), axis=1)
        expected += float((2 * channel.radius_mm * channel.concentration * step)[inside(channel)].sum())
    found = draw(1400).sum(dtype=float) * (CONFIG.size_mm / 1400) ** 2
    assert found == pytest.approx(expected, rel=0.01)


def test_bends_make_channels_longer_and_no_wider():
    """Thin channels of one width fill area as their length inside the scene grows; straight ones are the reference."""
    thin = {"width_mm": (0.1, 0.1), "gap_mm": 0.0, "concentration": (1.0, 1.0), "channels": 30}
    lengths = [
        sum(float(np.linalg.norm(np.diff(c.centres_mm, axis=0), axis=1)[inside(c)[1:]].sum()) for c in found)
        for found in (lines(bends=0, **thin), lines(**thin))
    ]
    assert lengths[1] > 1.05 * lengths[0]
    straight, bent = draw(bends=0, **thin), draw(**thin)
    assert bent.sum() / straight.sum() == pytest.approx(lengths[1] / lengths[0], rel=0.02)


def test_windows_of_20_mm_hold_several_channels_and_background():
    scene = draw()
    edge = round(20 / CONFIG.size_mm * 700)
    for x in range(0, 700 - edge, 120):
        for y in range(0, 700 - edge, 120):
            window = scene[x : x + edge, y : y + edge] > 0
            assert label(window)[1] >= 3
            assert 0.1 < window.mean() < 0.6


@pytest.mark.parametrize(
    "changes, line",
    [
        ({"channels": 100}, "channels: found 100"),
        ({"width_mm": (2.0, 1.0)}, "expected .lower, upper."),
        ({"width_mm": (0.0, 1.0)}, "expected a positive one"),
        ({"concentration": (0.2, 1.5)}, "expected values between 0 and 1"),
        ({"kind": "maze"}, "kind"),
        ({"size_mm": 0}, "size_mm"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, line):
    with pytest.raises(ValidationError, match=line):
        CodedSceneConfig(**changes)


def test_a_grid_without_pixels_is_refused():
    with pytest.raises(InputError, match="grid: found 0 pixels"):
        draw(0)
