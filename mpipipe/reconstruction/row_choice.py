"""A calibration of the asked number of rows: those of the highest signal-to-noise ratio, in natural order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import RowSelection
from mpipipe.errors import InputError
from mpipipe.reconstruction.selection import select_rows


@dataclass(frozen=True)
class Calibration:
    """Rows of a system matrix that are used, in order of channel and frequency.

    Attributes
    ----------
    matrix : (component, x, y) ndarray of complex64
        System matrix as calibrated, background-corrected.
    channel, frequency : (component,) ndarray of int32
        Receive channel (0, 1, 2 for x, y, z) and frequency index.
    snr : (component,) ndarray of float64
        Signal-to-noise ratio, a ratio.
    threshold : float
        Smallest SNR among the rows; the rows are all of the calibration that have it or more.
    """

    matrix: npt.NDArray[np.complex64]
    channel: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]
    snr: npt.NDArray[np.float64]
    threshold: float


def keep_rows(
    matrix: npt.NDArray[Any],
    channel: npt.NDArray[Any],
    frequency: npt.NDArray[Any],
    snr: npt.NDArray[Any],
    components: int,
) -> Calibration:
    """Keep the asked number of rows: the SNR threshold is that of the weakest of them.

    More are kept only where rows tie at the threshold.

    Parameters
    ----------
    matrix : (component, x, y) complex
        System matrix.
    channel, frequency : (component,) int
        Where its rows lie.
    snr : (component,) float
        Signal-to-noise ratio of each row.
    components : int
        Number of rows.

    Returns
    -------
    Calibration
        Rows in order of channel and frequency.

    Raises
    ------
    InputError
        When shapes do not fit, values are not finite, or fewer rows carry signal.
    """
    S, ratios = np.asarray(matrix), np.asarray(snr, np.float64)
    if S.ndim != 3 or any(np.shape(values) != S.shape[:1] for values in (channel, frequency, ratios)):
        found = ", ".join(str(np.shape(values)) for values in (S, channel, frequency, ratios))
        raise InputError(
            f"matrix, channel, frequency, snr: found shapes {found}, expected (component, x, y) and one value a component"
        )
    if not np.isfinite(S).all() or np.isnan(ratios).any():
        raise InputError("matrix or snr: found NaN or infinity, expected finite values")
    with_signal = int((ratios > 0).sum())
    if not 1 <= components <= with_signal:
        raise InputError(
            f"components: found {components}, expected 1 to {with_signal}, the rows that carry signal"
        )
    threshold = float(np.sort(ratios)[-components])
    kept = select_rows(RowSelection(snr_threshold=threshold), components=len(S), snr=ratios)
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((np.asarray(frequency)[rows], np.asarray(channel)[rows]))]
    return Calibration(
        matrix=np.asarray(S[rows], np.complex64),
        channel=np.asarray(channel)[rows].astype(np.int32),
        frequency=np.asarray(frequency)[rows].astype(np.int32),
        snr=ratios[rows],
        threshold=threshold,
    )


def keep_measured_rows(
    matrix: npt.NDArray[Any],
    snr: npt.NDArray[Any],
    frequency: npt.NDArray[Any],
    components: int,
    z_slice: int | None = None,
) -> Calibration:
    """Keep the asked number of rows of a measured system matrix, of one slice where it has three axes.

    The arrays are those that :func:`mpipipe.storage.mdf.read_mdf_system_matrix` returns. The SNR is the file's own, which
    is that of the whole volume, as in Peng 2024, who took the tenth slice of 19.

    Parameters
    ----------
    matrix : (channel, frequency, x, y[, z]) complex
        Background-corrected system matrix.
    snr : (channel, frequency) float
        Signal-to-noise ratio of each component, coordinate ``snr``.
    frequency : (frequency,) int
        Frequency indices.
    components : int
        Number of rows.
    z_slice : int, optional
        Slice of a 3-D matrix, counted from 0.

    Returns
    -------
    Calibration
        Rows in order of channel and frequency.

    Raises
    ------
    InputError
        As :func:`keep_rows`, or when the slice is missing, is not on the grid, or there is none to take.
    """
    S = np.asarray(matrix)
    if S.ndim not in (4, 5) or np.shape(snr) != S.shape[:2] or np.shape(frequency) != S.shape[1:2]:
        raise InputError(
            f"matrix, snr, frequency: found shapes {S.shape}, {np.shape(snr)} and {np.shape(frequency)}, "
            "expected (channel, frequency, x, y[, z]), (channel, frequency) and (frequency,)"
        )
    slices = S.shape[4] if S.ndim == 5 else 0
    if (z_slice is None) != (slices == 0) or (z_slice is not None and not 0 <= z_slice < slices):
        expected = f"0 to {slices - 1}" if slices else "none for a 2-D matrix"
        raise InputError(f"z_slice: found {z_slice}, expected {expected}")
    plane = S if z_slice is None else S[..., z_slice]
    channels, frequencies = S.shape[:2]
    return keep_rows(
        plane.reshape(-1, *plane.shape[2:]),
        np.repeat(np.arange(channels), frequencies),
        np.tile(np.asarray(frequency), channels),
        np.asarray(snr).ravel(),
        components,
    )
