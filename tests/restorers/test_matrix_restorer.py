"""Blocks of components: units, grids of all kinds, masks, noise levels, and what is refused."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.restoration.masks import draw_missing
from mpipipe.restoration.splines import interpolate
from mpipipe.restorers.front import prepare
from mpipipe.restorers.matrix_restorer import restore_blocks
from tests.restorers.matrices import psnr, strongest, white

GRID = (16, 14)
SIGMA = 0.1


@pytest.fixture(scope="module")
def truth():
    return strongest(GRID)


@pytest.fixture(scope="module")
def noisy(truth):
    return truth + white(truth.shape, SIGMA)


def opened(task="denoise", grid=GRID, **settings):
    return prepare(task, grid, **({"device": "cpu"} | settings))


@pytest.mark.parametrize("method", [None, "DCT-F"])
def test_blocks_are_the_whole(noisy, method):
    restorer = opened(method=method)
    whole = restorer.restore(noisy)
    parts = list(restore_blocks((noisy[n : n + 5] for n in range(0, len(noisy), 5)), restorer))
    joined = np.concatenate([part.values for part in parts])
    # bfloat16 rounds to 2⁻⁸; sums in another order round differently.
    np.testing.assert_allclose(joined, whole.values, atol=2e-2 if method is None else 1e-6)
    np.testing.assert_allclose(np.concatenate([part.sigma for part in parts]), whole.sigma)


@pytest.mark.parametrize("method", ["RDN (phase-aligned)", "DnCNN", "DCT-F", "DCT-F (one phase)"])
def test_the_unit_and_the_phase_of_a_component_do_not_matter(noisy, method):
    restorer = opened(method=method)
    factor = (1e-12 * np.exp(1j * np.linspace(0, 6, len(noisy))))[:, None, None].astype(np.complex64)
    expected = restorer.restore(noisy, SIGMA).values
    found = restorer.restore(factor * noisy, 1e-12 * SIGMA).values / factor
    assert np.linalg.norm(found - expected) < 1e-2 * np.linalg.norm(expected)


def test_zero_stays_zero_and_clean_components_stay_as_they_are(truth, noisy):
    block = noisy.copy()
    block[0] = 0
    block[1] = truth[1] + white(GRID, 1e-3)
    given = np.full(len(block), SIGMA)
    given[1] = 1e-3
    found = opened().restore(block, given)
    np.testing.assert_array_equal(found.kept, np.arange(len(block)) < 2)
    np.testing.assert_array_equal(found.values[:2], block[:2])
    assert found.peak[0] == 0
    # A filter is tuned for all levels, so nothing but zero is left out.
    assert list(np.flatnonzero(opened(method="DCT-F").restore(block, given).kept)) == [0]


def test_the_estimated_level_is_that_of_the_noise(noisy):
    found = opened(method="DCT-F").restore(noisy).sigma
    # 56 coefficients: 1.17 / sqrt(2 · 56) = 11 % each, 2.3 % of their mean.
    assert np.mean(found) == pytest.approx(SIGMA, rel=0.1)


@pytest.mark.parametrize("ratio", [0.05, 0.2])
def test_the_estimated_level_with_missing_voxels(ratio):
    rng = np.random.default_rng(3)
    noise = white((300, *GRID), SIGMA)
    found = [
        opened("inpaint", known=~draw_missing(GRID, ratio, rng), method="Biharmonic").restore(part).sigma
        for part in np.split(noise, 10)
    ]
    assert np.mean(found) == pytest.approx(SIGMA, rel=0.15)


def test_a_plane_in_a_file_of_volumes_is_a_plane(noisy):
    plane = opened(method="DCT-F").restore(noisy).values
    for grid, axis in (((16, 14, 1), 3), ((16, 1, 14), 2), ((1, 16, 14), 1)):
        restorer = opened(grid=grid, method="DCT-F")
        found = restorer.restore(np.expand_dims(noisy, axis)).values
        np.testing.assert_array_equal(found, np.expand_dims(plane, axis))
    fine = opened("upsample", grid=(16, 14, 1), method="Bicubic")
    assert fine.target == (32, 28, 1)


@pytest.mark.parametrize("grid", [(3, 2), (5, 40), (70, 65)])
def test_grids_smaller_and_larger_than_those_of_the_training(grid):
    truth = strongest(grid, count=4)
    noisy = truth + white(truth.shape, SIGMA)
    restored = opened(grid=grid).restore(noisy, SIGMA).values
    assert restored.shape == truth.shape
    assert grid == (3, 2) or psnr(restored, truth) > psnr(noisy, truth) + 1


def test_upsampling_keeps_positions(truth):
    """A spline goes through the measured voxels; the fine grid can leave out what lies behind the last."""
    restorer = prepare("upsample", GRID, method="Bicubic", grid=(31, 27))
    fine = restorer.restore(truth, 0.0).values
    assert opened("upsample", method="Bicubic").target == (32, 28)
    np.testing.assert_allclose(fine[:, ::2, ::2], truth, atol=1e-5)
    np.testing.assert_allclose(fine, interpolate(truth, (31, 27), 2), atol=1e-5)
    np.testing.assert_array_equal(restorer.at_measured(fine), fine[:, ::2, ::2])


def test_completion_looks_at_measured_voxels_only(noisy):
    accelerated = np.full_like(noisy, np.nan)
    accelerated[:, ::2, ::2] = noisy[:, ::2, ::2]
    for method in (None, "Bicubic (DCT-F first)"):
        completed = opened("complete", method=method).restore(accelerated).values
        coarse = opened("upsample", grid=(8, 7), method=method)
        expected = coarse.restore(noisy[:, ::2, ::2]).values
        np.testing.assert_allclose(completed, expected, atol=1e-6)
    regular = np.zeros(GRID, bool)
    regular[::2, ::2] = True
    opened("complete", known=regular)
    with pytest.raises(InputError, match="found another pattern, expected every k-th voxel"):
        opened("complete", known=~regular)


def test_inpainting_leaves_what_was_measured(truth):
    known = np.ones(GRID, bool)
    known[5:7, 3:9] = False
    lost = np.where(known, truth, np.nan).astype(np.complex64)
    restorer = opened("inpaint", known=known, method="Biharmonic")
    found = restorer.restore(lost, 0.0).values
    np.testing.assert_allclose(found[:, known], truth[:, known], atol=1e-6)
    assert psnr(found, truth) > 30
    np.testing.assert_array_equal(restorer.at_measured(found)[:, ~known], 0)


def test_nan_is_refused_by_its_component(noisy):
    broken = noisy.copy()
    broken[7, 3, 2] = np.nan
    blocks = (broken[:6], broken[6:])
    with pytest.raises(InputError, match="component 7: found NaN or infinity, expected finite values"):
        list(restore_blocks(blocks, opened(method="DCT-F")))


def test_a_grid_far_from_the_training_is_remarked(truth):
    del truth
    assert opened().remarks() == [] and opened(grid=(50, 20), method="DCT-F").remarks() == []
    (line,) = opened(grid=(50, 20)).remarks()
    assert "50 × 20 voxels" in line and "12 to 30" in line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"task": "sharpen"}, "task: found 'sharpen', expected one of denoise, inpaint, upsample, complete"),
        ({"method": "RND"}, "method: found 'RND', expected one of DCT-F"),
        ({"task": "upsample", "factor": 3}, "upsample: factor: found 3, expected 2 or 4 for 2 axes"),
        (
            {"task": "complete", "factor": 4, "grid": (8, 8, 8)},
            "complete: factor: found 4, expected 2 for 3 axes",
        ),
        ({"grid": (30, 1, 1)}, "denoise: found a matrix with 1 axes, expected 2 or 3"),
        ({"task": "inpaint"}, "known: found no mask"),
        ({"task": "inpaint", "known": np.ones((3, 3), bool)}, r"known: found bool \(3, 3\), expected bool"),
        ({"task": "inpaint", "known": np.zeros(GRID, bool)}, "known: found no measured voxel"),
        ({"known": np.ones(GRID, bool)}, "known: found a mask, expected none for denoise"),
        ({"device": "tpu"}, "device: found 'tpu', expected one of auto, cpu, gpu"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments, line):
    with pytest.raises(InputError, match=line) as caught:
        opened(**arguments)
    assert "\n" not in str(caught.value)


def test_finer_grids_have_one_meaning():
    with pytest.raises(InputError, match="expected one of which every k-th voxel, k = 2"):
        prepare("upsample", GRID, method="Bicubic", grid=(33, 28))
    # Three voxels of 9 could be every 3rd as well as every 4th.
    with pytest.raises(InputError, match="which fit several factors"):
        prepare("upsample", (3, 3), method="Bicubic", factor=4, grid=(9, 9))
    assert prepare("upsample", (3, 3), method="Bicubic", factor=4).target == (12, 12)


def test_a_change_beyond_the_noise_is_told(truth, noisy):
    right = opened(method="DCT-F").restore(noisy, SIGMA)
    assert right.change.max() < 1.1 and right.change.mean() > 0.7
    residual = (right.values - noisy).reshape(len(noisy), -1)
    np.testing.assert_allclose(
        right.change, np.sqrt(np.mean(np.abs(residual) ** 2, axis=1)) / SIGMA, rtol=1e-5
    )
    # A network does not look at the level: of a fifth of the noise, what it takes away is too much.
    assert (opened().restore(noisy, SIGMA / 5).change > 3).all()


@pytest.mark.parametrize("sigma", [-1.0, np.nan, np.inf])
def test_levels_that_are_none_are_refused(noisy, sigma):
    with pytest.raises(InputError, match="sigma: found a negative or not finite value"):
        opened(method="DCT-F").restore(noisy, sigma)


def test_one_level_a_component_over_all_blocks(noisy):
    level = np.linspace(0.5, 1.5, len(noisy)) * SIGMA
    restorer = opened(method="DCT-F")
    parts = list(restore_blocks((noisy[:10], noisy[10:]), restorer, level))
    np.testing.assert_allclose(
        np.concatenate([part.values for part in parts]), restorer.restore(noisy, level).values
    )
    with pytest.raises(
        InputError, match=r"sigma: found shape \(3,\), expected one number or one a component"
    ):
        list(restore_blocks((noisy[:10],), restorer, level[:3]))
