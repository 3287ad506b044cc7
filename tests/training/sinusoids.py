"""Noisy periods of sums of two odd sinusoids: what a small network denoises within a second."""

import numpy as np

TIME = 96


def clean_signals(count, seed=0, time=TIME):
    """Signals (item, time) of float32 with u[(T − k) mod T] = −u[k]."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(time) / time
    parts = [rng.uniform(0.5, 1.5, (count, 1)) * np.sin(harmonic * phase) for harmonic in (1, 3)]
    return np.sum(parts, axis=0).astype(np.float32)


def noisy_periods(count, seed=0, sigma=0.5, time=TIME):
    """Two periods of each scene (item, 2, time), with independent white noise."""
    noise = np.random.default_rng([seed, 1]).standard_normal((count, 2, time)).astype(np.float32)
    return clean_signals(count, seed, time)[:, None] + np.float32(sigma) * noise
