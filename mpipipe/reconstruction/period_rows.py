"""Rows of a system matrix that stand out of the noise, chosen from two noisy periods at each position."""

import numpy as np
import numpy.typing as npt
from scipy.stats import f as f_distribution

from mpipipe.errors import InputError

Values = npt.NDArray[np.float64]
Bins = npt.NDArray[np.int64]

BLOCK = 256
"""Positions that are transformed together, which bounds the memory."""


def inner_bins(time: int) -> Bins:
    """Return the frequency bins of a period that have a phase: without the mean and half the sampling rate."""
    return np.arange(1, (time + 1) // 2, dtype=np.int64)


def bin_snr(periods: npt.NDArray[np.floating]) -> Values:
    r"""Return the signal-to-noise power ratio of each frequency bin, from two noisy periods alone.

    .. math:: \mathrm{SNR}_k = \frac{\sum_r w_r \operatorname{Re} U_{1,r}(k) \overline{U_{2,r}(k)}}
              {\tfrac{1}{2} \sum_r w_r |U_{1,r}(k) - U_{2,r}(k)|^2}

    the cross-spectrum of the periods, whose noise is independent, over the noise power of one period, which is half that
    of their difference. The weights w are one over the noise power of each position, that of its difference over time.

    Parameters
    ----------
    periods : (position, 2, time) array of float32
        Pairs of periods; may be a memory map.

    Returns
    -------
    (bin,) ndarray of float64
        Ratios, for the bins of `inner_bins`. Around 0, and of either sign, where there is only noise.

    Raises
    ------
    InputError
        When there are no pairs of periods, a value is not finite, or two periods are equal.
    """
    if periods.ndim != 3 or periods.shape[1] != 2 or len(periods) == 0 or periods.shape[2] < 3:
        raise InputError(f"periods: found shape {periods.shape}, expected (position, 2, time)")
    time = periods.shape[2]
    cross, noise = np.zeros((2, len(inner_bins(time))))
    for start in range(0, len(periods), BLOCK):
        both = np.asarray(periods[start : start + BLOCK])
        if not np.isfinite(both).all():
            raise InputError("periods: found NaN or infinity, expected finite values")
        level = np.std(both[:, 0] - both[:, 1], axis=1, dtype=np.float64)
        if not level.all():
            raise InputError(
                f"periods: found equal ones at position {start + int(np.argmin(level))}, "
                "expected independent noise in each"
            )
        first, second = np.moveaxis(np.fft.rfft(both)[..., inner_bins(time)], 1, 0) / level[:, None]
        cross += np.sum((first * second.conj()).real, axis=0)
        noise += np.sum(np.abs(first - second) ** 2, axis=0) / 2
    return np.asarray(cross / noise)


def choose_bins(periods: npt.NDArray[np.floating], false_rows: float) -> Bins:
    r"""Return the frequency bins that stand out of the noise, from two noisy periods alone.

    Of pure white noise, sum and difference of the periods are independent and have equal power, so that
    ``Σ w|U₁ + U₂|² / Σ w|U₁ − U₂|² = 1 + 2 SNR`` has an F distribution, whose degrees of freedom are both
    twice the number of positions. A bin is chosen above the quantile that `false_rows` bins of pure noise exceed on average.

    Parameters
    ----------
    periods : (position, 2, time) array of float32
        Pairs of periods.
    false_rows : float
        Expected number of bins that would be chosen if all were pure noise.

    Returns
    -------
    (component,) ndarray of int64
        Increasing bins.

    Raises
    ------
    InputError
        As `bin_snr`, or when no bin stands out or `false_rows` is not positive and below the number of bins.
    """
    snr, bins = bin_snr(periods), inner_bins(periods.shape[2])
    if not 0 < false_rows < len(bins):
        raise InputError(f"false_rows: found {false_rows:g}, expected between 0 and {len(bins)}, all bins")
    freedom = 2 * len(periods)
    smallest = (f_distribution.isf(false_rows / len(bins), freedom, freedom) - 1) / 2
    chosen = np.asarray(bins[snr > smallest], np.int64)
    if not len(chosen):
        raise InputError(f"periods: found no bin with an SNR above {smallest:.3g}, expected at least one")
    return chosen
