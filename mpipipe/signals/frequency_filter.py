"""Filters with a real gain a frequency: the band-pass around harmonics of the drive field, and the Wiener filter."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft

from mpipipe.config.signal_filters import BandPassConfig
from mpipipe.errors import InputError
from mpipipe.signals.periods import Periods, Signals, blocks, normalised_periods
from mpipipe.signals.symmetry import fold

Gain = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FrequencyFilter:
    """Multiplication of each frequency of a period by a number.

    Attributes
    ----------
    gain : (frequency,) ndarray of float32
        Gain of each frequency from 0 to half the sampling rate, ``time // 2 + 1`` of them.
    folded : bool
        Whether signals are folded first.
    """

    gain: Gain
    folded: bool = False

    def apply(self, signals: Signals) -> Signals:
        """Return the filtered signals.

        Parameters
        ----------
        signals : (item, time) ndarray of float32
            One period an item, with noise.

        Returns
        -------
        (item, time) ndarray of float32

        Raises
        ------
        InputError
            A period of another length than the gain is for.
        """
        time = signals.shape[-1]
        if time // 2 + 1 != len(self.gain):
            raise InputError(
                f"signals: found {time} samples, {time // 2 + 1} frequencies, expected {len(self.gain)} frequencies"
            )
        filtered = np.empty_like(signals)
        for block in blocks(len(signals)):
            some = fold(signals[block]) if self.folded else signals[block]
            filtered[block] = irfft(rfft(some) * self.gain, time)
        return filtered


@dataclass(frozen=True)
class BandPassFilter:
    """Removal of all frequencies but those around harmonics of the drive frequency, for periods of any length.

    Attributes
    ----------
    config : BandPassConfig
        Harmonics, half width, and whether signals are folded first.
    cycles : int
        Cycles of the drive field in a period.
    """

    config: BandPassConfig
    cycles: int

    def apply(self, signals: Signals) -> Signals:
        """Return the filtered signals ``(item, time)``; an `InputError` refuses cycles that the period cannot hold."""
        gain = band_pass_gain(signals.shape[-1], self.cycles, self.config.harmonics, self.config.half_width)
        return FrequencyFilter(gain, self.config.fold).apply(signals)


def band_pass_gain(time: int, cycles: int, harmonics: int, half_width: int) -> Gain:
    """Return the gain that is 1 around harmonics of the drive frequency and 0 elsewhere.

    Parameters
    ----------
    time : int
        Samples of a period.
    cycles : int
        Cycles of the drive field in a period, the frequency index of the drive frequency.
    harmonics : int
        Multiples of the drive frequency that pass, from the first on; those beyond half the sampling rate do not exist.
    half_width : int
        Frequencies that pass on each side of a multiple.

    Returns
    -------
    (frequency,) ndarray of float32

    Raises
    ------
    InputError
        Numbers out of range, so that nothing would pass.
    """
    if not 1 <= cycles <= time // 2 or harmonics < 1 or half_width < 0:
        raise InputError(
            f"band-pass: found {cycles} cycles, {harmonics} harmonics, half width {half_width}, "
            f"expected 1 to {time // 2} cycles, at least 1 harmonic, at least 0"
        )
    index = np.arange(time // 2 + 1)
    nearest = np.clip(np.rint(index / cycles), 1, harmonics) * cycles
    return np.asarray(np.abs(index - nearest) <= half_width, np.float32)


def wiener_gain(periods: Periods, noise_factor: float = 1.0, *, folded: bool = False) -> Gain:
    r"""Return the gain of the Wiener filter that pairs of noisy periods give.

    .. math:: G = \frac{S}{S + f N}

    with the spectra S and N of `power_spectra`. It is 0 where S is not positive; f = 1 minimises the mean square error.

    Parameters
    ----------
    periods : (item, 2, time) ndarray of float32
        Training pairs, at least one.
    noise_factor : float
        f, at least 0.
    folded : bool
        For folded signals.

    Returns
    -------
    (frequency,) ndarray of float32
    """
    signal, noise = power_spectra(periods, folded=folded)
    total = signal + noise_factor * noise
    return np.divide(signal, total, out=np.zeros_like(signal), where=signal > 0).astype(np.float32)


def power_spectra(periods: Periods, *, folded: bool = False) -> tuple[Spectrum, Spectrum]:
    r"""Return the mean power of signal and noise at each frequency, from noisy periods alone.

    .. math:: S = \langle \mathrm{Re}\, U_1 U_2^* \rangle,    S + N = \langle |U_1|^2 + |U_2|^2 \rangle / 2

    over items, whose periods are divided by the root mean square of the first one. S has no noise in expectation, as that
    of the two periods is independent; negative values become 0.

    Parameters
    ----------
    periods : (item, 2, time) ndarray of float32
        Pairs of noisy periods.
    folded : bool
        Of the folded periods. They are sums of sines, so frequency 0 and half the sampling rate hold nothing at all.

    Returns
    -------
    (frequency,) ndarray of float64, (frequency,) ndarray of float64
        S and N, at least 0.
    """
    time = periods.shape[-1]
    signal, total = np.zeros(time // 2 + 1), np.zeros(time // 2 + 1)
    for block in blocks(len(periods)):
        some = normalised_periods(periods[block])
        first, second = np.moveaxis(rfft(fold(some) if folded else some), 1, 0)
        signal += _summed(first, second)
        total += 0.5 * (_summed(first, first) + _summed(second, second))
    signal, total = signal.clip(0) / len(periods), total / len(periods)
    if folded:
        # Rounding leaves a rest there, whose quotient would be any number.
        empty = [0, time // 2] if time % 2 == 0 else [0]
        signal[empty] = total[empty] = 0
    return signal, np.maximum(total - signal, 0)


def _summed(
    a: npt.NDArray[np.complexfloating[Any, Any]], b: npt.NDArray[np.complexfloating[Any, Any]]
) -> Spectrum:
    """Return ``Re a b*`` ``(frequency,)``, summed over items."""
    return np.asarray((a.real * b.real + a.imag * b.imag).sum(axis=0, dtype=np.float64))
