"""Measured transfer functions of a receive chain."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.receive_chain import TransferFunction

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
        When the file is missing, truncated, not HDF5, or holds other datasets.
    """
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected a measured transfer function")
    try:
        with h5py.File(path, "r") as file:
            frequency, gain = (_read(file, name) for name in ("frequencies", "transferFunction"))
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: found {reason}, expected datasets frequencies and transferFunction"
        ) from None
    if gain.dtype.kind == "f" and gain.shape[-1:] == (2,):
        gain = gain[..., 0] + 1j * gain[..., 1]
    if frequency.ndim != 1 or gain.shape != (3, frequency.size) or gain.dtype.kind != "c":
        raise InputError(
            f"{path}: found {gain.dtype} {gain.shape} at {frequency.shape} frequencies, expected complex (3, sample)"
        )
    order = np.argsort(frequency, kind="stable")
    return TransferFunction(frequency[order].astype(np.float64), gain[:, order].astype(np.complex128))


def _read(file: h5py.File, name: str) -> npt.NDArray[Any]:
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fc" or dataset.nbytes > MAX_BYTES:
        raise ValueError(f"{name} that is no array of floats below {MAX_BYTES} bytes")
    values: npt.NDArray[Any] = dataset[()]
    return values
