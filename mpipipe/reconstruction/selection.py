"""Row selection: which components of a system matrix carry signal that is worth using."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import RowSelection
from mpipipe.errors import InputError

BEST_ROWS = 20
PLATEAU = 0.9
CLEAR_SIGNAL = 3.5


def row_snr(
    matrix: npt.NDArray[Any], background: npt.NDArray[Any], channel: npt.ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """Return the signal-to-noise ratio of each row, by the rule of MPIFiles.jl.

    With the mean background μ_m of row m, its noise is mean|B_m − μ_m| over the background frames, and its
    deviation is κ_m = |S_m − μ_m| over the voxels. In each receive channel the 20 rows with the highest
    median(κ)/noise vote for a mask: the voxels where |S_m| exceeds 90 % of its maximum. The signal is the
    median of κ_m in the mask; where that exceeds 3.5 times the noise, it is the median of κ_m over the voxels
    above 90 % of max κ_m. The SNR is signal over noise: a ratio, not decibels.

    Parameters
    ----------
    matrix : (component, x, y[, z]) or (component, voxel) complex
        System matrix S, not background-corrected.
    background : (component, frame) complex
        Empty-scanner frames B of the same components.
    channel : (component,) int, optional
        Receive channel of each component; one channel when absent.

    Returns
    -------
    (component,) float64
        SNR; infinite where the background does not fluctuate and there is signal, 0 where there is none.

    Raises
    ------
    InputError
        When shapes do not fit or values are not finite.

    Notes
    -----
    Rule of MPIFiles.jl, system matrix SNR.
    """
    rows, frames, channels = _check_rows(matrix, background, channel)
    mean = frames.mean(axis=1, keepdims=True)
    noise = np.abs(frames - mean).mean(axis=1)
    deviation = np.abs(rows - mean)
    snr = _ratio(np.median(deviation, axis=1), noise)
    for one in np.unique(channels):
        members = np.flatnonzero(channels == one)
        best = members[np.argsort(-snr[members], kind="stable")[:BEST_ROWS]]
        mask = np.asarray(_plateau(np.abs(rows[best])).any(axis=0))
        snr[members] = _ratio(_signal(deviation[members], noise[members], mask), noise[members])
    return snr


def select_rows(
    selection: RowSelection,
    *,
    components: int,
    snr: npt.ArrayLike | None = None,
    frequency_Hz: npt.ArrayLike | None = None,
    channel: npt.ArrayLike | None = None,
) -> npt.NDArray[np.bool_]:
    """Return which rows a selection keeps; a criterion that is switched off needs no array.

    Parameters
    ----------
    selection : RowSelection
        SNR threshold, lowest frequency, channels.
    components : int
        Number of rows.
    snr : (component,) float, optional
        Signal-to-noise ratio of each row.
    frequency_Hz : (component,) float, optional
        Frequency of each row, in Hz.
    channel : (component,) int, optional
        Receive channel of each row.

    Returns
    -------
    (component,) bool
        True for rows with SNR >= threshold, frequency >= limit, and a listed channel.

    Raises
    ------
    InputError
        When a criterion is set and its array is missing or has the wrong length, or no row is left.
    """
    kept = np.ones(components, dtype=np.bool_)
    if selection.snr_threshold > 0:
        kept &= _values("snr", "snr_threshold", snr, components) >= selection.snr_threshold
    if selection.min_frequency_Hz > 0:
        kept &= (
            _values("frequency_Hz", "min_frequency_Hz", frequency_Hz, components)
            >= selection.min_frequency_Hz
        )
    if selection.channels is not None:
        kept &= np.isin(_values("channel", "channels", channel, components), selection.channels)
    if not kept.any():
        limits = f"snr >= {selection.snr_threshold:g}, frequency >= {selection.min_frequency_Hz:g} Hz"
        raise InputError(
            f"row selection: found none of {components} rows with {limits} and channels "
            f"{selection.channels or 'all'}, expected one at least"
        )
    return kept


def _check_rows(
    matrix: npt.NDArray[Any], background: npt.NDArray[Any], channel: npt.ArrayLike | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    S, B = np.asarray(matrix), np.asarray(background)
    if S.ndim < 2 or B.ndim != 2 or len(S) != len(B) or 0 in S.shape or 0 in B.shape:
        raise InputError(
            f"background: found shape {B.shape} for a matrix of shape {S.shape}, expected (component, frame) "
            "with the components of the matrix"
        )
    if not (np.isfinite(S).all() and np.isfinite(B).all()):
        raise InputError("matrix or background: found NaN or infinity, expected finite values")
    channels = np.zeros(len(S), dtype=np.int64) if channel is None else np.asarray(channel)
    if channels.shape != (len(S),):
        raise InputError(f"channel: found shape {channels.shape}, expected ({len(S)},)")
    return S.reshape(len(S), -1), B, channels


def _plateau(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.asarray(values > PLATEAU * values.max(axis=1, keepdims=True))


def _signal(
    deviation: npt.NDArray[Any], noise: npt.NDArray[Any], mask: npt.NDArray[np.bool_]
) -> npt.NDArray[Any]:
    signal = np.median(deviation[:, mask], axis=1) if mask.any() else np.zeros(len(deviation))
    for m in np.flatnonzero(signal > CLEAR_SIGNAL * noise):
        signal[m] = np.median(deviation[m, deviation[m] > PLATEAU * deviation[m].max()])
    return signal


def _ratio(signal: npt.NDArray[Any], noise: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    without_noise = np.where(signal > 0, np.inf, 0.0)
    return np.asarray(np.divide(signal, noise, out=without_noise, where=noise > 0))


def _values(name: str, reason: str, values: npt.ArrayLike | None, components: int) -> npt.NDArray[Any]:
    if values is None:
        raise InputError(f"{reason}: found no {name} of the rows, expected one value a row ({components})")
    array = np.asarray(values)
    if array.shape != (components,):
        raise InputError(f"{name}: found shape {array.shape}, expected ({components},)")
    return array
