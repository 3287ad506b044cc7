"""The front door to MDF files: a labelled array out, whatever is in the file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.storage.mdf_header import read_mdf_header
from mpipipe.storage.mdf_labels import label_matrix, row_labels
from mpipipe.storage.mdf_matrix import MdfMatrix, open_mdf_matrix
from mpipipe.storage.mdf_measurement import open_mdf_measurement
from mpipipe.storage.mdf_selection import select_frequencies
from mpipipe.storage.mdf_simulated import particle_of

MAX_BYTES = 16 * 2**30


def read_mdf(
    path: Path,
    *,
    snr_threshold: float | None = None,
    band_Hz: tuple[float, float] | None = None,
    max_mixing_order: int | None = None,
) -> xr.DataArray:
    """Read the system matrix of a calibration, or the frames of a measurement, as spectra.

    The mean of the background frames is subtracted from both unless the file says that it was. Samples in time are
    transformed without a factor.

    Parameters
    ----------
    path : Path
        MDF v2.0 or v2.1 file with one period a frame. A calibration is one that has ``/calibration/method``.
    snr_threshold : float, optional
        Keep frequencies with a signal-to-noise ratio of at least this in one channel; system matrices only.
    band_Hz : (float, float), optional
        Keep frequencies from the first to the second, both included.
    max_mixing_order : int, optional
        Keep frequencies of which the mixing orders along the axes sum to at most this, in modulus.

    Returns
    -------
    DataArray (channel, frequency, x[, y, z]) or (frame, channel, frequency) of complex64
        Coordinates as those of :func:`mpipipe.simulate_system_matrix`, and ``snr`` ``(channel, frequency)`` where the file has
        it; axes of a single position at the end are kept as scalar coordinates. Frames are in the order in which they were
        acquired. Attributes: ``units``, ``header`` (:class:`mpipipe.storage.mdf_header.MdfHeader`), ``scanner`` and
        ``particle`` where the file describes them in our terms, and of a matrix ``grid``, ``calibration_method`` and
        ``is_transfer_function_corrected``.

    Raises
    ------
    InputError
        When the file is missing, truncated, no MDF v2, larger than 16 GiB in memory, or a dataset is missing or does not fit;
        the line names the file and the path in it.

    Examples
    --------
    >>> import mpipipe
    >>> S = mpipipe.read_mdf("calibration.mdf", snr_threshold=5)  # doctest: +SKIP
    """
    path = Path(path)
    if read_mdf_header(path).get("/calibration/method") is None:
        if snr_threshold is not None:
            raise InputError(f"{path}: snr_threshold: found a measurement, expected a system matrix")
        return _measurement(path, band_Hz, max_mixing_order)
    with open_mdf_matrix(path) as matrix:
        kept = select_frequencies(
            matrix.frequency,
            matrix.frequency_Hz,
            snr=matrix.snr,
            scanner=matrix.scanner,
            snr_threshold=snr_threshold,
            band_Hz=band_Hz,
            max_mixing_order=max_mixing_order,
        )
        return _labelled(matrix, kept)


def _labelled(matrix: MdfMatrix, kept: npt.NDArray[np.bool_]) -> xr.DataArray:
    frequency = matrix.frequency[kept]
    shape = (matrix.channels, len(frequency), *matrix.grid.shape)
    _check_size(matrix.path, 8 * np.prod(shape, dtype=object))
    values = np.empty(shape, np.complex64)
    first: npt.NDArray[np.int64] = (
        np.cumsum(kept) - kept
    )  # row of the result at which a row of the file stands
    for channel, start, stop in matrix.blocks():
        if kept[start:stop].any():
            rows = matrix.read(channel, start, stop)[kept[start:stop]]
            values[channel, first[start] : first[start] + len(rows)] = rows
    attributes = matrix.attributes | {"header": matrix.header} | particle_of(matrix.header)
    return label_matrix(
        values,
        frequency,
        matrix.frequency_Hz[kept],
        matrix.grid,
        snr=None if matrix.snr is None else matrix.snr[:, kept],
        scanner=matrix.scanner,
        attributes=attributes,
    )


def _measurement(
    path: Path, band_Hz: tuple[float, float] | None, max_mixing_order: int | None
) -> xr.DataArray:
    with open_mdf_measurement(path) as measured:
        kept = select_frequencies(
            measured.frequency,
            measured.frequency_Hz,
            scanner=measured.scanner,
            band_Hz=band_Hz,
            max_mixing_order=max_mixing_order,
        )
        _check_size(path, 8 * measured.frames * measured.channels * len(measured.frequency))
        values = measured.read(0, measured.frames)[:, :, kept]
        labels = row_labels(measured.channels, measured.frequency[kept], measured.frequency_Hz[kept])
        attributes = {"units": measured.unit, "header": measured.header} | particle_of(measured.header)
        if measured.scanner is not None:
            attributes["scanner"] = measured.scanner.model_dump(mode="json")
    return xr.DataArray(
        values, dims=("frame", "channel", "frequency"), coords=labels, name="measurement", attrs=attributes
    )


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise InputError(
            f"{path}: found {size / 2**30:.1f} GiB of values, expected at most {MAX_BYTES / 2**30:.0f} GiB"
        )
