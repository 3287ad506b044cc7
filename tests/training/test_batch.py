import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.config.networks import SMRnetConfig
from mpipipe.config.train import DegradationConfig, TrainConfig
from mpipipe.restoration.splines import interpolate
from mpipipe.training.batch import Batch, crop_batch, from_channels, spline_base
from mpipipe.training.degradation import place_centred, to_batch
from mpipipe.training.placement import place
from tests.training.networks import noise, tiny_config


def placed(grids, factor, room, seed=0):
    """Coarse and fine places of grids in patches that are larger by `room`."""
    rng = np.random.default_rng(seed)
    grids = np.array(grids)
    coarse = place(-(-grids // factor), tuple(-(-grids.max(axis=0) // factor) + room), rng)
    return coarse, coarse.refined(factor, grids)


def window(placement, index):
    own = zip(placement.offset[index], placement.grid_shape[index], strict=True)
    return tuple(slice(int(first), int(first + size)) for first, size in own)


@settings(deadline=None, max_examples=40)
@given(
    grids=st.one_of(
        st.lists(st.tuples(*[st.integers(1, 13)] * 2), min_size=1, max_size=5),
        st.lists(st.tuples(*[st.integers(1, 7)] * 3), min_size=1, max_size=3),
    ),
    factor=st.sampled_from([1, 2, 3, 4]),
    room=st.integers(0, 3),
)
def test_spline_base_is_the_spline_of_each_grid_at_its_place(grids, factor, room):
    coarse, fine = placed(grids, factor, room)
    observed = np.where(coarse.valid, noise((len(grids), *coarse.patch)), np.complex64(0))
    base = spline_base(observed, coarse, fine, factor)
    assert base.shape == (len(grids), *fine.patch)
    for index, grid in enumerate(grids):
        own = interpolate(observed[(index, *window(coarse, index))][None], grid, factor)[0]
        np.testing.assert_allclose(base[(index, *window(fine, index))], own, atol=2e-5)
    assert np.all(base[~fine.valid] == 0)


def numbered(coarse, fine):
    """A batch whose images hold the coordinates of their voxels in the patch."""

    def image(patch):
        first, second = np.meshgrid(*(np.arange(n) for n in patch[:2]), indexing="ij")
        pair = np.stack([first, second]).reshape(2, *patch[:2], *(1,) * (len(patch) - 2))
        return torch.from_numpy(np.tile(pair, (3, 1, 1, 1, *patch[2:]))).float()

    small, large = image(coarse), image(fine)
    one = torch.ones(3)
    return Batch(small, small[:, :1] + 7, large, large[:, 1:] + 9, large * 2, one, one)


@pytest.mark.parametrize("patch", [(9, 7), (6, 8, 5)])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_windows_of_all_images_stay_aligned(patch, factor):
    whole = numbered(patch, tuple(n * factor for n in patch))
    cut = crop_batch(whole, 4, np.random.default_rng(2))
    assert cut.observed.shape[2:] == cut.measured.shape[2:] == (4,) * len(patch)
    assert cut.truth.shape[2:] == cut.valid.shape[2:] == cut.base.shape[2:] == (4 * factor,) * len(patch)
    every = (slice(None), slice(None), *(slice(None, None, factor),) * len(patch))
    assert torch.equal(cut.truth[every], factor * cut.observed)
    assert torch.equal(cut.measured - 7, cut.observed[:, :1])
    assert torch.equal(cut.valid - 9, cut.truth[:, 1:])
    assert torch.equal(cut.base, 2 * cut.truth)
    assert len({tuple(image[(slice(None), *(0,) * len(patch))].tolist()) for image in cut.observed}) > 1


def test_a_window_beyond_the_patch_is_the_patch_and_no_base_stays_none():
    whole = numbered((3, 9), (6, 18))._replace(base=torch.zeros(()))
    cut = crop_batch(whole, 5, np.random.default_rng(0))
    assert cut.observed.shape == (3, 2, 3, 5)
    assert cut.truth.shape == (3, 2, 6, 10)
    assert cut.base.ndim == 0


def test_windows_reach_every_place():
    whole = numbered((6, 7), (6, 7))
    cuts = [crop_batch(whole, 4, np.random.default_rng(seed)).observed[:, :, 0, 0] for seed in range(60)]
    assert {tuple(first.tolist()) for first in torch.cat(cuts)} == {
        (i, j) for i in range(3) for j in range(4)
    }


def made(config, count=3, seed=0, junk=0.0, level=1.0):
    """A batch of equal grids of which a quarter is missing, and what it was made of."""
    rng, grid = np.random.default_rng(seed), (7, 9)
    coarse, fine = place_centred(grid, count, config)
    truth = np.where(fine.valid, noise((count, *fine.patch), 1), np.complex64(0))
    observed = level * np.where(coarse.valid, noise((count, *coarse.patch), 2), np.complex64(0))
    measured = coarse.valid & (rng.random(coarse.valid.shape[:1] + coarse.patch) > 0.25)
    holed = np.where(measured, observed, np.complex64(junk))
    batch = to_batch(truth, holed.astype(np.complex64), measured, np.full(count, 0.2), coarse, fine, config)
    return batch, truth, observed, measured


@pytest.mark.parametrize("phase", ["random", "aligned"])
def test_all_is_over_the_maximum_of_what_was_measured(phase):
    batch, truth, observed, measured = made(tiny_config("PConvUNet", phase=phase), level=5.0)
    peak = np.array([np.abs(image[mask]).max() for image, mask in zip(observed, measured, strict=True)])
    np.testing.assert_allclose(batch.peak, peak, rtol=1e-6)
    np.testing.assert_allclose(batch.sigma, 0.2 / peak, rtol=1e-6)
    assert np.array_equal(batch.measured[:, 0].numpy() > 0, measured)
    assert np.all(from_channels(batch.observed)[~measured] == 0)
    for index in range(3):
        own = from_channels(batch.truth)[index]
        factor = np.vdot(truth[index], own) / np.vdot(truth[index], truth[index])
        assert abs(factor) == pytest.approx(1 / peak[index], rel=1e-5)
        np.testing.assert_allclose(own, factor * truth[index], atol=1e-5)
        seen = from_channels(batch.observed)[index][measured[index]]
        np.testing.assert_allclose(seen, factor * observed[index][measured[index]], atol=1e-5)
        squares = np.sum(seen.astype(complex) ** 2)
        angle = np.angle(factor) if phase == "random" else np.angle(squares)
        assert angle == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("junk", [1e6, np.nan, np.inf])
def test_missing_voxels_never_matter(junk):
    config = tiny_config("PConvUNet", phase="aligned")
    one, other = made(config)[0], made(config, junk=junk)[0]
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_base_is_there_on_request_only():
    config = TrainConfig(network=SMRnetConfig(factor=2), degradation=DegradationConfig(patch=6))
    grid = (9, 11)
    coarse, fine = place_centred(grid, 2, config)
    truth, observed = noise((2, *fine.patch)), np.where(coarse.valid, noise((2, 6, 6)), np.complex64(0))
    parts = truth, observed, coarse.valid, np.full(2, 0.1), coarse, fine
    assert to_batch(*parts, config).base.shape == ()
    batch = to_batch(*parts, config.model_copy(update={"residual": "spline"}))
    inner = (slice(None), *window(coarse, 0))
    expected = interpolate(from_channels(batch.observed)[inner], grid, 2)
    found = from_channels(batch.base)[(slice(None), *window(fine, 0))]
    np.testing.assert_allclose(found, expected, atol=1e-5)
