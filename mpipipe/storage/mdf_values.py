"""Checked values of an MDF v2 file: present, of the right kind and shape, in range, and of bounded size."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.storage.hdf5 import READ_ERRORS, overlapping, probe
from mpipipe.storage.limits import one_line
from mpipipe.storage.mdf_chunks import chunk_violation

MAX_METADATA_BYTES = 2**28
MAX_TEXTS = 2**12


def open_file(path: Path) -> h5py.File:
    """Return an open HDF5 file; the errors are those of h5py, but for a file that is none."""
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected an MDF v2 file")
    if not h5py.is_hdf5(path):
        raise InputError(f"{path}: found no HDF5 data, expected an MDF v2 file")
    found = path.stat()
    probe_once(path.absolute(), found.st_ino, found.st_mtime_ns, found.st_size)
    return h5py.File(path, "r")


@lru_cache(maxsize=64)
def probe_once(path: Path, inode: int, changed_ns: int, size: int) -> None:
    """Walk through a file before it is opened, see `mpipipe.storage.hdf5.open_hdf5`; again only when it has changed."""
    probe(path)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what h5py raises when bytes are missing or damaged into one `InputError` line."""
    try:
        yield
    except InputError:
        raise
    except READ_ERRORS as error:
        raise InputError(
            f"{path}: found a damaged or truncated file ({one_line(error)}), expected an MDF v2 file"
        ) from None


@dataclass(frozen=True)
class MdfValues:
    """An open file and its path, which every error names."""

    path: Path
    file: h5py.File

    def check(self) -> None:
        """Refuse other versions."""
        version = self.text("/version")
        if not version.startswith("2."):
            raise self.error("/version", version, "2.x")

    def error(self, key: str, found: object, expected: str) -> InputError:
        """Return the error of one HDF5 path."""
        return InputError(f"{self.path}: {key}: found {found}, expected {expected}")

    def has(self, key: str) -> bool:
        """Return whether there is a dataset."""
        group: Any = self.file
        for name in key.strip("/").split("/"):
            link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
            if link is None:
                return False
            if not isinstance(link, h5py.HardLink):  # it could lead to another file
                raise self.error(key, f"a link at {name}", "a dataset of the file itself")
            group = group.get(name)
        return isinstance(group, h5py.Dataset) and group.shape is not None

    def dataset(self, key: str) -> h5py.Dataset:
        """Return a dataset that has to be there."""
        if not self.has(key):
            raise self.error(key, "none", "a dataset")
        found = self.file[key]
        if found.is_virtual or found.external:
            raise self.error(key, "values in other files", "a dataset of the file itself")
        if overlapping(found.dtype):
            raise self.error(key, "fields that overlap", "numbers, pairs of them, or text")
        return found

    def numbers(self, key: str, *shape: int | None) -> npt.NDArray[np.float64]:
        """Return finite real numbers of a shape, in which None stands for any size; a number is also a scalar."""
        dataset = self.dataset(key)
        fits = len(dataset.shape) == len(shape) and all(
            want is None or size == want for size, want in zip(dataset.shape, shape, strict=True)
        )
        scalar = shape == (1,) and dataset.shape == ()
        if dataset.dtype.kind not in "fiub" or not (fits or scalar):
            sizes = ", ".join("any" if want is None else str(want) for want in shape)
            raise self.error(key, f"{dataset.dtype} {dataset.shape}", f"real numbers of shape ({sizes})")
        self.check_size(key, dataset)
        values = np.atleast_1d(np.asarray(dataset[()], np.float64))
        if not np.isfinite(values).all():
            raise self.error(key, "NaN or infinity", "finite numbers")
        return values

    def number(self, key: str) -> float:
        """Return a positive number."""
        value = float(self.numbers(key, 1)[0])
        if value <= 0:
            raise self.error(key, f"{value:g}", "a positive number")
        return value

    def integers(self, key: str, low: int, high: int, *shape: int | None) -> npt.NDArray[np.int64]:
        """Return integers of a range."""
        values = self.numbers(key, *shape)
        wrong = values[(values != np.round(values)) | (values < low) | (values > high)]
        if len(wrong):
            raise self.error(key, f"{wrong[0]:g}", f"integers from {low} to {high}")
        return values.astype(np.int64)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return a flag; without a default it has to be there."""
        if default is not None and not self.has(key):
            return default
        return bool(self.integers(key, 0, 1, 1)[0])

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string, or the first of several; without a default it has to be there."""
        if default is not None and not self.has(key):
            return default
        dataset = self.dataset(key)
        if h5py.check_string_dtype(dataset.dtype) is None or 0 in dataset.shape:
            raise self.error(key, f"{dataset.dtype} {dataset.shape}", "text")
        self.check_size(key, dataset)
        if dataset.size > MAX_TEXTS:  # each is an object of its own, whatever the file holds of it
            raise self.error(key, f"{dataset.size} texts", f"at most {MAX_TEXTS}")
        return str(np.ravel(dataset.asstr()[()])[0])

    def check_size(self, key: str, dataset: h5py.Dataset) -> None:
        """Refuse a dataset that is too large, before memory is taken; numbers become 8 bytes at least."""
        self.check_chunks(key, dataset)
        size = dataset.size * max(dataset.dtype.itemsize, 8)
        if size > MAX_METADATA_BYTES:
            expected = f"at most {MAX_METADATA_BYTES / 2**30:g} GiB"
            raise self.error(key, f"{size / 2**30:.1f} GiB", expected)

    def check_chunks(self, key: str, dataset: h5py.Dataset) -> None:
        """Refuse chunks that could take too much memory."""
        wrong = chunk_violation(dataset)
        if wrong:
            raise self.error(key, *wrong)
