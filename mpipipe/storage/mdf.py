"""System matrices and measurements from files of the Magnetic Particle Imaging Data Format, version 2 (Knopp et al. 2016)."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.storage.mdf_file import MdfFile, open_mdf
from mpipipe.storage.mdf_geometry import read_grid, storage_axes
from mpipipe.storage.mdf_labels import label_matrix
from mpipipe.storage.mdf_scanner import read_scanner

Complex = npt.NDArray[np.complex64]
MAX_BYTES = 16 * 2**30


def read_mdf_system_matrix(path: Path) -> xr.DataArray:
    """Read a calibration on a regular grid.

    The mean of the background frames is subtracted unless the file says that this was done. Frames are taken in the order
    in which they are stored, x fastest, or as ``/calibration/order`` says.

    Parameters
    ----------
    path : Path
        MDF v2 file with one period a frame.

    Returns
    -------
    DataArray (channel, frequency, x[, y, z]) of complex64
        System matrix in the file's unit, axes of a single position at the end dropped and kept as scalar coordinates.
        Coordinates as those of :func:`mpipipe.physics.system_function.simulate_system_matrix`, and ``snr`` ``(channel,
        frequency)`` where the file has it. Attributes: ``units``, ``grid``, ``calibration_method``,
        ``is_transfer_function_corrected``, and ``scanner`` with the mixing orders where :class:`Scanner` can describe the
        fields.

    Raises
    ------
    InputError
        When the file is missing, truncated, no MDF v2, larger than 16 GiB, or a dataset is missing or does not fit; the
        line names the file and the path in it.
    """
    with open_mdf(path) as file:
        _check_size(file, file.sizes[2])
        grid, axes = read_grid(file), storage_axes(file)
        values = np.empty((file.sizes[0], len(file.frequency), *grid.shape), np.complex64)
        for channel, matrix in enumerate(values):
            foreground = _foreground(file, file.spectra(channel))
            stored = foreground.reshape(-1, *(grid.shape[axis] for axis in axes))
            matrix[...] = stored.transpose(0, *(1 + axes.index(axis) for axis in range(3)))
        return label_matrix(
            values,
            file.frequency,
            file.frequency_Hz,
            grid,
            snr=read_snr(file),
            scanner=read_scanner(file),
            attributes=matrix_attributes(file),
        )


def read_mdf_background(path: Path) -> Complex | None:
    """Read the empty frames of a file, corrected by their mean.

    Returns
    -------
    (channel, frequency, frame) ndarray of complex64, or None
        Frames in the order in which they were acquired; None where the file marks none.

    Raises
    ------
    InputError
        As :func:`read_mdf_system_matrix`.
    """
    with open_mdf(path) as file:
        chosen = np.flatnonzero(file.is_background)
        if not len(chosen):
            return None
        chosen = chosen[np.argsort(file.acquisition_order[chosen])]
        _check_size(file, len(chosen))
        values = np.empty((file.sizes[0], len(file.frequency), len(chosen)), np.complex64)
        for channel, series in enumerate(values):
            frames = file.spectra(channel)[:, chosen]
            series[...] = frames - frames.mean(axis=1, keepdims=True)
        return values


def read_mdf_measurement(path: Path) -> Complex:
    """Read a measurement: the mean of its frames, less the mean background unless that was subtracted already.

    Samples in time become a spectrum, without a factor; so do a file's samples and its matrix agree in scale.

    Returns
    -------
    (channel, frequency) ndarray of complex64
        Signal in the file's unit; of a frequency selection, the selected frequencies.

    Raises
    ------
    InputError
        As :func:`read_mdf_system_matrix`.
    """
    with open_mdf(path) as file:
        values = np.empty((file.sizes[0], len(file.frequency)), np.complex64)
        for channel, signal in enumerate(values):
            signal[...] = _foreground(file, file.spectra(channel)).mean(axis=1)
        return values


def _foreground(file: MdfFile, frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the foreground of ``(frequency, frame)``, less the mean background unless that was done."""
    empty = file.is_background
    foreground = frames[:, ~empty]
    if empty.any() and not file.is_background_corrected:
        foreground = foreground - frames[:, empty].mean(axis=1, keepdims=True)
    return foreground


def _check_size(file: MdfFile, columns: int) -> None:
    size = 8 * file.sizes[0] * len(file.frequency) * columns
    if size > MAX_BYTES:
        raise file.error(
            "/measurement/data", f"{size / 2**30:.1f} GiB", f"at most {MAX_BYTES / 2**30:.0f} GiB"
        )


def read_snr(file: MdfFile) -> npt.NDArray[np.float64] | None:
    """Return the signal-to-noise ratio ``(channel, frequency)`` of a calibration, or None."""
    if not file.has("/calibration/snr"):
        return None
    snr: npt.NDArray[np.float64] = file.numbers("/calibration/snr", 1, file.sizes[0], len(file.frequency))[0]
    return snr


def matrix_attributes(file: MdfFile) -> dict[str, Any]:
    """Return what a file says about a system matrix as a whole."""
    return {
        "units": file.text("/acquisition/receiver/unit", "arbitrary"),
        "calibration_method": file.text("/calibration/method", "unknown"),
        "is_transfer_function_corrected": file.flag(
            "/measurement/isTransferFunctionCorrected", default=False
        ),
    }
