"""Checked access to the frames of an MDF v2 file: layouts, flags, background frames, spectra."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

DATA = "/measurement/data"
READ_ERRORS = (OSError, RuntimeError, KeyError)  # what h5py raises when bytes are missing


@contextmanager
def open_mdf(path: Path) -> Iterator["MdfFile"]:
    """Open an MDF v2 file for reading; whatever is wrong with it is one `InputError` line."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected an MDF v2 file")
    try:
        if not h5py.is_hdf5(path):
            raise InputError(f"{path}: found no HDF5 data, expected an MDF v2 file")
        with h5py.File(path, "r") as file:
            opened = MdfFile(path, file)
            opened.check()
            yield opened
    except InputError:
        raise
    except READ_ERRORS as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: found a damaged or truncated file ({reason}), expected an MDF v2 file"
        ) from None


@dataclass(frozen=True)
class MdfFile:
    """An open file and its path, which every error names.

    Data are J x C x K x N with a fast frame axis and N x J x C x K without (periods, channels, frequencies, frames), or
    samples in place of frequencies before a Fourier transform. J is 1 here.
    """

    path: Path
    file: h5py.File

    def check(self) -> None:
        """Refuse other versions and compressed data."""
        version = self.text("/version")
        if not version.startswith("2"):
            raise self.error("/version", version, "2.x")
        if self.flag("/measurement/isSparsityTransformed", default=False):
            raise self.error("/measurement/isSparsityTransformed", "1", "0 (data that are not compressed)")

    # ------------------------------------------------------------------ values

    def error(self, key: str, found: object, expected: str) -> InputError:
        """Return the error of one HDF5 path."""
        return InputError(f"{self.path}: {key}: found {found}, expected {expected}")

    def has(self, key: str) -> bool:
        """Return whether there is a dataset."""
        found = self.file.get(key)
        return isinstance(found, h5py.Dataset) and found.shape is not None

    def dataset(self, key: str) -> h5py.Dataset:
        """Return a dataset that has to be there."""
        if not self.has(key):
            raise self.error(key, "none", "a dataset")
        return self.file[key]

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
        return str(np.ravel(dataset.asstr()[()])[0])

    # ------------------------------------------------------------------ frames

    @cached_property
    def is_fast_frame_axis(self) -> bool:
        """Whether frames are the last axis; early files name the flag ``isTransposed``."""
        older = "/measurement/isTransposed"
        return self.flag(older if self.has(older) else "/measurement/isFastFrameAxis")

    @cached_property
    def is_fourier_transformed(self) -> bool:
        """Whether frames are spectra."""
        return self.flag("/measurement/isFourierTransformed")

    @cached_property
    def data(self) -> h5py.Dataset:
        """The data, one period a frame."""
        data = self.dataset(DATA)
        kinds = "c" if self.is_fourier_transformed else "fiu"
        if data.dtype.kind not in kinds:
            what = "complex pairs (r, i)" if kinds == "c" else "real samples"
            raise self.error(DATA, f"dtype {data.dtype}", what)
        layout = (
            "J x C x K x N with J = 1 period"
            if self.is_fast_frame_axis
            else "N x J x C x K with J = 1 period"
        )
        if len(data.shape) != 4 or 0 in data.shape or data.shape[0 if self.is_fast_frame_axis else 1] != 1:
            raise self.error(DATA, f"shape {data.shape}", layout)
        return data

    @cached_property
    def sizes(self) -> tuple[int, int, int]:
        """Channels, stored frequencies or samples, and frames."""
        if self.is_fast_frame_axis:
            _, channels, samples, frames = self.data.shape
        else:
            frames, _, channels, samples = self.data.shape
        return channels, samples, frames

    @cached_property
    def samples(self) -> int:
        """Samples V of a period."""
        key = "/acquisition/receiver/numSamplingPoints"
        return int(self.integers(key, 2, 2**31, 1)[0])

    @cached_property
    def frequency(self) -> npt.NDArray[np.int64]:
        """Frequency indices ``(frequency,)`` of the spectra, from 0; the file counts from 1."""
        count, stored = self.samples // 2 + 1, self.sizes[1]
        if not self.is_fourier_transformed:
            if stored != self.samples:
                raise self.error(DATA, f"{stored} samples a period", f"numSamplingPoints = {self.samples}")
            return np.arange(count)
        key = "/measurement/frequencySelection"
        if self.flag("/measurement/isFrequencySelection", default=False):
            selected = self.integers(key, 1, count, stored)
            if (np.diff(selected) <= 0).any():
                raise self.error(key, "indices that do not increase", "increasing indices")
            return selected - 1
        if stored != count:
            expected = f"{count} for numSamplingPoints = {self.samples}, or /measurement/isFrequencySelection"
            raise self.error(DATA, f"{stored} frequencies", expected)
        return np.arange(count)

    @cached_property
    def frequency_Hz(self) -> npt.NDArray[np.float64]:
        """Frequencies ``(frequency,)`` in Hz: the sampling rate is twice the bandwidth."""
        step = 2 * self.number("/acquisition/receiver/bandwidth") / self.samples
        return np.asarray(self.frequency * step, np.float64)

    @cached_property
    def is_background(self) -> npt.NDArray[np.bool_]:
        """Which frames ``(frame,)`` are empty, in the order of the data."""
        key, frames = "/measurement/isBackgroundFrame", self.sizes[2]
        marked = self.integers(key, 0, 1, frames).astype(bool)
        if marked.all():
            raise self.error(key, "background frames only", "a foreground frame at least")
        return marked

    @cached_property
    def is_background_corrected(self) -> bool:
        """Whether the background has been subtracted."""
        return self.flag("/measurement/isBackgroundCorrected")

    @cached_property
    def acquisition_order(self) -> npt.NDArray[np.int64]:
        """When each frame ``(frame,)`` was acquired: its place in time, where frames have been reordered."""
        key, frames = "/measurement/framePermutation", self.sizes[2]
        if not self.flag("/measurement/isFramePermutation", default=False):
            return np.arange(frames)
        places = self.integers(key, 1, frames, frames)
        if len(np.unique(places)) != frames:
            raise self.error(key, "an index twice", f"each of 1 to {frames} once")
        return places - 1

    def spectra(self, channel: int) -> npt.NDArray[Any]:
        """Return the spectra ``(frequency, frame)`` of one channel, which alone is held in memory.

        Samples are converted by ``dataConversionFactor`` where there is one, and transformed without a factor as MPIFiles
        does; spectra are taken as they are.
        """
        data = self.data
        frames = data[0, channel] if self.is_fast_frame_axis else data[:, 0, channel].T
        if not self.is_fourier_transformed:
            scale, offset = self._conversion[channel]
            frames = np.fft.rfft(scale * frames.astype(np.float64) + offset, axis=0)
        if not np.isfinite(frames).all():
            raise self.error(DATA, f"NaN or infinity in channel {channel}", "finite numbers")
        return np.asarray(frames)

    @cached_property
    def _conversion(self) -> npt.NDArray[np.float64]:
        key, channels = "/acquisition/receiver/dataConversionFactor", self.sizes[0]
        if not self.has(key):
            return np.tile([1.0, 0.0], (channels, 1))
        return self.numbers(key, channels, 2)
