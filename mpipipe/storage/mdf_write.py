"""System matrices and measurements written as MDF v2.1, whole or not at all.

Matrices have the layout that reconstruction reads fastest, spectra with the frames of a frequency contiguous and x the fastest
of the positions, in one contiguous block of the file, which MPIFiles maps into memory.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_datasets import common_values, digest_of, file_identifier, put_all
from mpipipe.storage.mdf_export import Matrix, matrix_of
from mpipipe.storage.mdf_frame_series import frames_of
from mpipipe.storage.mdf_geometry import from_thousandths
from mpipipe.storage.mdf_header import OF_FRAMES, PERMUTATION, SELECTION, MdfHeader, Value
from mpipipe.storage.mdf_stream import DATA, MatrixData, fitting, new_file, number_of, writing

Block = tuple[int, int, npt.NDArray[Any]]


def write_mdf_matrix(
    path: Path,
    header: MdfHeader,
    grid: Grid,
    frequency: npt.ArrayLike,
    blocks: Iterable[Block],
    *,
    snr: npt.ArrayLike | None = None,
    background: npt.NDArray[Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a system matrix block by block, so that it never has to be in memory as a whole.

    Parameters
    ----------
    path : Path
        File to write.
    header : MdfHeader
        What the file says besides the frames; required values that it lacks become ``n.a.``, and the file's UUID follows
        from all that is written.
    grid : Grid
        Where the delta sample stood; missing axes have one position, and a missing length is that of one voxel.
    frequency : (row,) int
        Increasing frequency indices from 0.
    blocks : iterable of (channel, first row, (row, x[, y, z]) complex)
        Every row of every channel once, in any order, complex64 or all complex128.
    snr : (channel, row) float, optional
        Signal-to-noise ratio.
    background : (channel, row, frame) complex, optional
        Empty frames; the header says whether their mean has been subtracted.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError
        When the file is there, or a row is missing, given twice, not finite or of another shape; nothing is written.
    """
    path, rows = Path(path), np.asarray(frequency, np.int64)
    channels = channel_count(header)
    size = (*grid.shape, *(1 for _ in range(3 - len(grid.shape))))
    empty = 0 if background is None else np.asarray(background).shape[-1]
    frames = int(np.prod(size)) + empty
    _check_rows(header, rows)
    values = common_values(of_frequencies(header, rows), frames) | _calibration_values(
        header, grid, size, empty
    )
    values = {
        key: value
        for key, value in values.items()
        if key not in OF_FRAMES or len(np.asarray(value)) == frames - empty
    }
    if snr is not None:
        values["/calibration/snr"] = fitting("snr", snr, np.float64, (channels, len(rows)))[None]
    with new_file(path, overwrite=overwrite) as file:
        data = MatrixData(path, file, (1, channels, len(rows), frames), size)
        for channel, start, block in blocks:
            data.put(channel, start, block)
        data.finish(background)
        values["/uuid"] = file_identifier(digest_of(values), data.digest)
        with writing(path):
            put_all(file, values)


def write_mdf(
    path: Path,
    system_matrix: xr.DataArray,
    *,
    header: MdfHeader | None = None,
    background: npt.NDArray[Any] | None = None,
    time: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a labelled system matrix as a calibration.

    Parameters
    ----------
    path : Path
        File to write.
    system_matrix : (channel, frequency, x[, y, z]) or (component, x[, y, z]) DataArray of complex numbers
        As :func:`mpipipe.simulate_system_matrix`, :func:`mpipipe.open_system_matrix` and :func:`mpipipe.read_mdf` return it.
        Frequencies without a row that is not NaN are left out; a row that is NaN in every voxel, or that is no component,
        becomes 0 with a signal-to-noise ratio of 0. Used are the coordinates ``frequency``, ``snr``, ``x``, ``y``, ``z``, and
        the attributes ``scanner``, ``particle``, ``grid``, ``units``, ``calibration_method`` and
        ``is_transfer_function_corrected``.
    header : MdfHeader, optional
        Study, experiment, tracer, scanner and fields, in place of those of a simulation.
    background : (channel, frequency, frame) complex, optional
        Empty frames, of every frequency that is written, not subtracted yet from the matrix. Where it has no ``snr``, that is
        computed from them by :func:`mpipipe.reconstruction.selection.row_snr`.
    time : str, optional
        Creation time, ``yyyy-mm-ddThh:mm:ss.ms``; by default that of the header, or now.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError
        When the file is there, or the array lacks a label, or has values that are not finite; nothing is written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> import mpipipe
    >>> scanner = mpipipe.Scanner(divider=(16, 12, 14))
    >>> grid = mpipipe.Grid(shape=(4, 3), field_of_view_mm=(24, 20))
    >>> S = mpipipe.simulate_system_matrix(scanner, mpipipe.Particle(), grid)
    >>> file = Path(mkdtemp()) / "S.mdf"
    >>> mpipipe.write_mdf(file, S)
    >>> bool((mpipipe.read_mdf(file).values == S.values).all())
    True
    """
    found = matrix_of(system_matrix, header, time)
    snr = found.snr
    if snr is None and background is not None:
        snr = _snr(found, np.asarray(background))
    if background is not None:
        found = found.uncorrected()
    write_mdf_matrix(
        path,
        found.header,
        found.grid,
        found.frequency,
        found.blocks(),
        snr=snr,
        background=background,
        overwrite=overwrite,
    )


def write_mdf_measurement(
    path: Path,
    signal: xr.DataArray | npt.ArrayLike,
    scanner: Scanner | None = None,
    *,
    particle: Particle | None = None,
    header: MdfHeader | None = None,
    frequency: npt.ArrayLike | None = None,
    background: npt.ArrayLike | None = None,
    unit: str = "1/s",
    time: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a measurement: spectra, or samples in time.

    Parameters
    ----------
    path : Path
        File to write.
    signal : ([frame,] channel, frequency) complex, or ([frame,] channel, time) real
        Foreground frames in the order in which they were acquired. Real numbers are samples of one period; their Fourier
        transform without a factor has to have the scale of the system matrix. A DataArray gives its own ``frequency``,
        ``units``, ``scanner``, ``particle`` and ``header``.
    scanner : Scanner, optional
        Fields; not needed with a header.
    particle : Particle, optional
        Tracer of a simulation; none is written without one.
    header : MdfHeader, optional
        In place of that of a simulation, such as that of the system matrix.
    frequency : (frequency,) int, optional
        Increasing frequency indices from 0; by default all.
    background : (frame, channel, frequency or time), optional
        Empty frames, not subtracted yet.
    unit : str
        Of the signal, where neither a header nor a DataArray gives it.
    time : str, optional
        Creation time, ``yyyy-mm-ddThh:mm:ss.ms``; by default that of the header, or now.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError
        When the file is there, or shapes do not fit, or values are not finite; nothing is written.
    """
    path = Path(path)
    frames = frames_of(signal, scanner, particle, header, frequency, background, unit, time)
    values = common_values(of_frequencies(frames.header, frames.frequency), len(frames.values)) | {
        "/measurement/isFastFrameAxis": False,
        "/measurement/isFourierTransformed": np.iscomplexobj(frames.values),
        "/measurement/isFramePermutation": False,
        "/measurement/isBackgroundFrame": frames.is_background,
    }
    with new_file(path, overwrite=overwrite) as file:
        values["/uuid"] = file_identifier(digest_of(values), f"{number_of(DATA, frames.values):064x}")
        with writing(path):
            file.create_dataset(DATA, data=frames.values[:, None])
            put_all(file, values)


def _snr(found: Matrix, background: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    from mpipipe.reconstruction.selection import row_snr

    channels, rows = found.values.shape[:2]
    if background.shape[:2] != (channels, rows):
        raise InputError(f"background: found shape {background.shape}, expected ({channels}, {rows}, frame)")
    empty = background.reshape(channels * rows, -1)
    snr = row_snr(found.values.reshape(channels * rows, -1), empty, np.repeat(np.arange(channels), rows))
    return np.minimum(snr, np.finfo(np.float64).max).reshape(channels, rows)


def channel_count(header: MdfHeader) -> int:
    """Return the number of receive channels that a header names, or refuse it."""
    found = header.get("/acquisition/receiver/numChannels")
    if not isinstance(found, int) or found < 1:
        raise InputError(f"/acquisition/receiver/numChannels: found {found}, expected the number of channels")
    return found


def _check_rows(header: MdfHeader, rows: npt.NDArray[np.int64]) -> None:
    samples = header.get("/acquisition/receiver/numSamplingPoints")
    count = samples // 2 + 1 if isinstance(samples, int) else 0
    if not len(rows) or rows.ndim != 1 or (np.diff(rows) <= 0).any() or rows[0] < 0 or rows[-1] >= count:
        raise InputError(
            f"frequency: found {rows.tolist()[:5]} …, expected increasing indices from 0 to {count - 1}"
        )


def of_frequencies(header: MdfHeader, rows: npt.NDArray[np.int64]) -> MdfHeader:
    """Return the header of some of its frequencies: the transfer function has one column for each."""
    transfer, key = header.array("/acquisition/receiver/transferFunction"), SELECTION
    changes: dict[str, Value | None] = {key: rows + 1}
    if transfer is not None:
        known = header.array(key)
        index = np.arange(transfer.shape[1]) if known is None else known - 1
        place = {int(k): column for column, k in enumerate(index[: transfer.shape[1]])}
        columns = [place.get(int(row), -1) for row in rows]
        fits = len(index) == transfer.shape[1] and min(columns) >= 0
        changes["/acquisition/receiver/transferFunction"] = transfer[:, columns] if fits else None
    return header.replace(changes)


def _calibration_values(header: MdfHeader, grid: Grid, size: tuple[int, ...], empty: int) -> dict[str, Value]:
    voxels = int(np.prod(size))
    places = header.array(PERMUTATION)
    if places is None or len(places) != voxels or empty:
        places = np.arange(voxels + empty) + 1
    voxel_mm = [length / count for length, count in zip(grid.field_of_view_mm, grid.shape, strict=True)]
    missing = 3 - len(grid.shape)
    return {
        "/measurement/isFastFrameAxis": True,
        "/measurement/isFourierTransformed": True,
        "/measurement/isBackgroundFrame": np.repeat([0, 1], [voxels, empty]).astype(np.int8),
        "/measurement/isFramePermutation": True,
        PERMUTATION: places,
        "/calibration/method": header.text("/calibration/method"),
        "/calibration/size": np.array(size, np.int64),
        "/calibration/order": "xyz",
        "/calibration/fieldOfView": _metres((*grid.field_of_view_mm, *[min(voxel_mm)] * missing)),
        "/calibration/fieldOfViewCenter": _metres((*grid.centre_mm, *[0.0] * missing)),
    }


def _metres(lengths_mm: tuple[float, ...]) -> npt.NDArray[np.float64]:
    return np.array([from_thousandths(length) for length in lengths_mm])
