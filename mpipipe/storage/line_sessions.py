"""Measured sessions of a 1-D scanner: blocks of one background row and nine positions in HDF5."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.signals.line_session import LineSession
from mpipipe.storage.hdf5 import READ_ERRORS, open_hdf5, own_dataset
from mpipipe.storage.limits import one_line

BLOCKS, POSITIONS, SAMPLES = 3, 9, 152
SHAPE = (BLOCKS * (POSITIONS + 1), SAMPLES)
STEP_MM = 10.0
MAX_BYTES = 2**24
SESSION_FILES = ("session1_system_matrix.h5", "session2_system_matrix.h5")
CORRUPT_ROWS: dict[str, tuple[int, ...]] = {"session2_system_matrix.h5": (29,)}
"""Row 29 of session 2 is no signal at any position: nearly no even harmonics, and large odd ones."""


def read_line_sessions(folder: Path) -> tuple[LineSession, LineSession]:
    """Read both sessions; the corrupt row of the second is marked as not usable.

    Parameters
    ----------
    folder : Path
        Folder that holds the files `SESSION_FILES`.

    Raises
    ------
    InputError
        When a file is missing, no HDF5, or has another shape or values that are not finite.

    Notes
    -----
    Data of MagneticParticleImaging/MPIMeasurements.jl (MIT licence): drive at 125 MHz / 4864 = 25.699 kHz, 152 samples a
    period, 1000 averages, in counts of the converter. Gradient and tracer are not recorded.
    """
    first, second = (
        read_line_session(Path(folder) / name, CORRUPT_ROWS.get(name, ())) for name in SESSION_FILES
    )
    return first, second


def read_line_session(path: Path, corrupt: tuple[int, ...] = ()) -> LineSession:
    """Read one session: three blocks of a background row and nine positions from −40 to 40 mm.

    Parameters
    ----------
    path : Path
        HDF5 file with the array ``matrix`` ``(30, 152)`` of floats, row by time.
    corrupt : tuple of int
        Rows that are not usable, from 0 on.

    Raises
    ------
    InputError
        When the file is missing, no HDF5, or has another shape or values that are not finite.
    """
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected a measured session (`mpipipe fetch` downloads it)")
    try:
        with open_hdf5(path) as file:
            values = _read(path, file)
    except InputError:
        raise
    except READ_ERRORS as error:
        raise InputError(
            f"{path}: found {one_line(error)}, expected an HDF5 file with a dataset matrix"
        ) from None
    with np.errstate(over="ignore"):  # numbers beyond double precision become infinite
        values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{path}: matrix: found NaN or infinity, expected finite values")
    rows = values.reshape(BLOCKS, POSITIONS + 1, SAMPLES)
    usable = np.ones(BLOCKS * (POSITIONS + 1), bool)
    usable[list(corrupt)] = False
    position_mm = STEP_MM * (np.arange(POSITIONS, dtype=np.float64) - POSITIONS // 2)
    return LineSession(
        rows[:, 0], rows[:, 1:], usable.reshape(BLOCKS, POSITIONS + 1)[:, 1:].copy(), position_mm
    )


def _read(path: Path, file: h5py.File) -> npt.NDArray[Any]:
    dataset = own_dataset(f"{path}: matrix", file, "matrix", MAX_BYTES)
    if dataset.dtype.kind != "f" or dataset.shape != SHAPE:
        raise InputError(
            f"{path}: matrix: found {dataset.dtype} of shape {dataset.shape}, expected floats of shape {SHAPE}"
        )
    values: npt.NDArray[Any] = dataset[()]
    return values
