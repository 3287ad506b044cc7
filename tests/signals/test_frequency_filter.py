"""Gains against the closed form of a stationary process, and against lists of frequencies."""

import numpy as np
import pytest

from mpipipe.config.signal_filters import BandPassConfig
from mpipipe.errors import InputError
from mpipipe.signals.frequency_filter import (
    BandPassFilter,
    FrequencyFilter,
    band_pass_gain,
    power_spectra,
    wiener_gain,
)
from mpipipe.signals.symmetry import fold

TIME = 240
SPECTRUM = 4.0 / (1 + (np.arange(TIME // 2 + 1) / 12) ** 2)
"""Power a frequency of the process, over that of the noise."""


def process(items, seed=0):
    """A stationary Gaussian process with the spectrum, and pairs of it with white noise of variance 1."""
    rng = np.random.default_rng(seed)
    u = np.fft.irfft(np.sqrt(SPECTRUM) * np.fft.rfft(rng.standard_normal((items, TIME))), TIME)
    return u, (u[:, None] + rng.standard_normal((items, 2, TIME))).astype(np.float32)


def mean_square_error(gain, seed=9):
    u, periods = process(2000, seed)
    estimate = FrequencyFilter(gain.astype(np.float32)).apply(periods[:, 0])
    return ((estimate - u) ** 2).mean()


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("noise_factor", [0.5, 1.0, 2.0])
def test_wiener_gain_is_the_closed_form(folded, noise_factor):
    _, periods = process(20000)
    found = wiener_gain(periods, noise_factor, folded=folded)
    expected = SPECTRUM / (SPECTRUM + noise_factor)
    inner = slice(1, TIME // 2)
    # At the edges the spectra have half as many independent numbers; a folded period has none.
    assert np.abs(found[inner] - expected[inner]).max() < 5 * 1.5 / np.sqrt(20000)
    if folded:
        assert found[0] == found[-1] == 0


def test_wiener_gain_has_the_least_error():
    _, periods = process(3000)
    errors = {factor: mean_square_error(wiener_gain(periods, factor)) for factor in (0.5, 1, 2)}
    assert min(errors, key=errors.get) == 1
    # What no filter can go below: N S/(S + N), summed over frequencies of both signs.
    least = SPECTRUM / (SPECTRUM + 1)
    bound = (2 * least.sum() - least[0] - least[-1]) / TIME
    assert errors[1] == pytest.approx(bound, rel=0.02)


def test_power_spectra_split_signal_and_noise():
    _, periods = process(20000)
    signal, noise = power_spectra(periods)
    # Both are relative to the mean square of the noisy signals.
    assert signal.sum() / noise.sum() == pytest.approx(SPECTRUM.mean(), rel=0.03)
    assert noise[1:-1].std() / noise.mean() < 0.03


def test_periods_without_noise_pass():
    u, _ = process(50)
    same = np.stack([fold(u)] * 2, axis=1).astype(np.float32)
    gain = wiener_gain(same, folded=True)
    np.testing.assert_allclose(gain[1:-1], 1, rtol=1e-5)
    np.testing.assert_allclose(FrequencyFilter(gain, folded=True).apply(same[:, 0]), same[:, 0], atol=1e-4)


def test_folding_comes_first():
    signals = process(3)[1][:, 0]
    passing = np.ones(TIME // 2 + 1, np.float32)
    np.testing.assert_allclose(FrequencyFilter(passing, folded=True).apply(signals), fold(signals), atol=1e-6)
    np.testing.assert_allclose(FrequencyFilter(passing).apply(signals), signals, atol=1e-6)


@pytest.mark.parametrize("half_width", [0, 1, 3, 7])
@pytest.mark.parametrize("harmonics", [1, 2, 6, 50])
def test_band_pass_passes_the_named_frequencies(harmonics, half_width):
    cycles = 20
    named = {
        n * cycles + offset
        for n in range(1, harmonics + 1)
        for offset in range(-half_width, half_width + 1)
        if n * cycles <= TIME // 2 or n * cycles + offset <= TIME // 2
    }
    expected = [float(index in named) for index in range(TIME // 2 + 1)]
    np.testing.assert_array_equal(band_pass_gain(TIME, cycles, harmonics, half_width), expected)


def test_band_pass_keeps_harmonics_and_removes_what_lies_between():
    k = np.arange(TIME)
    harmonics = np.sin(2 * np.pi * 20 * k / TIME) + np.sin(2 * np.pi * 41 * k / TIME)
    between = np.sin(2 * np.pi * 30 * k / TIME) + 0.7 + np.sin(2 * np.pi * 60 * k / TIME)
    band_pass = BandPassFilter(BandPassConfig(harmonics=2, half_width=1, fold=False), cycles=20)
    found = band_pass.apply((harmonics + between)[None].astype(np.float32))
    np.testing.assert_allclose(found[0], harmonics, atol=2e-6)


@pytest.mark.parametrize(
    ("cycles", "harmonics", "half_width"), [(0, 1, 1), (121, 1, 1), (20, 0, 1), (20, 1, -1)]
)
def test_impossible_bands_are_refused(cycles, harmonics, half_width):
    with pytest.raises(InputError, match=f"^band-pass: found {cycles} cycles, {harmonics} harmonics"):
        band_pass_gain(TIME, cycles, harmonics, half_width)


def test_periods_of_another_length_are_refused():
    with pytest.raises(InputError, match=r"^signals: found 238 samples, 120 frequencies, expected 121"):
        FrequencyFilter(np.ones(121, np.float32)).apply(np.ones((1, 238), np.float32))
