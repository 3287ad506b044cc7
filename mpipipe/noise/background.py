"""Synthetic empty-frame series of a scanner.

A measured system matrix holds, beside the particle signal, thermal noise, a background that drifts, and
abrupt changes (Tsanda 2025, section 3.2, after Paysen et al. 2020). Voxels are calibrated one after another,
so what varies slowly in time is structure in space. The series here has these three parts and the array
shape of a measured one, so both are used alike.
"""

from math import log

import numpy as np
import numpy.typing as npt

from mpipipe.config.background import BackgroundConfig

Complex = npt.NDArray[np.complex64]
Real = npt.NDArray[np.float32]


def synthesise_background(
    config: BackgroundConfig,
    num_frames: int,
    num_channels: int,
    num_frequencies: int,
    rng: np.random.Generator,
) -> Complex:
    r"""Draw a series of empty frames: white noise, slow drift and rare jumps, coloured over the band.

    .. math:: n_{c,f}(t) = l_{c,f} \, (a_w w_{c,f}(t) + a_d d_{c,f}(t) + a_j j_{c,f}(t))

    Parameters
    ----------
    config : BackgroundConfig
        Levels, correlation lengths and spectrum.
    num_frames, num_channels, num_frequencies : int
        Size of the series.
    rng : numpy.random.Generator
        Source of randomness; the same state gives the same bytes.

    Returns
    -------
    (channel, frequency, frame) ndarray of complex64
        Series relative to the mean noise level of the scanner.
    """
    shape = (num_channels, num_frequencies, num_frames)
    level = noise_level(config, num_channels, num_frequencies, rng)
    series = np.float32(config.white_level) * complex_normal(rng, shape)
    if config.drift_level > 0:
        series += _drift(config, shape, rng)
    if config.jump_level > 0 and config.jumps_per_frame > 0:
        series += _jumps(config, shape, rng)
    series *= level[..., None]
    return series


def complex_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Complex:
    """Draw circular complex Gaussian noise of unit variance, complex64."""
    pairs = rng.standard_normal((*shape, 2), dtype=np.float32)
    pairs *= np.float32(np.sqrt(0.5))
    return pairs.view(np.complex64)[..., 0]


def noise_level(
    config: BackgroundConfig, num_channels: int, num_frequencies: int, rng: np.random.Generator
) -> Real:
    """Return the noise level of each component, with unit mean square.

    The power is flat above the corner and rises as ``(corner/f)**exponent`` below it; channels and
    frequencies scatter log-normally around that.

    Returns
    -------
    (channel, frequency) ndarray of float32
    """
    band = (np.arange(num_frequencies) + 0.5) / num_frequencies
    power = 1 + (config.corner_fraction / band) ** config.low_frequency_exponent
    channel = np.exp(config.channel_spread * rng.standard_normal((num_channels, 1)))
    scatter = np.exp(config.frequency_spread * rng.standard_normal((num_channels, num_frequencies)))
    level = channel * scatter * np.sqrt(power)
    return np.asarray(level / np.sqrt(np.mean(level**2)), np.float32)


def _drift(config: BackgroundConfig, shape: tuple[int, int, int], rng: np.random.Generator) -> Complex:
    """Return a first-order autoregressive drift, the exactly sampled Ornstein-Uhlenbeck process."""
    channels, frequencies, frames = shape
    components = channels * frequencies
    length = np.exp(rng.uniform(log(config.drift_frames[0]), log(config.drift_frames[1]), components))
    level = config.drift_level * np.exp(config.drift_spread * rng.standard_normal(components))
    keep = np.exp(-1 / length)
    step = (level * np.sqrt(1 - keep**2)).astype(np.float32)
    walks = config.drift_model == "random_walk"
    keep = np.ones_like(step) if walks else keep.astype(np.float32)
    drift = complex_normal(rng, (frames, components))
    drift[0] *= np.zeros_like(step) if walks else level.astype(np.float32)
    for frame in range(1, frames):
        drift[frame] = keep * drift[frame - 1] + step * drift[frame]
    return np.ascontiguousarray(drift.T).reshape(shape)


def _jumps(config: BackgroundConfig, shape: tuple[int, int, int], rng: np.random.Generator) -> Complex:
    """Return steps at random frames, the same for all frequencies of a channel, by different amounts."""
    channels, frequencies, frames = shape
    jumps = np.zeros(shape, np.complex64)
    for channel in range(channels):
        when = np.flatnonzero(rng.random(frames) < config.jumps_per_frame)
        steps = np.float32(config.jump_level) * complex_normal(rng, (frequencies, len(when)))
        jumps[channel][:, when] = steps
    return np.cumsum(jumps, axis=-1, dtype=np.complex64)
