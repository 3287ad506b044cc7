import numpy as np
import pytest

from mpipipe.config.background import BackgroundConfig
from mpipipe.noise.background import complex_normal, noise_level, synthesise_background

FLAT = {"low_frequency_exponent": 0.0, "channel_spread": 0.0, "frequency_spread": 0.0}
WHITE = {**FLAT, "drift_level": 0.0, "jump_level": 0.0}
DRIFT = {**FLAT, "white_level": 0.0, "jump_level": 0.0, "drift_spread": 0.0, "drift_level": 1.0}


def draw(shape, seed=0, **knobs):
    channels, frequencies, frames = shape
    return synthesise_background(
        BackgroundConfig(**knobs), frames, channels, frequencies, np.random.default_rng(seed)
    )


def test_shape_dtype_and_seed():
    one, same, other = (draw((3, 5, 40), seed) for seed in (1, 1, 2))
    assert one.shape == (3, 5, 40)
    assert one.dtype == np.complex64
    assert one.tobytes() == same.tobytes()
    assert not np.array_equal(one, other)


def test_white_part_is_circular_uncorrelated_and_of_its_variance():
    series = draw((2, 50, 2000), **WHITE, white_level=1.7)
    count = series.size
    assert np.mean(np.abs(series) ** 2) == pytest.approx(1.7**2, rel=5 / np.sqrt(count))
    assert abs(np.mean(series**2)) < 5 * 1.7**2 * np.sqrt(2 / count)
    assert abs(np.mean(series[..., 1:] * series[..., :-1].conj())) < 5 * 1.7**2 / np.sqrt(count)


@pytest.mark.parametrize("model", ["mean_reverting", "random_walk"])
def test_drift_has_the_variogram_of_its_process(model):
    length, lags = 20.0, np.array([1, 5, 20, 60])
    series = draw((4, 500, 200), **DRIFT, drift_frames=(length, length), drift_model=model).reshape(2000, 200)
    measured = [np.mean(np.abs(series[:, lag:] - series[:, :-lag]) ** 2) for lag in lags]
    keep = np.exp(-1 / length)
    expected = 2 * (1 - keep**lags) if model == "mean_reverting" else (1 - keep**2) * lags
    np.testing.assert_allclose(measured, expected, rtol=0.06)


def test_mean_reverting_drift_is_stationary():
    series = draw((4, 1000, 60), **DRIFT, drift_frames=(30.0, 30.0)).reshape(4000, 60)
    power = np.mean(np.abs(series) ** 2, axis=0)
    np.testing.assert_allclose(power, 1, atol=5 / np.sqrt(4000))


def test_jumps_are_rare_and_shared_by_a_channel():
    quiet = {**FLAT, "white_level": 0.0, "drift_level": 0.0}
    series = draw((2, 30, 20000), **quiet, jumps_per_frame=0.002, jump_level=0.5)
    jumped = np.abs(np.diff(series, axis=-1)) > 1e-4
    for channel in jumped:
        assert np.array_equal(channel.any(axis=0), channel.mean(axis=0) > 0.9)
    first, second = jumped.any(axis=1)
    assert not np.array_equal(first, second)
    times = first.sum() + second.sum()
    assert abs(times - 80) < 5 * np.sqrt(80)
    sizes = np.diff(series, axis=-1)[jumped]
    assert np.mean(np.abs(sizes) ** 2) == pytest.approx(0.25, rel=5 / np.sqrt(len(sizes)))


def test_spectrum_rises_towards_low_frequencies_and_has_unit_mean_square():
    config = BackgroundConfig(
        channel_spread=0.0, frequency_spread=0.0, corner_fraction=0.1, low_frequency_exponent=1.0
    )
    level = noise_level(config, 3, 400, np.random.default_rng(0))
    assert np.mean(level.astype(float) ** 2) == pytest.approx(1, rel=1e-6)
    assert np.all(np.diff(level, axis=1) < 0)
    band = (np.arange(400) + 0.5) / 400
    ratio = (level[0, 10] / level[0, 300]) ** 2
    assert ratio == pytest.approx((1 + 0.1 / band[10]) / (1 + 0.1 / band[300]), rel=1e-5)


def test_complex_normal_has_unit_variance():
    draws = complex_normal(np.random.default_rng(3), (200_000,))
    assert draws.dtype == np.complex64
    assert np.var(draws.real) == pytest.approx(0.5, rel=0.02)
    assert np.var(draws.imag) == pytest.approx(0.5, rel=0.02)
