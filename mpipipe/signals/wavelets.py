"""Wavelet shrinkage of signals (Donoho and Johnstone 1994), averaged over cyclic shifts (Coifman and Donoho 1995)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.signal_filters import Thresholding, WaveletConfig
from mpipipe.signals.periods import Signals, blocks
from mpipipe.signals.symmetry import fold

NORMAL_MEDIAN = 0.6745
"""Median of the modulus of a standard normal number."""


@dataclass(frozen=True)
class WaveletFilter:
    """Shrinkage with fixed settings.

    Attributes
    ----------
    config : WaveletConfig
        Wavelet, levels, threshold, shifts, and whether signals are folded first.
    """

    config: WaveletConfig

    def apply(self, signals: Signals) -> Signals:
        """Return the filtered signals.

        Parameters
        ----------
        signals : (item, time) ndarray of float32
            One period an item, with noise.

        Returns
        -------
        (item, time) ndarray of float32
        """
        filtered = np.empty_like(signals)
        for block in blocks(len(signals)):
            some = fold(signals[block]) if self.config.fold else signals[block]
            filtered[block] = shrink(some, self.config)
        return filtered


def shrink(signals: Signals, config: WaveletConfig) -> Signals:
    r"""Return signals whose small wavelet coefficients are removed.

    Details d at all levels are thresholded, the approximation stays:

    .. math:: d \max(1 - \tau/|d|, 0) \text{ (soft)}, \quad d \, [|d| > \tau] \text{ (hard)}, \quad
              \tau = f \, \mathrm{median}|d_1| / 0.6745

    with the finest details d₁ of each signal, whose median modulus tells the level of white noise. The transform is
    periodic, and exact for any number of samples: the factor f = 0 gives the signals back.

    Parameters
    ----------
    signals : (item, time) ndarray of float32
        Whole periods.
    config : WaveletConfig
        Wavelet, levels, threshold and shifts; `fold` is not looked at.

    Returns
    -------
    (item, time) ndarray of float32
    """
    total = np.zeros_like(signals)
    for shift in range(config.shifts):
        total += np.roll(_shrink_once(np.roll(signals, shift, axis=1), config), -shift, axis=1)
    return total / np.float32(config.shifts)


def _shrink_once(signals: Signals, config: WaveletConfig) -> Signals:
    import pywt

    samples = signals.shape[1]
    wavelet = pywt.Wavelet(config.wavelet)
    level = min(config.level, pywt.dwt_max_level(samples, wavelet.dec_len))
    # An odd number of coefficients is made even by repeating the last one; the synthesis drops it again.
    approximation, *details = pywt.wavedec(signals, wavelet, mode="periodization", level=level, axis=1)
    if not details:
        return signals
    finest = np.median(np.abs(details[-1]), axis=1, keepdims=True)
    limit = np.float32(config.factor / NORMAL_MEDIAN) * finest
    kept = [_thresholded(one, limit, config.threshold) for one in details]
    restored = pywt.waverec([approximation, *kept], wavelet, mode="periodization", axis=1)
    return np.asarray(restored[:, :samples], np.float32)


def _thresholded(
    details: npt.NDArray[np.float32], limit: npt.NDArray[np.float32], threshold: Thresholding
) -> npt.NDArray[np.float32]:
    if threshold == "soft":
        return np.sign(details) * np.maximum(np.abs(details) - limit, 0)
    return np.where(np.abs(details) > limit, details, np.float32(0))
