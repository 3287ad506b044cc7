"""Empty-frame background series on disk: simulated by the run, or measured and given by the user."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BloscCodec

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole
from mpipipe.storage.hdf5 import open_hdf5, own_dataset
from mpipipe.storage.layout import MATRIX_BYTES, check_values, open_array, open_group
from mpipipe.storage.location import readable
from mpipipe.storage.manifest import verify

SERIES_ARRAY = "background"
MAX_BYTES = MATRIX_BYTES


def write_series(path: Path, series: npt.NDArray[np.complex64], num_frequencies: int | None = None) -> None:
    """Write a background series ``(channel, frequency, frame)`` as Zarr, 64 frequencies of a channel a chunk.

    A series that holds fewer frequencies than the spectra have, spread over their band, says so in `num_frequencies`.
    """
    channels, frequencies, frames = series.shape
    block = min(64, frequencies)
    with whole(path) as partial:
        group = zarr.open_group(partial, mode="w-", zarr_format=3)
        array = group.create_array(
            SERIES_ARRAY,
            shape=series.shape,
            dtype="complex64",
            chunks=(1, block, frames),
            shards=(channels, block * -(-frequencies // block), frames),
            compressors=BloscCodec(cname="zstd", clevel=3, shuffle="shuffle", typesize=8),
            fill_value=complex(np.nan, np.nan),
            dimension_names=("channel", "frequency", "frame"),
            attributes={
                "units": "relative to the mean noise level of the series",
                "num_frequencies": num_frequencies or frequencies,
            },
        )
        array[:] = series


def read_series(path: Path) -> tuple[npt.NDArray[np.complex64], int]:
    """Read a background series of the run, after a check against its manifest.

    Returns
    -------
    series : (channel, frequency, frame) ndarray of complex64
        Empty frames.
    num_frequencies : int
        Frequencies of the spectra that the stored ones are spread over.

    Raises
    ------
    InputError
        When the series is missing, truncated, changed, not a series, or larger than 16 GiB.
    """
    verify(path)
    with readable(path, "a background series"):
        array = open_array(path, open_group(path), SERIES_ARRAY, "complex64", (3,))
        check_values(path, SERIES_ARRAY, array.shape, array.dtype.itemsize, MAX_BYTES)
        num_frequencies = array.attrs["num_frequencies"]
        if not isinstance(num_frequencies, int) or num_frequencies < array.shape[1]:
            raise InputError(
                f"{path}: found num_frequencies {num_frequencies!r}, expected at least {array.shape[1]}"
            )
        return np.asarray(array[:], np.complex64), num_frequencies


def read_measured_series(path: Path) -> npt.NDArray[np.complex64]:
    """Read measured empty frames from a user's file.

    Parameters
    ----------
    path : Path
        ``.npy`` with a complex array ``(channel, frequency, frame)``, or HDF5 with such a dataset `background`, complex
        or with a last axis of real and imaginary part.

    Raises
    ------
    InputError
        When the file is missing, of another kind or shape, larger than 16 GiB, or holds NaN or infinity.
    """
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected measured empty frames (background.file)")
    with readable(path, ".npy or HDF5 with 'background'"):
        series = (
            np.load(path, mmap_mode="r", allow_pickle=False) if path.suffix == ".npy" else _read_hdf5(path)
        )
        return _checked(path, series)


def _read_hdf5(path: Path) -> npt.NDArray[Any]:
    with open_hdf5(path) as file:
        dataset = own_dataset(f"{path}: {SERIES_ARRAY}", file, SERIES_ARRAY, MAX_BYTES)
        if dataset.dtype.kind not in "fc":
            raise InputError(f"{path}: found {dataset.dtype}, expected floats or complex numbers")
        values: npt.NDArray[Any] = dataset[()]
    if values.dtype.kind == "f" and values.ndim == 4 and values.shape[-1] == 2:
        return values[..., 0] + 1j * values[..., 1]
    return values


def _checked(path: Path, series: npt.NDArray[Any]) -> npt.NDArray[np.complex64]:
    if series.ndim != 3 or series.dtype.kind != "c" or series.nbytes > MAX_BYTES or 0 in series.shape:
        raise InputError(
            f"{path}: found {series.dtype} {series.shape}, expected complex (channel, frequency, frame) up to 16 GiB"
        )
    values = np.asarray(series, np.complex64)
    if not np.isfinite(values).all():
        raise InputError(f"{path}: found NaN or infinity, expected finite empty frames")
    return values
