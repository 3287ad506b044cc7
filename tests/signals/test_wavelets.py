"""Wavelet shrinkage: exact transforms, thresholds against their definition, and what they do to noise."""

from typing import get_args

import numpy as np
import pytest
import pywt

from mpipipe.config.signal_filters import WaveletConfig, WaveletName
from mpipipe.signals.symmetry import fold
from mpipipe.signals.wavelets import WaveletFilter, shrink


def white(*shape):
    return np.random.default_rng(4).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("time", [4950, 9900, 99, 101, 128])
@pytest.mark.parametrize("level", [1, 3, 20])
def test_no_threshold_is_the_identity(time, level):
    signals = white(3, time)
    config = WaveletConfig(factor=0, level=level, shifts=3, fold=False)
    np.testing.assert_allclose(WaveletFilter(config).apply(signals), signals, atol=1e-5)


@pytest.mark.parametrize("wavelet", get_args(WaveletName))
def test_every_wavelet_exists_and_is_exact(wavelet):
    signals = white(2, 990)
    config = WaveletConfig(wavelet=wavelet, factor=0)
    np.testing.assert_allclose(shrink(signals, config), signals, atol=1e-5)


def haar_once(signal, factor, threshold):
    """One level of Haar by its definition."""
    low, high = (signal[::2] + signal[1::2]) / np.sqrt(2), (signal[::2] - signal[1::2]) / np.sqrt(2)
    limit = factor * np.median(np.abs(high)) / 0.6745
    size = (
        np.maximum(np.abs(high) - limit, 0) if threshold == "soft" else np.abs(high) * (np.abs(high) > limit)
    )
    high = np.sign(high) * size
    return np.stack([low + high, low - high], axis=1).ravel() / np.sqrt(2)


@pytest.mark.parametrize("threshold", ["soft", "hard"])
def test_thresholds_are_those_of_donoho_and_johnstone(threshold):
    signal = white(64)
    config = WaveletConfig(wavelet="haar", level=1, factor=1.3, threshold=threshold, shifts=1)
    np.testing.assert_allclose(shrink(signal[None], config)[0], haar_once(signal, 1.3, threshold), atol=1e-6)
    averaged = shrink(signal[None], config.model_copy(update={"shifts": 2}))[0]
    shifted = np.roll(haar_once(np.roll(signal, 1), 1.3, threshold), -1)
    np.testing.assert_allclose(averaged, (haar_once(signal, 1.3, threshold) + shifted) / 2, atol=1e-6)


def test_the_universal_threshold_leaves_the_approximation_of_noise():
    signals = white(50, 4096)
    config = WaveletConfig(level=6, factor=np.sqrt(2 * np.log(4096)), shifts=1, fold=False)
    left = WaveletFilter(config).apply(signals).var()
    # 64 of 4096 coefficients are approximation; 50 x 64 of them have a relative standard error of 2.5 %.
    assert left == pytest.approx(64 / 4096, rel=0.1)


def test_noise_goes_and_jumps_stay():
    step = np.where(np.arange(1000) < 500, 1.0, -1.0).astype(np.float32)
    noisy = step + 0.3 * white(20, 1000)
    found = shrink(noisy, WaveletConfig(wavelet="haar", level=5, factor=3, threshold="hard", shifts=8))
    assert ((found - step) ** 2).mean() < 0.15 * 0.3**2


def test_scale_carries_through_and_items_are_apart():
    signals = white(300, 128)
    config = WaveletConfig(level=3)
    together = WaveletFilter(config).apply(signals)
    np.testing.assert_allclose(
        WaveletFilter(config).apply(signals[270:271] * 8), together[270:271] * 8, rtol=1e-6
    )


def test_folding_comes_first():
    signals = white(3, 200)
    plain, folding = (WaveletFilter(WaveletConfig(fold=one)) for one in (False, True))
    np.testing.assert_array_equal(folding.apply(signals), plain.apply(fold(signals)))


def test_a_short_period_has_fewer_levels():
    assert pywt.dwt_max_level(20, pywt.Wavelet("sym8").dec_len) == 0
    signals = white(2, 20)
    np.testing.assert_array_equal(shrink(signals, WaveletConfig(wavelet="sym8", level=4, shifts=1)), signals)
