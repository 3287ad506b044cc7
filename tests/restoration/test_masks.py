from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.restoration.masks import draw_blocks, draw_missing

GRIDS = st.one_of(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 5)] * 3))


def scan(grid, order, meander):
    """The voxels in the order of a scan, axis by axis, by brute force."""
    path = []
    for number, line in enumerate(product(*(range(grid[axis]) for axis in order[:-1]))):
        last = range(grid[order[-1]])
        for voxel in reversed(last) if meander and number % 2 else last:
            place = dict(zip(order, (*line, voxel), strict=True))
            path.append(tuple(place[axis] for axis in range(len(grid))))
    return path


def scans_in_one_stretch(missing):
    """The scans ``(order, meander)`` in which all missing voxels follow each other."""
    found = []
    for order in permutations(range(missing.ndim)):
        for meander in (False, True):
            marks = [bool(missing[voxel]) for voxel in scan(missing.shape, order, meander)]
            first = marks.index(True)
            if all(marks[first : first + sum(marks)]):
                found.append((order, meander))
    return found


@settings(deadline=None, max_examples=150)
@given(grid=GRIDS, ratio=st.floats(0.001, 0.999), seed=st.integers(0, 999))
def test_one_stretch_of_some_scan_with_the_ratio(grid, ratio, seed):
    voxels = int(np.prod(grid))
    if voxels < 2:
        return
    missing = draw_missing(grid, ratio, np.random.default_rng(seed))
    assert missing.shape == grid
    assert missing.dtype == np.bool_
    assert scans_in_one_stretch(missing)
    assert 1 <= missing.sum() <= voxels - 1
    assert missing.sum() in (1, voxels - 1) or abs(missing.sum() - ratio * voxels) <= 0.5


@pytest.mark.parametrize("grid", [(7, 9), (4, 5, 6)])
def test_raster_and_meander_are_equally_likely_along_every_axis_order(grid):
    rng = np.random.default_rng(3)
    sole = [
        found[0]
        for found in (scans_in_one_stretch(draw_missing(grid, 0.4, rng)) for _ in range(800))
        if len(found) == 1
    ]
    # A mask that one scan alone explains has a counterpart of the other kind at the same start.
    meanders = sum(meander for _, meander in sole)
    assert len(sole) > 200
    assert abs(meanders - len(sole) / 2) < 4 * np.sqrt(len(sole)) / 2
    assert {order for order, _ in sole} == set(permutations(range(len(grid))))


@pytest.mark.parametrize("grid", [(1, 12), (12, 1), (1, 12, 1)])
def test_starts_on_a_line_are_uniform(grid):
    rng = np.random.default_rng(0)
    starts = [int(np.flatnonzero(draw_missing(grid, 0.25, rng))[0]) for _ in range(2000)]
    counts = np.bincount(starts, minlength=10)
    assert len(counts) == 10
    assert np.all(np.abs(counts - 200) < 5 * np.sqrt(200 * 0.9))


@settings(deadline=None, max_examples=100)
@given(grid=GRIDS, most=st.integers(1, 20), low=st.floats(0.01, 0.9), seed=st.integers(0, 999))
def test_merged_blocks_leave_a_known_voxel(grid, most, low, seed):
    if np.prod(grid) < 2:
        return
    missing = draw_blocks(grid, (low, 0.9), (1, most), np.random.default_rng(seed))
    assert missing.shape == grid
    assert missing.any()
    assert not missing.all()


def test_blocks_are_merged_and_their_number_and_ratio_are_drawn():
    rng = np.random.default_rng(1)
    one = [draw_blocks((20, 20), (0.05, 0.15), (1, 1), rng) for _ in range(300)]
    several = [draw_blocks((20, 20), (0.05, 0.15), (1, 3), rng) for _ in range(300)]
    shares = np.array([mask.mean() for mask in one])
    assert shares.min() >= 0.05
    assert shares.max() <= 0.15
    assert shares.mean() == pytest.approx(0.1, abs=0.01)
    single = sum(bool(scans_in_one_stretch(mask)) for mask in several)
    assert single > 100 - 5 * 8.2  # a third has one block, and blocks may touch
    assert single < 200
    assert max(mask.mean() for mask in several) > 0.2


@pytest.mark.parametrize("ratio", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_impossible_ratios_are_refused(ratio):
    with pytest.raises(InputError, match=r"^missing voxels: found ratio .* expected a part of them$"):
        draw_missing((4, 5), ratio, np.random.default_rng(0))


@pytest.mark.parametrize("grid", [(1, 1), (1, 1, 1)])
def test_a_single_voxel_is_refused(grid):
    with pytest.raises(InputError, match="of 1 voxels"):
        draw_missing(grid, 0.5, np.random.default_rng(0))
