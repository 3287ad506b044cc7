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

from mpipipe.storage.mdf_texts import check_texts
from mpipipe.storage.mdf_values import MdfValues, open_file, reading

DATA = "/measurement/data"
BACKGROUND = "/measurement/isBackgroundFrame"
PAIRS = ("r", "i")


@contextmanager
def open_mdf(path: Path) -> Iterator["MdfFile"]:
    """Open an MDF v2 file for reading; whatever is wrong with it is one `InputError` line."""
    path = Path(path)
    with reading(path), open_file(path) as file:
        opened = MdfFile(path, file)
        check_texts(opened)
        opened.check()
        yield opened


@dataclass(frozen=True)
class MdfFile(MdfValues):
    """An open file with its frames.

    Data are J x C x K x N with a fast frame axis and N x J x C x K without (periods, channels, frequencies, frames), or
    samples in place of frequencies before a Fourier transform. J is 1 here. Compressed data have B coefficients in place of
    the foreground frames.
    """

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
        """The data, one period a frame, not compressed."""
        if self.is_sparse:
            raise self.error("/measurement/isSparsityTransformed", "1", "0 (data that are not compressed)")
        return self.stored

    @cached_property
    def is_sparse(self) -> bool:
        """Whether foreground frames are compressed."""
        return self.flag("/measurement/isSparsityTransformed", default=False)

    @cached_property
    def stored(self) -> h5py.Dataset:
        """The data, one period a frame, as they are stored."""
        data = self.dataset(DATA)
        if self.is_fourier_transformed and not is_complex(data.dtype):
            raise self.error(DATA, f"dtype {data.dtype}", "complex pairs (r, i)")
        if not self.is_fourier_transformed and data.dtype.kind not in "fiu":
            raise self.error(DATA, f"dtype {data.dtype}", "real samples")
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
        """Channels, stored frequencies or samples, and frames; of compressed data, the frames that they stand for."""
        if self.is_fast_frame_axis:
            _, channels, samples, frames = self.stored.shape
        else:
            frames, _, channels, samples = self.stored.shape
        if self.is_sparse:
            positions = int(self.integers("/calibration/size", 1, 2**31, 3).prod())
            frames = positions + int(self.integers(BACKGROUND, 0, 1, None).sum())
        return channels, samples, frames

    @property
    def foreground_frames(self) -> int:
        """Frames O that are not empty."""
        return int((~self.is_background).sum())

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
        key, frames = BACKGROUND, self.sizes[2]
        marked = self.integers(key, 0, 1, None if self.is_sparse else frames).astype(bool)
        if self.is_sparse:  # the mask counts frames or coefficients; empty frames are the last in both
            first = len(marked) - int(marked.sum())
            if marked[:first].any():
                raise self.error(key, "background frames before others", "foreground frames first")
            marked = np.arange(frames) >= frames - int(marked.sum())
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
        if frames.dtype.names:
            raise self.error(DATA, f"dtype {data.dtype}", "pairs (r, i) of floating-point numbers")
        if not self.is_fourier_transformed:
            scale, offset = self.conversion[channel]
            frames = np.fft.rfft(scale * frames.astype(np.float64) + offset, axis=0)
        if not np.isfinite(frames).all():
            raise self.error(DATA, f"NaN or infinity in channel {channel}", "finite numbers")
        return np.asarray(frames)

    @cached_property
    def conversion(self) -> npt.NDArray[np.float64]:
        """Factor and offset ``(channel, 2)`` that turn stored numbers into the unit."""
        key, channels = "/acquisition/receiver/dataConversionFactor", self.sizes[0]
        if not self.has(key):
            return np.tile([1.0, 0.0], (channels, 1))
        return self.numbers(key, channels, 2)


def is_complex(dtype: np.dtype[Any]) -> bool:
    """Return whether numbers are complex: pairs (r, i) of floats, which h5py takes for complex, or of integers."""
    if dtype.names == PAIRS:
        parts = [dtype[name] for name in PAIRS]
        return parts[0] == parts[1] and parts[0].kind in "fiu" and not parts[0].subdtype
    return dtype.kind == "c"
