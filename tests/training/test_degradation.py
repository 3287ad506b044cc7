import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.config.networks import DnCNNConfig, SMRnetConfig
from mpipipe.config.train import DegradationConfig, MissingConfig, TrainConfig
from mpipipe.errors import InputError
from mpipipe.noise.series import BackgroundSeries
from mpipipe.training.batch import from_channels, to_channels
from mpipipe.training.degradation import cut_background, degrade
from mpipipe.training.placement import patch_of, place
from tests.training.waves import CHANNELS, FREQUENCIES, WaveSource


def make(background, seed=0, patch=15, chosen=None, largest=(10, 12), network=None, **knobs):
    components = WaveSource((24,), largest=largest).read_chunk(0)
    chosen = np.arange(24) if chosen is None else chosen
    network = network or DnCNNConfig(depth=3, width=4)
    config = TrainConfig(network=network, degradation=DegradationConfig(patch=patch, **knobs))
    return components, degrade(components, chosen, background, config, np.random.default_rng(seed))


def test_shapes_and_zero_padding(background):
    _, batch = make(background)
    assert batch.observed.shape == batch.truth.shape == (24, 2, 15, 15)
    assert batch.valid.shape == (24, 1, 15, 15)
    assert {field.dtype for field in batch} == {torch.float32}
    assert torch.all(batch.observed * (1 - batch.valid) == 0)
    assert torch.all(batch.truth * (1 - batch.valid) == 0)


def test_grid_is_where_the_mask_says(background):
    components, batch = make(background)
    assert batch.valid.sum(dim=(1, 2, 3)).tolist() == components.grid_shape.prod(axis=1).tolist()


def test_noisy_image_has_unit_maximum_and_noise_its_sigma(background):
    _, batch = make(background, sigma_range=(0.01, 0.4))
    peak = batch.observed.square().sum(1).sqrt().amax(dim=(1, 2))
    torch.testing.assert_close(peak, torch.ones(24), rtol=1e-5, atol=0)
    noise = (batch.observed - batch.truth).square().sum(1).sum(dim=(1, 2))
    rms = (noise / batch.valid.sum(dim=(1, 2, 3))).sqrt()
    torch.testing.assert_close(rms, batch.sigma, rtol=1e-4, atol=1e-6)


def test_truth_is_the_component_times_one_complex_number(background):
    components, batch = make(background)
    truth = from_channels(batch.truth)
    for index, grid in enumerate(components.grid_shape):
        own = components.values[index][tuple(slice(0, n) for n in grid)]
        placed = truth[index][batch.valid[index, 0].numpy() > 0].reshape(tuple(grid))
        factor = np.vdot(own, placed) / np.vdot(own, own)
        np.testing.assert_allclose(placed, factor * own, atol=1e-6)


def test_sigma_over_scale_stays_in_its_ranges(background):
    knobs = {"sigma_range": (0.1, 0.2), "scale_range": (0.5, 0.8)}
    _, batch = make(background, **knobs)
    peak = batch.truth.square().sum(1).sqrt().amax(dim=(1, 2))
    ratio = batch.sigma / peak  # σ over scale; the common factor cancels
    assert ratio.min() > 0.1 / 0.8 * (1 - 1e-5)
    assert ratio.max() < 0.2 / 0.5 * (1 + 1e-5)


def test_phases_are_uniform_and_aligned_ones_real(background):
    chosen = np.zeros(2000, int)
    components, batch = make(background, chosen=chosen)
    own = components.values[0][tuple(slice(0, n) for n in components.grid_shape[0])]
    truth = from_channels(batch.truth)
    corner = np.array(
        [image[mask > 0][0] for image, mask in zip(truth, batch.valid[:, 0].numpy(), strict=True)]
    )
    turned = np.exp(1j * np.angle(corner / own.flat[0]))
    assert abs(turned.mean()) < 5 / np.sqrt(2000)
    assert abs((turned**2).mean()) < 5 / np.sqrt(2000)
    _, aligned = make(background, chosen=chosen, phase="aligned", sigma_range=(1e-6, 1e-6))
    assert aligned.truth[:, 1].abs().max() < 1e-5
    squares = (from_channels(aligned.observed) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(squares.imag, 0, atol=1e-4)


def test_noise_is_cut_from_the_components_own_series_in_scan_order():
    frames = 400
    number = np.arange(frames) - (frames - 1) / 2
    series = np.zeros((CHANNELS, FREQUENCIES, frames), np.complex64)
    series[1, 3], series[0, 7] = number, 1j * number
    background = BackgroundSeries(series)
    grids = np.array([[5, 6], [4, 7]])
    placement = place(grids, (8, 9), np.random.default_rng(0))
    row = background.row(np.array([1, 0]), np.array([3, 7]))
    noise = cut_background(background, row, placement, np.array([0.5, 2.0]), np.random.default_rng(1))
    for image, valid, grid, part in zip(noise, placement.valid, grids, (np.real, np.imag), strict=True):
        scanned = part(image[valid].reshape(grid)).flatten(order="F")
        np.testing.assert_allclose(np.diff(scanned), np.diff(scanned)[0], rtol=1e-3)
        assert np.all(image[~valid] == 0)
    assert np.all(noise[0].imag == 0)
    assert np.all(noise[1].real == 0)


def test_offsets_reach_every_place():
    grids = np.tile([3, 4], (500, 1))
    placement = place(grids, (5, 6), np.random.default_rng(0))
    first = {tuple(np.argwhere(valid)[0]) for valid in placement.valid}
    assert first == {(i, j) for i in range(3) for j in range(3)}


@settings(deadline=None, max_examples=30)
@given(
    grid=st.tuples(*[st.integers(1, 6)] * 3),
    room=st.tuples(*[st.integers(0, 3)] * 3),
    seed=st.integers(0, 99),
)
def test_gather_moves_the_grid_and_nothing_else(grid, room, seed):
    rng = np.random.default_rng(seed)
    values = np.full((2, 7, 7, 7), np.nan, np.complex64)
    own = (slice(None), *(slice(0, n) for n in grid))
    values[own] = rng.normal(size=(2, *grid))
    patch = tuple(n + r for n, r in zip(grid, room, strict=True))
    placement = place(np.tile(grid, (2, 1)), patch, rng)
    placed = placement.gather(values)
    assert placed.shape == (2, *patch)
    for index in range(2):
        assert np.array_equal(placed[index][placement.valid[index]].reshape(grid), values[own][index])
        assert np.all(placed[index][~placement.valid[index]] == 0)


@pytest.mark.parametrize("step", [1, 2])
def test_chosen_components_are_gathered(step):
    values = np.random.default_rng(0).normal(size=(5, 6, 8)).astype(np.complex64)[:, ::step, ::step]
    chosen = np.array([3, 0, 3], np.int32)
    placement = place(np.array([[3, 4], [2, 2], [1, 4]]), (5, 6), np.random.default_rng(1))
    expected = placement.gather(np.ascontiguousarray(values[chosen]))
    assert np.array_equal(placement.gather(values, chosen), expected)


@pytest.mark.parametrize("chosen", [[0, 5], [-1, 0]])
def test_a_choice_beyond_the_components_is_refused(chosen):
    placement = place(np.array([[2, 2], [2, 2]]), (3, 3), None)
    with pytest.raises(InputError, match="components: found 5, expected those at"):
        placement.gather(np.zeros((5, 2, 2), np.complex64), np.array(chosen))


def test_grid_beyond_the_patch_is_refused():
    with pytest.raises(
        InputError, match=r"found \(8, 8\) voxels, expected at least the largest grid \(9, 4\)"
    ):
        place(np.array([[9, 4]]), (8, 8), None)


def test_channels_round_trip():
    image = (np.arange(24).reshape(2, 3, 4) * (1 - 2j)).astype(np.complex64)
    channels = to_channels(image)
    assert channels.shape == (2, 2, 3, 4)
    assert np.array_equal(from_channels(channels), image)


def test_patches_of_similar_grids():
    assert patch_of(DegradationConfig(patch=32), (12, 17)) == (32, 32)
    assert patch_of(DegradationConfig(patch=32, patch_step=6), (12, 17)) == (12, 18)


def test_3d(background):
    _, batch = make(background, patch=9, largest=(7, 6, 8))
    assert batch.observed.shape == (24, 2, 9, 9, 9)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("largest", [(11, 13), (9, 7, 8)])
def test_clean_measured_voxels_are_every_kth_of_the_truth_in_its_place(background, factor, largest):
    network = SMRnetConfig(factor=factor)
    components, batch = make(background, patch=8, largest=largest, network=network, noise_free=1.0)
    dims = len(largest)
    every = (slice(None), slice(None), *(slice(None, None, factor),) * dims)
    assert batch.observed.shape[2:] == (8,) * dims
    assert batch.truth.shape[2:] == (8 * factor,) * dims
    assert torch.equal(batch.valid[every], batch.measured)
    torch.testing.assert_close(batch.truth[every], batch.observed, rtol=0, atol=1e-6)
    axes = tuple(range(1, dims + 2))
    measured = -(-components.grid_shape // factor)
    assert batch.measured.sum(axes).tolist() == measured.prod(axis=1).tolist()
    assert batch.valid.sum(axes).tolist() == components.grid_shape.prod(axis=1).tolist()
    corners = {tuple(np.argwhere(mask)[0][1:]) for mask in batch.measured.numpy() > 0}
    assert len(corners) > 4  # the offsets are drawn


def test_noise_on_every_kth_voxel_has_its_sigma(background):
    _, batch = make(background, patch=8, network=SMRnetConfig(factor=2), sigma_range=(0.01, 0.4))
    error = (batch.observed - batch.truth[..., ::2, ::2]).square().sum(dim=(1, 2, 3))
    rms = (error / batch.measured.sum(dim=(1, 2, 3))).sqrt()
    torch.testing.assert_close(rms, batch.sigma, rtol=1e-4, atol=1e-6)


def test_a_fraction_of_the_samples_is_free_of_noise(background):
    _, batch = make(background, chosen=np.arange(4000) % 24, noise_free=0.3)
    clean = batch.sigma == 0
    assert abs(clean.float().mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 4000)
    equal = (batch.observed - batch.truth).abs().amax(dim=(1, 2, 3)) < 1e-6
    assert torch.equal(equal, clean)


def test_missing_voxels_are_blocks_of_each_grid(background):
    knobs = {"missing": MissingConfig(ratio=(0.1, 0.2), blocks=(1, 1))}
    components, batch = make(background, **knobs)
    voxels = torch.from_numpy(components.grid_shape.prod(axis=1))
    lost = batch.valid.sum(dim=(1, 2, 3)) - batch.measured.sum(dim=(1, 2, 3))
    assert torch.all(batch.measured <= batch.valid)
    assert torch.all((lost - 0.15 * voxels).abs() <= 0.05 * voxels + 0.5)
    assert torch.all(batch.observed * (1 - batch.measured) == 0)
    assert torch.any(batch.truth * (batch.valid - batch.measured) != 0)
    peak = batch.observed.square().sum(1).sqrt().amax(dim=(1, 2))
    torch.testing.assert_close(peak, torch.ones(24), rtol=1e-5, atol=0)


def test_noise_does_not_depend_on_what_is_missing(background):
    """The background is cut over the whole grid, as a calibration that went wrong in parts would be."""
    knobs = {"sigma_range": (0.1, 0.4), "scale_range": (1.0, 1.0)}
    _, complete = make(background, **knobs)
    _, holed = make(background, missing=MissingConfig(), **knobs)
    kept = holed.measured * holed.peak.view(-1, 1, 1, 1)
    whole = complete.observed * holed.measured * complete.peak.view(-1, 1, 1, 1)
    torch.testing.assert_close(holed.observed * kept, whole, rtol=0, atol=1e-5)


def test_crops_keep_observation_and_truth_together(background):
    _, batch = make(background, patch=8, network=SMRnetConfig(factor=2), noise_free=1.0, crop=3)
    assert batch.observed.shape[2:] == (3, 3)
    assert batch.truth.shape[2:] == (6, 6)
    torch.testing.assert_close(batch.truth[..., ::2, ::2], batch.observed, rtol=0, atol=1e-6)
    assert torch.equal(batch.valid[..., ::2, ::2], batch.measured)
    assert batch.observed.abs().amax() > 0.3


def test_what_does_not_reach_over_a_grid_is_refused():
    placement = place(np.array([[3, 4], [2, 2]]), (5, 5), None)
    with pytest.raises(
        InputError, match=r"components: found shape \(2, 3, 3\), expected at least \(2, 3, 4\)"
    ):
        placement.gather(np.zeros((2, 3, 3), np.complex64))
    with pytest.raises(InputError, match=r"components: found shape \(1, 3, 4\)"):
        placement.gather(np.zeros((1, 3, 4), np.complex64))
    with pytest.raises(InputError, match="background series: found 15 frames, expected 16 or more"):
        placement.lay_frames(np.zeros(15, np.complex64), np.array([4, 0]))
