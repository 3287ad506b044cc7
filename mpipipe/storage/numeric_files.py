"""One array of numbers from a NumPy, HDF5 or MATLAB 7.3 file, of bounded size."""

import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.storage.hdf5 import READ_ERRORS, open_hdf5, own_dataset
from mpipipe.storage.limits import check_claim, one_line
from mpipipe.storage.matlab import read_matlab_array

MAX_BYTES = 16 * 2**30
PAIRS = (("r", "i"), ("real", "imag"))
DAMAGE = (*READ_ERRORS, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


def read_numbers(path: Path, dataset: str | None = None, *, max_bytes: int = MAX_BYTES) -> npt.NDArray[Any]:
    """Return an array of real or complex numbers.

    Parameters
    ----------
    path : Path
        ``.npy``, ``.npz``, or HDF5 of any ending, MATLAB 7.3 included.
    dataset : str, optional
        Array in ``.npz``, variable, or path of a dataset; by default the only one at the top.
    max_bytes : int
        Largest array that is read; the size is checked before any memory is taken.

    Returns
    -------
    ndarray
        In MATLAB's own order of axes for a MATLAB file, else as stored. Pairs (r, i) and (real, imag) become complex.

    Raises
    ------
    InputError
        When the file is missing, damaged or of another format, or has no such array of numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected .npy, .npz, HDF5 or MATLAB 7.3")
    try:
        if path.suffix == ".npy":
            return _numbers(str(path), _read_npy(path, max_bytes))
        if path.suffix == ".npz":
            return _numbers(
                f"{path}: {dataset}" if dataset else str(path), _read_npz(path, dataset, max_bytes)
            )
        if h5py.is_hdf5(path):
            return _read_hdf5(path, dataset, max_bytes)
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(
            f"{path}: found a damaged file ({one_line(error)}), expected arrays of numbers"
        ) from None
    raise InputError(
        f"{path}: found an unknown format, expected .npy, .npz, HDF5 or MATLAB 7.3 (save with '-v7.3')"
    )


def _read_npy(path: Path, max_bytes: int) -> npt.NDArray[Any]:
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    check_claim(str(path), mapped.nbytes, max_bytes)
    return np.array(mapped)


def _read_npz(path: Path, name: str | None, max_bytes: int) -> npt.NDArray[Any]:
    with zipfile.ZipFile(path) as archive:
        names = [member.removesuffix(".npy") for member in archive.namelist() if member.endswith(".npy")]
        member = f"{_chosen(path, names, name)}.npy"
        with archive.open(member) as stream:
            version = np.lib.format.read_magic(stream)
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = read(stream)
        check_claim(f"{path}: {name}", prod(shape) * dtype.itemsize, max_bytes)
        with archive.open(member) as stream:
            return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _read_hdf5(path: Path, name: str | None, max_bytes: int) -> npt.NDArray[Any]:
    with open_hdf5(path) as file:
        own = [key for key in file if isinstance(file.get(key, getlink=True), h5py.HardLink)]
        arrays = [key for key in own if file.get(key, getclass=True) is h5py.Dataset]
        name = _chosen(path, arrays, name)
        where = f"{path}: {name}"
        if name.split("/")[0] not in own or name not in file:
            raise InputError(
                f"{where}: found arrays {one_line(', '.join(arrays)) or 'none'}, expected it among them"
            )
        dataset = own_dataset(where, file, name, max_bytes)
        if "MATLAB_class" in dataset.attrs:
            return read_matlab_array(path, name, max_bytes=max_bytes)
        return _numbers(where, np.asarray(dataset[()]))


def _chosen(path: Path, names: list[str], name: str | None) -> str:
    """Return the name that is asked for, or the only one."""
    if name is not None:
        if path.suffix == ".npz" and name not in names:
            raise InputError(f"{path}: found arrays {one_line(', '.join(names)) or 'none'}, expected {name}")
        return name
    if len(names) != 1:
        raise InputError(
            f"{path}: found arrays {one_line(', '.join(names)) or 'none'}, expected the name of one"
        )
    return names[0]


def _numbers(where: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.dtype.names in PAIRS:
        real, imaginary = values.dtype.names
        values = values[real] + 1j * values[imaginary]
    if values.dtype.kind not in "fciub":
        raise InputError(f"{where}: found {values.dtype}, expected numbers or pairs (r, i)")
    return values
