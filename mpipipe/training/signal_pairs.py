"""Pairs of a noisy input and a noisy target, drawn from two noisy periods of each scene."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mpipipe.errors import InputError
from mpipipe.training.pairs import Pairs

Signals = npt.NDArray[np.float32]
PERIODS = 2


class Noise2NoisePairs:
    """One period is the input and the other the target, in random order (Lehtinen et al., ICML 2018; eq. 1)."""

    def __init__(self, *, mirror: bool = False) -> None:
        """Choose.

        Parameters
        ----------
        mirror : bool
            Mirror pairs at random, see `mirrored`.
        """
        self._mirror = mirror

    def __call__(self, periods: Signals, rng: np.random.Generator) -> Pairs:
        """Return pairs of periods ``(batch, 2, time)``."""
        first = rng.integers(PERIODS, size=len(periods))
        items = np.arange(len(periods))
        chosen = np.stack([periods[items, first], periods[items, 1 - first]], axis=1)
        return normalised_pairs(_mirrored_at_random(chosen, rng) if self._mirror else chosen)


class RecorruptedPairs:
    """Input and target are one period with noise that makes theirs independent (Pang et al., CVPR 2021).

    Of ``y = u + n`` with Gaussian n of standard deviation σ, and z of unit variance, the input is ``y + r σ z`` and the
    target ``y − σ z / r``: the covariance of their noise is ``σ² − σ² = 0``. Either period of a scene is y, so all that
    was measured is used.
    """

    def __init__(self, recorruption: float, *, mirror: bool = False) -> None:
        """Choose.

        Parameters
        ----------
        recorruption : float
            Factor r, greater than 0.
        mirror : bool
            Mirror periods at random, see `mirrored`.
        """
        self._recorruption, self._mirror = np.float32(recorruption), mirror

    def __call__(self, periods: Signals, rng: np.random.Generator) -> Pairs:
        """Return pairs of periods ``(batch, 2, time)`` over the standard deviation of their noise."""
        chosen = periods[np.arange(len(periods)), rng.integers(PERIODS, size=len(periods))]
        if self._mirror:
            chosen = _mirrored_at_random(chosen, rng)
        noise = rng.standard_normal(chosen.shape, dtype=np.float32)
        r = self._recorruption
        return normalised_pairs(np.stack([chosen + r * noise, chosen - noise / r], axis=1))


def mirrored(signals: Signals) -> Signals:
    """Return ``−u[(T − k) mod T]`` of signals ``(…, time)``: a signal of the symmetric drive stays as it is."""
    return -np.roll(signals[..., ::-1], 1, axis=-1)


def signal_rms(signals: Signals) -> Signals:
    """Return the root mean square ``(…, 1)`` of signals ``(…, time)``; 1 where a signal is zero, which stays zero."""
    square = np.square(signals, dtype=np.float64).mean(axis=-1, keepdims=True)
    rms: Signals = np.sqrt(np.where(square > 0, square, 1)).astype(np.float32)
    return rms


def normalised_pairs(stacked: Signals) -> Pairs:
    """Return input and target ``(item, time)`` of ``(item, 2, time)``, both over the root mean square of the input."""
    scaled = stacked / signal_rms(stacked[:, :1])
    return Pairs(torch.from_numpy(scaled[:, 0].copy()), torch.from_numpy(scaled[:, 1].copy()))


def check_periods(name: str, periods: npt.NDArray[Any]) -> Signals:
    """Return periods ``(item, 2, time)`` of float32.

    Raises
    ------
    InputError
        When axes do not fit, a value is not finite, or a period is constant.
    """
    array = np.asarray(periods, np.float32)
    if array.ndim != 3 or array.shape[1] != PERIODS or array.shape[2] < 2:
        raise InputError(
            f"{name}: found shape {array.shape}, expected two periods of each scene (item, 2, time)"
        )
    if not np.isfinite(array).all():
        raise InputError(f"{name}: found NaN or infinity, expected finite signals")
    if (array.min(axis=-1) == array.max(axis=-1)).any():
        raise InputError(f"{name}: found a constant period, expected noisy signals")
    return array


def check_noise_std(noise_std: npt.ArrayLike | None, items: int) -> Signals:
    """Return standard deviations ``(item, 1)`` of float32, as signals ``(item, time)`` can be divided by.

    Raises
    ------
    InputError
        When there are none, their number does not fit, or one is not positive and finite.
    """
    if noise_std is None:
        raise InputError("noise_std: found none, expected that of each signal to recorrupt it")
    array = np.asarray(noise_std, np.float32)
    if array.shape != (items,):
        raise InputError(f"noise_std: found shape {array.shape}, expected ({items},), one for each signal")
    if not (np.isfinite(array).all() and (array > 0).all()):
        raise InputError(
            "noise_std: found a value that is not positive and finite, expected standard deviations"
        )
    return array[:, None]


def _mirrored_at_random(signals: Signals, rng: np.random.Generator) -> Signals:
    """Return signals ``(batch, …, time)`` of which about half are mirrored."""
    turned = rng.integers(2, size=len(signals)).astype(bool)
    return np.where(turned.reshape(-1, *[1] * (signals.ndim - 1)), mirrored(signals), signals)
