"""Which components of a system matrix carry signal, and their rows among those that are held."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SILENT_CHANNEL = 1e-6
"""A channel whose strongest component is below this fraction of the matrix's strongest carries rounding errors only."""


def strengths(largest: FloatArray, gain: npt.NDArray[np.complex128]) -> tuple[FloatArray, FloatArray]:
    """Return each component's largest modulus and the channels' strongest."""
    strength = largest.reshape(gain.shape) * np.abs(gain)
    return strength, strength.max(axis=1, keepdims=True)


def kept_components(
    largest: FloatArray, gain: npt.NDArray[np.complex128], keep_above: float, strongest: int | None
) -> npt.NDArray[np.intp]:
    """Return the components that the rule of :func:`mpipipe.physics.system_function.simulate_rows` keeps, in order."""
    strength, peak = strengths(largest, gain)
    above = (strength > keep_above * peak) & (peak > SILENT_CHANNEL * peak.max())
    above[:, 0] = False
    kept = np.flatnonzero(above)
    if strongest is None or strongest >= len(kept):
        return kept
    return np.sort(kept[np.argsort(-strength.ravel()[kept], kind="stable")[:strongest]])


def take_rows(
    values: npt.NDArray[np.complex64], held: npt.NDArray[np.intp], kept: npt.NDArray[np.intp]
) -> npt.NDArray[np.complex64]:
    """Return the kept rows in order; in place where rows only move up, so that a large matrix is not held twice."""
    order = np.argsort(held)
    place = order[np.searchsorted(held, kept, sorter=order)]
    if (place < np.arange(len(place))).any():
        return values[place]
    for target, source in enumerate(place):
        if source > target:
            values[target] = values[source]
    return values[: len(kept)]
