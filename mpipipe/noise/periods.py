"""Two noisy periods of every signal: what self-supervised denoising learns from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.period_noise import PeriodNoise
from mpipipe.errors import InputError
from mpipipe.noise.interference import harmonic_interference

Single = npt.NDArray[np.float32]


@dataclass(frozen=True)
class NoisyPeriods:
    """Two measurements of each signal.

    Attributes
    ----------
    periods : (item, 2, time) ndarray of float32
        Signal plus noise; the noise of the two periods is independent.
    sigma : (item,) ndarray of float32
        Standard deviation of the white part.
    """

    periods: Single
    sigma: Single


def noisy_periods(
    signals: npt.ArrayLike, noise: PeriodNoise, cycles: int, rng: np.random.Generator
) -> NoisyPeriods:
    r"""Draw two noisy periods ``[u1, u2]`` of each signal (self-supervised signal denoising, section I and Tables 1-3).

    .. math:: u_p(t) = u(t) + \sigma w_p(t) + n_p(t), \quad
              \sigma^2 = 10^{-\mathrm{SNR}/10} \, \tfrac{1}{T} \textstyle\sum_t u(t)^2

    with white Gaussian noise w of variance 1 and the tones n of `harmonic_interference`, both drawn anew for each
    period. Powers add, so the nominal ratio of signal to all noise is ``-10 log10(10^(-SNR/10) + 10^(-SIR/10))``: 4.59 dB
    for 15 dB and 5 dB, where the paper's table has 6.20 dB.

    Parameters
    ----------
    signals : (item, time) array_like
        Noise-free signals u of one period.
    noise : PeriodNoise
        Ratios in dB, and the tones.
    cycles : int
        Cycles of the first drive frequency in a period.
    rng : numpy.random.Generator
        Source of randomness; the same state gives the same bytes.

    Returns
    -------
    NoisyPeriods
        Periods and standard deviations, in the unit of the signals.

    Raises
    ------
    InputError
        Signals of another shape, NaN or infinity, a signal of zeros, which has no SNR, or a tone outside the band.
    """
    u = _checked(signals)
    count, time = u.shape
    power = np.einsum("it,it->i", u, u, dtype=np.float64) / time
    silent = np.flatnonzero(power == 0)
    if len(silent):
        raise InputError(f"signals: found zeros in item {silent[0]}, expected a signal, as zeros have no SNR")
    sigma = (np.sqrt(power) * 10 ** (-noise.snr_db / 20)).astype(np.float32)
    periods = rng.standard_normal((count, 2, time), np.float32)
    periods *= sigma[:, None, None]
    periods += u[:, None]
    if noise.sir_db is not None:
        bins = cycles * np.asarray(noise.harmonics)
        tones = harmonic_interference(np.repeat(power, 2), noise.sir_db, bins, time, rng)
        periods += tones.reshape(periods.shape)
    return NoisyPeriods(periods, sigma)


def _checked(signals: npt.ArrayLike) -> Single:
    found = np.asarray(signals)
    if found.ndim != 2 or found.shape[1] == 0 or found.dtype.kind not in "fiu":
        raise InputError(f"signals: found {found.dtype} of shape {found.shape}, expected real (item, time)")
    with np.errstate(over="ignore"):  # what single precision cannot hold becomes infinity
        single = found.astype(np.float32, copy=False)
    if not np.isfinite(single).all():
        raise InputError("signals: found NaN or infinity, expected finite values of single precision")
    return single
