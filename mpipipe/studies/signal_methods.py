"""Methods of the signal-denoising study behind one interface: two noisy periods of a scene to its signal."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mpipipe.signals.filters import SignalFilter

Signals = npt.NDArray[np.float32]
Denoiser = Callable[[Signals, Signals], Signals]
"""Maps periods (item, 2, time) and the standard deviation of their white noise (item,) to signals (item, time)."""

NOISE_FREE, NOISY, AVERAGED = "Noise-free", "Noisy", "Averaged periods"


class SignalMethod(NamedTuple):
    """A method that is ready to be applied.

    Attributes
    ----------
    name : str
        As in records.
    repeat : int or None
        Number of its training.
    apply : callable
        The method.
    """

    name: str
    repeat: int | None
    apply: Denoiser


def first_period(periods: Signals, _sigma: Signals) -> Signals:
    """Return the first period as it was measured."""
    return periods[:, 0]


def averaged_periods(periods: Signals, _sigma: Signals) -> Signals:
    """Return the mean of both periods, the one method that sees two."""
    mean: Signals = periods.mean(axis=1)
    return mean


def filtered(signal_filter: SignalFilter) -> Denoiser:
    """Return a method that filters the first period."""
    return lambda periods, _sigma: signal_filter.apply(np.ascontiguousarray(periods[:, 0]))
