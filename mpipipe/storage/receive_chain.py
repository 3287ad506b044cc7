"""Measured transfer functions of a receive chain."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.storage.hdf5 import READ_ERRORS, open_hdf5, own_dataset
from mpipipe.storage.limits import one_line

MAX_BYTES = 2**28


def read_transfer_function(path: Path) -> TransferFunction:
    """Read a transfer function from HDF5.

    Parameters
    ----------
    path : Path
        HDF5 file with `frequencies` ``(sample,)`` in Hz and `transferFunction` ``(channel, sample)``, complex or with
        a last axis of real and imaginary part; three receive channels.

    Returns
    -------
    TransferFunction
        Frequencies in increasing order and complex gain.

    Raises
    ------
    InputError
        When the file is missing, truncated, not HDF5, or holds other datasets or values that are not finite.
    """
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected a measured transfer function")
    try:
        with open_hdf5(path) as file:
            frequency, gain = (_read(path, file, name) for name in ("frequencies", "transferFunction"))
    except InputError:
        raise
    except READ_ERRORS as error:
        raise InputError(
            f"{path}: found {one_line(error)}, expected datasets frequencies and transferFunction"
        ) from None
    if not (np.isfinite(frequency).all() and np.isfinite(gain).all()):
        raise InputError(f"{path}: found NaN or infinity, expected finite frequencies and gains")
    if gain.dtype.kind == "f" and gain.shape[-1:] == (2,):
        gain = gain[..., 0] + 1j * gain[..., 1]
    shapes = frequency.dtype.kind == "f" and frequency.ndim == 1 and gain.shape == (3, frequency.size)
    if not shapes or gain.dtype.kind != "c" or not frequency.size:
        raise InputError(
            f"{path}: found {gain.dtype} {gain.shape} at {frequency.shape} frequencies, expected complex (3, sample)"
        )
    order = np.argsort(frequency, kind="stable")
    if (np.diff(frequency[order]) <= 0).any():
        raise InputError(f"{path}: frequencies: found one twice, expected each once")
    return TransferFunction(frequency[order], gain[:, order])


def _read(path: Path, file: h5py.File, name: str) -> npt.NDArray[Any]:
    dataset = own_dataset(f"{path}: {name}", file, name, MAX_BYTES)
    if dataset.dtype.kind not in "fc":
        raise InputError(f"{path}: {name}: found {dataset.dtype}, expected floats or complex numbers")
    values: npt.NDArray[Any] = dataset[()]
    with np.errstate(over="ignore"):  # numbers beyond double precision become infinite, which is refused
        return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)
