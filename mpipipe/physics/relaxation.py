"""Debye relaxation: the mean moment lags behind the equilibrium.

``dm/dt = (m_eq(t) - m(t)) / tau(t)``

is solved in its periodic steady state, with ``m_eq`` linear between samples. In the elapsed relaxation times
``h_n`` from one sample to the next, each step is then exact::

    m_n = a m_(n-1) + (1 - p) m_eq,n + (p - a) m_eq,(n-1)      a = exp(-h_n),  p = (1 - a) / h_n

and of second order in the sampling interval. For a constant tau the step is a filter that multiplies component k by
``((1 - p) + (p - a) / z) / (1 - a / z)`` with ``z = exp(2 pi i k / V)``, which tends to ``1 / (1 + 2 pi i f_k tau)``: a phase
that all voxels share. A tau that depends on the field differs from voxel to voxel and moment to moment, so a component then
no longer has a single phase.
"""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mpipipe.compiled.loops import loop, part
from mpipipe.config.base import Section

FloatArray = npt.NDArray[np.float64]

FIELD_FACTOR = 0.21
"""Of the squared Langevin argument, in the Brownian relaxation time (Yoshida and Enpuku 2009)."""


class Relaxation(Section):
    """Debye relaxation of the mean moment towards its equilibrium, with one time constant or one that the field shortens."""

    time_us: float = Field(
        ..., gt=0, le=1e5, description="Relaxation time in µs; where it depends on the field, at zero field."
    )
    field_dependent: bool = Field(
        False,
        description="[assumption] Relaxation time divided by sqrt(1 + 0.21 ξ²), ξ = m|B|/(kB T) (Yoshida and Enpuku 2009).",
    )

    def apply(self, moments: FloatArray, offset: FloatArray, field: FloatArray, step_s: float) -> None:
        """Replace equilibrium moments by relaxed ones, in place.

        Parameters
        ----------
        moments : (voxel, 3, time) ndarray of float64
            Equilibrium moments over one whole period; overwritten.
        offset : (voxel, 3) ndarray of float64
            Selection field times beta.
        field : (3, time) ndarray of float64
            Drive field times beta, over the same period.
        step_s : float
            Sampling interval in s.
        """
        factor = FIELD_FACTOR if self.field_dependent else 0.0
        _relax(moments, offset, field, step_s / (1e-6 * self.time_us), factor)


@loop()
def _relax(
    moments: FloatArray, offset: FloatArray, field: FloatArray, step: float, factor: float
) -> None:  # pragma: no cover - compiled
    """Relax each voxel; `step` is the sampling interval over the relaxation time at zero field."""
    decay, new, old = np.empty(field.shape[1]), np.empty(field.shape[1]), np.empty(field.shape[1])
    for voxel in range(len(moments)):
        elapsed = _weights(offset[voxel], field, step, factor, decay, new, old)
        for channel in range(3):
            _settle(moments[voxel, channel], decay, new, old, elapsed)


@part()
def _weights(
    offset: FloatArray,
    field: FloatArray,
    step: float,
    factor: float,
    decay: FloatArray,
    new: FloatArray,
    old: FloatArray,
) -> float:  # pragma: no cover - compiled
    """Write a, ``1 - p`` and ``p - a`` of each step ``(time,)``; return the relaxation times in a period."""
    last = field.shape[1] - 1
    rate = _rate(offset, field, last, factor)
    elapsed = 0.0
    for n in range(last + 1):
        before, rate = rate, _rate(offset, field, n, factor)
        h = 0.5 * step * (before + rate)
        lost = -np.expm1(-h)
        decay[n] = 1.0 - lost
        new[n] = 1.0 - lost / h
        old[n] = lost - new[n]
        elapsed += h
    return elapsed


@part()
def _rate(
    offset: FloatArray, field: FloatArray, n: int, factor: float
) -> float:  # pragma: no cover - compiled
    """Return the relaxation time at zero field over the one at sample n."""
    squared = (offset[0] + field[0, n]) ** 2 + (offset[1] + field[1, n]) ** 2 + (offset[2] + field[2, n]) ** 2
    return float(np.sqrt(1.0 + factor * squared))


@part()
def _settle(
    signal: FloatArray, decay: FloatArray, new: FloatArray, old: FloatArray, elapsed: float
) -> None:  # pragma: no cover - compiled
    """Write the periodic solution over an equilibrium ``(time,)``: once from zero for its start, and once more."""
    moment, last = 0.0, signal[-1]
    before = last
    for n in range(len(signal)):
        moment = decay[n] * moment + new[n] * signal[n] + old[n] * before
        before = signal[n]
    moment /= -np.expm1(-elapsed)
    before = last
    for n in range(len(signal)):
        equilibrium = signal[n]
        moment = decay[n] * moment + new[n] * equilibrium + old[n] * before
        signal[n], before = moment, equilibrium
