"""Signals of digits on a coarse grid, with noise."""

from functools import cache

import numpy as np

from mpipipe.config.digits import DigitsConfig
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.xspace import XSpaceSignal
from mpipipe.scenes.digits import draw_digits
from mpipipe.storage.digits import read_digit_sources

GRID = Grid(shape=(21, 21), field_of_view_mm=(101, 101))


def scanner(divider, waveform="cosine"):
    return Scanner(
        gradient_T_per_m=(0.4, 0.4, -0.8),
        drive_amplitude_mT=(20, 20, 0),
        divider=divider,
        base_frequency_Hz=2.475e6,
        waveform=waveform,
    )


CARTESIAN, LISSAJOUS = scanner((99, 4950, 1)), scanner((99, 100, 1))
SHORT = scanner((99, 990, 1))
SHORT_CYCLES, SHORT_TIME = 10, 990


@cache
def digit_signals(device, count, seed=0):
    """Noise-free signals (item, time) of the x coil."""
    config = DigitsConfig()
    scenes = draw_digits(read_digit_sources(config), count, GRID.shape, config, np.random.default_rng(seed))
    return XSpaceSignal.of(device, Particle(core_diameter_nm=30), GRID).signals(scenes)[:, 0]


def noisy(signals, snr_db, seed=0, tones=()):
    """Pairs of periods (item, 2, time) with white noise, and tones 5 dB below the signals, of random phases."""
    rng = np.random.default_rng(seed)
    items, time = signals.shape
    level = np.sqrt((signals**2).mean(axis=1))[:, None, None]
    noise = 10 ** (-snr_db / 20) * rng.standard_normal((items, 2, time))
    for tone in tones:
        phase = rng.uniform(0, 2 * np.pi, (items, 2, 1))
        amplitude = 10 ** (-5 / 20) * np.sqrt(2 / len(tones))
        noise += amplitude * np.cos(2 * np.pi * tone * np.arange(time) / time + phase)
    return (signals[:, None] + level * noise).astype(np.float32)
