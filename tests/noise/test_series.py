import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.noise.series import BackgroundSeries, draw_background


def ramp(components, frames):
    """Series whose frames say their number, with the mean removed."""
    frame = np.arange(frames) - (frames - 1) / 2
    return (np.arange(1, components + 1)[:, None] * frame).astype(np.complex64)


@settings(deadline=None, max_examples=40)
@given(
    grid=st.one_of(st.tuples(*[st.integers(2, 9)] * 2), st.tuples(*[st.integers(2, 5)] * 3)),
    sigma=st.floats(1e-3, 10),
    seed=st.integers(0, 2**32),
)
def test_rms_is_sigma_and_psnr_is_minus_20_log_sigma(grid, sigma, seed):
    rng = np.random.default_rng(seed)
    series = (rng.normal(size=(4, 150)) + 1j * rng.normal(size=(4, 150)) + 7).astype(np.complex64)
    noise = draw_background(series, grid, sigma, rng)
    assert noise.shape == (4, *grid)
    assert noise.dtype == np.complex64
    mean_square = np.mean(np.abs(noise.astype(complex)) ** 2, axis=tuple(range(1, noise.ndim)))
    np.testing.assert_allclose(-10 * np.log10(mean_square), -20 * np.log10(sigma), atol=1e-4)


def test_sigma_by_component():
    sigma = np.array([0.1, 0.5, 2.0])
    noise = draw_background(ramp(3, 100), (5, 6), sigma, np.random.default_rng(0))
    np.testing.assert_allclose(np.sqrt(np.mean(np.abs(noise) ** 2, axis=(1, 2))), sigma, rtol=1e-6)


@pytest.mark.parametrize("grid", [(3, 4), (3, 4, 5)])
def test_frames_lie_in_scan_order_x_fastest(grid):
    noise = draw_background(ramp(2, 90), grid, 1.0, np.random.default_rng(1))
    scanned = noise[0].real.flatten(order="F")
    steps = np.diff(scanned)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)
    assert steps[0] > 0


def test_components_of_a_call_share_their_frames():
    noise = draw_background(ramp(3, 500), (4, 4), 1.0, np.random.default_rng(2))
    np.testing.assert_allclose(noise[0], noise[2], rtol=1e-5)


def test_one_row_equals_a_batch_of_one():
    series = ramp(1, 64)
    one = draw_background(series[0], (4, 4), 0.3, np.random.default_rng(3))
    assert np.array_equal(one, draw_background(series, (4, 4), 0.3, np.random.default_rng(3))[0])


def test_every_start_is_reached():
    firsts = {
        round(float(draw_background(ramp(1, 6)[0], (2, 2), 1.0, np.random.default_rng(s))[0, 0].real), 3)
        for s in range(60)
    }
    assert len(firsts) == 3


def test_short_series_is_refused_with_both_lengths():
    with pytest.raises(InputError, match=r"found 15 frames, expected at least 16"):
        draw_background(ramp(2, 15), (4, 4), 0.1, np.random.default_rng(0))


def test_series_without_noise_is_refused():
    with pytest.raises(InputError, match="without noise"):
        draw_background(np.ones((1, 30), np.complex64), (2, 2), 0.1, np.random.default_rng(0))


def test_background_series_corrects_the_mean_and_finds_components():
    values = np.random.default_rng(4).normal(size=(2, 6, 40)).astype(np.complex64) + 3
    series = BackgroundSeries(values)
    np.testing.assert_allclose(series.values.mean(axis=-1), 0, atol=1e-6)
    rows = series.components(np.array([1, 0]), np.array([5, 2]))
    np.testing.assert_allclose(rows[0], values[1, 5] - values[1, 5].mean(), atol=1e-5)
    np.testing.assert_allclose(rows[1], values[0, 2] - values[0, 2].mean(), atol=1e-5)


def test_a_coarser_series_serves_the_whole_band():
    values = np.random.default_rng(5).normal(size=(1, 4, 10)).astype(np.complex64)
    series = BackgroundSeries(values, num_frequencies=100)
    assert series.row(np.zeros(4, int), np.array([0, 24, 25, 99])).tolist() == [0, 0, 1, 3]


@pytest.mark.parametrize(("channel", "frequency"), [(2, 0), (0, 6)])
def test_components_beyond_the_series_are_refused(channel, frequency):
    series = BackgroundSeries(np.random.default_rng(0).normal(size=(2, 6, 9)).astype(np.complex64))
    with pytest.raises(InputError, match=r"expected below \(2, 6\)"):
        series.row(np.array([channel]), np.array([frequency]))


@pytest.mark.parametrize(
    ("values", "said"),
    [(np.ones((3, 4)), "expected .channel"), (np.full((1, 2, 3), np.nan), "NaN or infinity")],
)
def test_bad_series_are_refused(values, said):
    with pytest.raises(InputError, match=said):
        BackgroundSeries(values.astype(np.complex64))
