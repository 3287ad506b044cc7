"""The frames of an MDF file while they are written: every row once, whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole

DATA = "/measurement/data"


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[h5py.File]:
    """Yield an HDF5 file that takes its place at `path` when it is whole; one that is there stays unless told otherwise."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise InputError(f"{path}: found a file, expected none (or to be told to overwrite it)")
    if path.is_dir():
        raise InputError(f"{path}: found a folder, expected a file or none")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as partial:
        with writing(path):
            file = h5py.File(partial, "w")
        try:
            yield file
        except BaseException:
            with suppress(OSError, RuntimeError):  # the first error counts
                file.close()
            raise
        with writing(path):
            file.close()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what h5py raises when it cannot write into one `InputError` line."""
    try:
        yield
    except InputError:
        raise
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: found that it cannot be written ({reason}), expected room for it"
        ) from None


class MatrixData:
    """The data of a matrix while they are written; remembers which rows are there."""

    def __init__(self, path: Path, file: h5py.File, shape: tuple[int, ...], size: tuple[int, ...]) -> None:
        self._path, self._file, self._shape, self._size = path, file, shape, size
        self._written = np.zeros(shape[1:3], bool)
        self._data: h5py.Dataset | None = None
        self._sum = 0

    @property
    def digest(self) -> str:
        """Digest of all rows, whatever the order and the blocks in which they came."""
        return f"{self._sum % 2**256:064x}"

    def put(self, channel: int, start: int, block: npt.NDArray[Any]) -> None:
        """Write some rows ``(row, x[, y, z])`` of a channel."""
        values = np.asarray(block)
        where = f"rows from {start} on of channel {channel}"
        stop = start + len(values) if values.ndim else start
        _, channels, rows, _ = self._shape
        voxels = int(np.prod(self._size))
        if not (0 <= channel < channels and 0 <= start < stop <= rows) or values[0].size != voxels:
            raise InputError(
                f"{where}: found shape {values.shape}, expected rows of {rows} in {channels} channels, {self._size} each"
            )
        if not (np.iscomplexobj(values) or values.dtype.kind == "f") or not np.isfinite(values).all():
            raise InputError(f"{where}: found NaN, infinity or no numbers, expected finite complex numbers")
        if self._written[channel, start:stop].any():
            raise InputError(f"{where}: found a row twice, expected each once")
        self._written[channel, start:stop] = True
        fastest_x = values.reshape(-1, *self._size).transpose(0, 3, 2, 1).reshape(len(values), voxels)
        dataset = self._dataset(values.dtype)
        if dataset.dtype.itemsize < values.dtype.itemsize:
            raise InputError(f"{where}: found {values.dtype}, expected {dataset.dtype} as in the first block")
        stored = np.ascontiguousarray(fastest_x, dataset.dtype)
        with writing(self._path):
            dataset[0, channel, start:stop, :voxels] = stored
        for row, line in enumerate(stored, start):
            self._sum += number_of(f"{channel} {row}", line)

    def finish(self, background: npt.NDArray[Any] | None) -> None:
        """Write the empty frames, and refuse what has missing rows."""
        missing = np.argwhere(~self._written)
        if len(missing) or self._data is None:
            channel, row = missing[0] if len(missing) else (0, 0)
            raise InputError(
                f"system matrix: found {len(missing)} missing rows, the first {row} of channel {channel}, expected all"
            )
        if background is not None:
            shape = (*self._shape[1:3], np.asarray(background).shape[-1])
            values = fitting("background", background, self._data.dtype, shape)
            with writing(self._path):
                self._data[0, :, :, int(np.prod(self._size)) :] = values
            self._sum += number_of("background", values)

    def _dataset(self, dtype: np.dtype[Any]) -> h5py.Dataset:
        if self._data is None:
            kind = np.complex128 if dtype in (np.complex128, np.float64) else np.complex64
            with writing(self._path):
                self._data = self._file.create_dataset(DATA, self._shape, kind)
        return self._data


def fitting(
    name: str, values: npt.ArrayLike, dtype: npt.DTypeLike, shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Return an array of a type and shape, or refuse it."""
    array = np.ascontiguousarray(values, dtype)
    if array.shape != shape or not np.isfinite(array).all():
        raise InputError(f"{name}: found shape {array.shape}, expected finite numbers of shape {shape}")
    return array


def number_of(name: str, values: npt.NDArray[Any]) -> int:
    """Return the digest of named values as a number, which can be summed in any order."""
    digest = sha256(f"{name} {values.dtype} {values.shape} ".encode())
    digest.update(np.ascontiguousarray(values).view(np.uint8).data)
    return int(digest.hexdigest(), 16)
