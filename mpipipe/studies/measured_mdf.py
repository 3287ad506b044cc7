"""A user's own calibration: its noise, the rows that carry signal, and an image from them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.rows import rows_of
from mpipipe.reconstruction.selection import row_snr
from mpipipe.studies.measured_noise import estimate_sigma, sigma_from_background
from mpipipe.studies.measured_restoration import over_all_rows

if TYPE_CHECKING:
    import xarray as xr

FloatArray = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class Calibration:
    """Rows of a measured system matrix that take part.

    Attributes
    ----------
    matrix : (component, x, y[, z]) ndarray of complex64
        System matrix in the file's unit.
    sigma : (component,) ndarray of float64
        Standard deviation of its complex noise, in the same unit.
    row : (component,) ndarray of int64
        Place of each row in the file, ``channel × frequencies + frequency``.
    label : list of str
        Channel and frequency of each row.
    rows_of_file : int
        Number of rows of the file.
    noise_from, snr_from : str
        What the noise level and the signal-to-noise ratio were taken from.
    """

    matrix: Complex
    sigma: FloatArray
    row: npt.NDArray[np.int64]
    label: list[str]
    rows_of_file: int
    noise_from: str
    snr_from: str


def calibration_of(
    S: "xr.DataArray", background: npt.NDArray[Any] | None, selection: KaczmarzConfig
) -> Calibration:
    """Return the rows of a measured system matrix that pass a selection, with their noise level.

    The signal-to-noise ratio is the file's own; else by the rule of :func:`row_snr` from the empty frames; else the root mean
    square of a row over its noise level. The noise level is that of the empty frames; else of the finest cosine
    coefficients, see :func:`estimate_sigma`.

    Parameters
    ----------
    S : (channel, frequency, x, y[, z]) DataArray of complex64
        System matrix, as :func:`mpipipe.storage.mdf.read_mdf_system_matrix` reads it.
    background : (channel, frequency, frame) ndarray of complex64, optional
        Empty frames, corrected by their mean.
    selection : KaczmarzConfig
        Threshold of the signal-to-noise ratio, lowest frequency, channels.

    Raises
    ------
    InputError
        When the grid is neither a plane nor a volume, or no row passes.
    """
    grid = S.shape[2:]
    if len(grid) not in (2, 3):
        raise InputError(f"system matrix: found the grid {grid}, expected a plane or a volume")
    matrix = S.values.reshape(-1, *grid)
    frames = None if background is None else background.reshape(len(matrix), -1)
    has_frames = frames is not None and frames.shape[1] > 1
    sigma = sigma_from_background(frames) if frames is not None and has_frames else estimate_sigma(matrix)
    if "snr" in S.coords:
        snr, snr_from = S["snr"].values.reshape(-1), "the file"
    elif frames is not None and has_frames:
        channel = np.repeat(np.arange(S.shape[0]), S.shape[1])
        snr, snr_from = row_snr(matrix, frames, channel), "the empty frames"
    else:
        snr, snr_from = _rms_over(matrix, sigma), "the root mean square over the noise level"
    chosen = np.arange(len(matrix))[rows_of(S, snr.reshape(S.shape[:2])).select(selection)]
    names = [
        f"{channel} coil\n{frequency / 1e3:.1f} kHz"
        for channel in S["channel"].values
        for frequency in S["frequency_Hz"].values
    ]
    return Calibration(
        matrix=matrix[chosen],
        sigma=sigma[chosen],
        row=chosen,
        label=[names[row] for row in chosen],
        rows_of_file=len(matrix),
        noise_from="the empty frames" if has_frames else "the finest cosine coefficients",
        snr_from=snr_from,
    )


def reconstruct_rows(
    matrix: Complex, signal: npt.NDArray[Any], sigma: FloatArray, config: KaczmarzConfig
) -> Reconstruction:
    """Reconstruct a measurement with a restored matrix.

    Parameters
    ----------
    matrix : (component, x, y[, z]) ndarray of complex64
        Rows that take part.
    signal : (component,) ndarray of complex
        Measurement of the same rows.
    sigma : (component,) ndarray of float64
        Noise level, for weights by the background.
    config : KaczmarzConfig
        Settings of the solver.

    Returns
    -------
    Reconstruction
        Image ``(x, y[, z])`` and its residual over all rows.
    """
    flat = matrix.reshape(len(matrix), -1)
    found = solve(flat, signal, config, background_std=sigma)
    return over_all_rows(matrix, signal, replace(found, image=found.image.reshape(matrix.shape[1:])))


def _rms_over(matrix: npt.NDArray[Any], sigma: FloatArray) -> FloatArray:
    rms = np.sqrt(np.mean(np.abs(matrix.reshape(len(matrix), -1)) ** 2, axis=1, dtype=np.float64))
    without_noise = np.where(rms > 0, np.inf, 0.0)
    return np.asarray(np.divide(rms, sigma, out=without_noise, where=sigma > 0))
