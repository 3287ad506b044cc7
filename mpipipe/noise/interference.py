"""Harmonic interference: tones of equal amplitude and random phase on Fourier bins of a period."""

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Single = npt.NDArray[np.float32]


def harmonic_interference(
    signal_power: npt.ArrayLike, sir_db: float, bins: npt.ArrayLike, time: int, rng: np.random.Generator
) -> Single:
    r"""Draw interference of a given signal-to-interference ratio.

    .. math:: n(k) = \sqrt{\frac{2P}{B}\,10^{-\mathrm{SIR}/10}} \; \sum_{b} \cos(2 \pi b k / T + \varphi_b)

    for a signal of the power P and B tones. Tones on different bins are orthogonal over a period, so the mean square of
    every item is exactly ``P 10^(-SIR/10)``.

    Parameters
    ----------
    signal_power : (item,) array_like
        Mean square P of each signal.
    sir_db : float
        Signal-to-interference ratio in dB.
    bins : (tone,) array_like of int
        Cycles of each tone in a period, distinct, above 0 and below the Nyquist frequency ``time / 2``.
    time : int
        Samples T of a period.
    rng : numpy.random.Generator
        Draws the phases, uniform over a turn, for each tone and item.

    Returns
    -------
    (item, time) ndarray of float32
        Interference in the unit of the signals.

    Raises
    ------
    InputError
        Bins that coincide or lie outside the band, a power that is negative or not finite, or an SIR that is not finite.

    Notes
    -----
    "Harmonic interference with SIR = 5 dB" is all that the paper says (self-supervised signal denoising, Table 2); that
    the tones have equal amplitudes is an assumption. The phases have to change from period to period: interference that
    is locked to the period is the same in all of them, and no method that compares two periods can tell it from signal.
    """
    tones, power = _checked_bins(bins, time), np.asarray(signal_power, np.float64)
    if power.ndim != 1 or not (np.isfinite(power) & (power >= 0)).all() or not np.isfinite(sir_db):
        raise InputError(
            f"signal_power, sir_db: found shape {power.shape} and {sir_db} dB, expected (item,) finite powers of at "
            "least 0 and a finite ratio"
        )
    amplitude = np.sqrt(2 * power / len(tones)) * 10 ** (-sir_db / 20)
    phase = rng.uniform(0, 2 * np.pi, (len(power), len(tones)))
    # Whole turns are dropped as integers, so that late samples are as exact as early ones.
    angle = 2 * np.pi / time * (tones[:, None] * np.arange(time) % time)
    waves = np.concatenate([np.cos(angle), np.sin(angle)]).astype(np.float32)
    parts = amplitude[:, None] * np.concatenate([np.cos(phase), -np.sin(phase)], axis=1)
    return np.asarray(parts.astype(np.float32) @ waves)


def _checked_bins(bins: npt.ArrayLike, time: int) -> npt.NDArray[np.int64]:
    found = np.asarray(bins)
    whole = found.ndim == 1 and found.size > 0 and found.dtype.kind in "iu"
    if not whole or found.min() < 1 or 2 * found.max() >= time or len(np.unique(found)) < len(found):
        raise InputError(
            f"bins: found {found.tolist()}, expected distinct integers above 0 and below {time / 2:g}, half the samples"
        )
    return found.astype(np.int64)
