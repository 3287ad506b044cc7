"""Arrays from MATLAB 7.3 files, which are HDF5, and the measured encoding-array data set in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.storage.hdf5 import READ_ERRORS, open_hdf5, own_dataset
from mpipipe.storage.limits import one_line

MAX_BYTES = 2**30
NUMERIC_CLASSES = (
    "double",
    "single",
    "logical",
    *(f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)),
)


@dataclass(frozen=True)
class EncodingArray:
    """A measured system matrix and phantom signals of a gradient-free coil-encoding scanner.

    Attributes
    ----------
    system_matrix : (component, x, y) complex128
        40 frequency components on 8 x 8 positions, in the unit of the signals (not recorded).
    signals : dict of (component,) complex128
        Phantom measurements ``b1`` and ``b2``.
    """

    system_matrix: npt.NDArray[np.complex128]
    signals: dict[str, npt.NDArray[np.complex128]]


def read_matlab_array(path: Path, name: str, *, max_bytes: int = MAX_BYTES) -> npt.NDArray[Any]:
    """Read a numeric array with the axis order that it has in MATLAB.

    MATLAB stores arrays column by column, so HDF5 sees the axes in reverse; complex numbers are pairs
    (real, imag).

    Parameters
    ----------
    path : Path
        MATLAB 7.3 file.
    name : str
        Variable.
    max_bytes : int
        Largest array that is read; the size is checked before any memory is taken.

    Returns
    -------
    ndarray
        Real or complex array, C-contiguous, at least 2-D as in MATLAB.

    Raises
    ------
    InputError
        When the file is missing, not HDF5 or truncated, or the variable is missing, no numeric array, or
        too large.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected a MATLAB 7.3 file")
    try:
        if not h5py.is_hdf5(path):
            raise InputError(f"{path}: found no HDF5 data, expected a MATLAB 7.3 file (save with '-v7.3')")
        with open_hdf5(path) as file:
            return _read(path, file, name, max_bytes)
    except InputError:
        raise
    except READ_ERRORS as error:
        raise InputError(
            f"{path}: found a damaged or truncated file ({one_line(error)}), expected a MATLAB 7.3 file"
        ) from None


def read_encoding_array(folder: Path) -> EncodingArray:
    """Read ``S.mat``, ``b1.mat`` and ``b2.mat``: 40 components on 8 x 8 positions, two phantoms.

    Parameters
    ----------
    folder : Path
        Folder that holds the three files.

    Returns
    -------
    EncodingArray
        System matrix ``(component, x, y)``, x fastest in the file, and signals.

    Raises
    ------
    InputError
        When a file cannot be read or has another shape.

    Notes
    -----
    Data of BUAALGH/ISBI-2026-MPI-Encoding-Array (MIT licence).
    """
    matrix = _complex(Path(folder) / "S.mat", "S", (40, 64))
    signals = {name: _complex(Path(folder) / f"{name}.mat", name, (40, 1))[:, 0] for name in ("b1", "b2")}
    return EncodingArray(np.ascontiguousarray(matrix.reshape(40, 8, 8).transpose(0, 2, 1)), signals)


def _read(path: Path, file: h5py.File, name: str, max_bytes: int) -> npt.NDArray[Any]:
    if name not in file:
        found = ", ".join(sorted(key for key in file if not key.startswith("#"))) or "none"
        raise InputError(f"{path}: found variables {one_line(found)}, expected {name}")
    where = f"{path}: {name}"
    _check_class(where, file, name)
    variable = own_dataset(where, file, name, max_bytes)
    is_complex = variable.dtype.names == ("real", "imag")
    parts = [variable.dtype[part] for part in variable.dtype.names] if is_complex else [variable.dtype]
    if any(part.kind not in "fiub" for part in parts):
        raise InputError(f"{where}: found dtype {variable.dtype}, expected numbers or pairs (real, imag)")
    values = np.ascontiguousarray(variable[()].T)
    return np.asarray(values["real"] + 1j * values["imag"]) if is_complex else values


def _check_class(where: str, file: h5py.File, name: str) -> None:
    """Refuse what MATLAB itself calls no numeric array: text, cells, structures, empty arrays."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return
    attributes = file[name].attrs
    kind = "double"
    if "MATLAB_class" in attributes:
        # Text of fixed length, as MATLAB writes it: other text lies in a heap, where damage can hold HDF5 for ever.
        fixed = attributes.get_id("MATLAB_class").dtype.kind == "S"
        kind = (
            bytes(attributes["MATLAB_class"]).decode(errors="replace") if fixed else "class of another type"
        )
    if (
        not isinstance(file[name], h5py.Dataset)
        or kind not in NUMERIC_CLASSES
        or "MATLAB_empty" in attributes
    ):
        raise InputError(
            f"{where}: found a MATLAB {one_line(kind)} that is no full array, expected a numeric array"
        )


def _complex(path: Path, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.complex128]:
    values = read_matlab_array(path, name)
    if values.shape != shape:
        raise InputError(f"{path}: {name}: found shape {values.shape}, expected {shape}")
    return values.astype(np.complex128)
