"""Spectra of an MDF file, read in blocks of bounded memory, less the mean of the background frames.

Frames of spectra along the fast axis lie contiguous for each frequency, and blocks are some frequencies with all their
frames. In any other layout blocks are some frames; samples in time are transformed as a whole and the frequencies that were
asked for are kept.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.storage.mdf_file import DATA, MdfFile, is_complex
from mpipipe.storage.mdf_sparse import check_sparse, expand

BLOCK_BYTES = 2**26
COMPLEX_BYTES = 16
MAX_ROW_BYTES = 2**30


class FrameReader:
    """Reader of spectra in the file's unit.

    Samples, and spectra of integers, are converted by ``dataConversionFactor`` where there is one; spectra of floating-point
    numbers are taken as they are, as MPIFiles does. The Fourier transform has no factor.
    """

    def __init__(self, file: MdfFile) -> None:
        self._file = file
        stored = file.stored
        parts = [stored.dtype[name] for name in stored.dtype.names or ()] or [stored.dtype]
        if any(part.byteorder == ">" for part in parts):
            raise file.error(DATA, f"big-endian {stored.dtype}", "little-endian numbers")
        file.check_chunks(DATA, stored)
        if file.is_sparse:
            check_sparse(file)
        _, samples, frames = file.sizes
        lengths = [frames] if file.is_fourier_transformed else [frames, samples]
        if max(lengths) * COMPLEX_BYTES > MAX_ROW_BYTES:
            expected = f"at most {MAX_ROW_BYTES // COMPLEX_BYTES} frames or samples"
            raise file.error(DATA, f"{max(lengths)} frames or samples", expected)
        self._rows_first = file.is_fast_frame_axis and file.is_fourier_transformed
        self._integers = stored.dtype.kind in "iu" or stored.dtype.names is not None

    @cached_property
    def foreground(self) -> npt.NDArray[np.int64]:
        """Places of the foreground frames, in the order in which they are stored."""
        return np.flatnonzero(~self._file.is_background)

    @cached_property
    def background(self) -> npt.NDArray[np.int64]:
        """Places of the empty frames, in the order in which they were acquired."""
        found = np.flatnonzero(self._file.is_background)
        return found[np.argsort(self._file.acquisition_order[found])]

    def fill(self, out: npt.NDArray[Any], places: npt.NDArray[np.int64], channel: int, start: int) -> None:
        """Write foreground spectra to the columns `places` of ``out[row]``, one for each foreground frame.

        Parameters
        ----------
        out : (row, column) complex64
            Rows from `start` on of one channel.
        places : (frame,) int64
            Column of each foreground frame.
        channel, start : int
            Receive channel, and first row.
        """
        subtracted = len(self.background) and not self._file.is_background_corrected
        if self._rows_first:
            for first, last in self._row_blocks(start, start + len(out)):
                frames = self._read(channel, first, last, 0, self._file.sizes[2])
                if subtracted:
                    frames = frames - _mean(frames[:, self.background])
                out[first - start : last - start, places] = frames[:, self.foreground]
            return
        mean = self._mean_of(self.background, channel, start, start + len(out)) if subtracted else None
        for columns, frames in self._frame_blocks(self.foreground, channel, start, start + len(out)):
            out[:, places[columns]] = frames if mean is None else frames - mean

    def fill_frames(self, out: npt.NDArray[Any], places: npt.NDArray[np.int64], channel: int) -> None:
        """Write whole foreground spectra to the columns `places` of ``out[row]``; columns that are not there are skipped."""
        rows = len(self._file.frequency)
        wanted = np.flatnonzero((places >= 0) & (places < out.shape[1]))
        mean: npt.NDArray[Any] | float = 0.0
        if len(self.background) and not self._file.is_background_corrected:
            mean = self._mean_of(self.background, channel, 0, rows)
        for columns, frames in self._frame_blocks(self.foreground[wanted], channel, 0, rows):
            out[:, places[wanted[columns]]] = frames - mean

    def empty_frames(self, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64]:
        """Return the empty frames ``(row, frame)``, in the order in which they were acquired."""
        out = np.empty((stop - start, len(self.background)), np.complex64)
        if self._rows_first:
            for first, last in self._row_blocks(start, stop):
                frames = self._read(channel, first, last, 0, self._file.sizes[2])
                out[first - start : last - start] = frames[:, self.background]
            return out
        for columns, frames in self._frame_blocks(self.background, channel, start, stop):
            out[:, columns] = frames
        return out

    def mean(self, channel: int) -> npt.NDArray[np.complex128]:
        """Return the mean foreground frame ``(row,)``, less the mean background unless that was done."""
        rows = len(self._file.frequency)
        mean = self._mean_of(self.foreground, channel, 0, rows)
        if len(self.background) and not self._file.is_background_corrected:
            mean -= self._mean_of(self.background, channel, 0, rows)
        return mean[:, 0]

    def _mean_of(
        self, chosen: npt.NDArray[np.int64], channel: int, start: int, stop: int
    ) -> npt.NDArray[np.complex128]:
        """Return the mean ``(row, 1)`` of some frames."""
        if self._rows_first:
            means = [
                _mean(self._read(channel, first, last, 0, self._file.sizes[2])[:, chosen])
                for first, last in self._row_blocks(start, stop)
            ]
            return np.concatenate(means)
        total = np.zeros((stop - start, 1), np.complex128)
        for _, frames in self._frame_blocks(chosen, channel, start, stop):
            total += frames.sum(axis=1, keepdims=True, dtype=np.complex128)
        return total / len(chosen)

    # ------------------------------------------------------------------ blocks

    def _row_blocks(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        step = max(1, BLOCK_BYTES // (COMPLEX_BYTES * self._file.sizes[2]))
        for first in range(start, stop, step):
            yield first, min(first + step, stop)

    def _frame_blocks(
        self, chosen: npt.NDArray[np.int64], channel: int, start: int, stop: int
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[Any]]]:
        """Yield places in `chosen` and the spectra ``(row, frame)`` of these frames."""
        rows = stop - start if self._file.is_fourier_transformed else 2 * self._file.sizes[1]
        step = max(1, BLOCK_BYTES // (COMPLEX_BYTES * max(rows, 1)))
        order = np.argsort(chosen, kind="stable")
        ordered = chosen[order]
        first = 0
        while first < len(ordered):
            last = int(np.searchsorted(ordered, ordered[first] + step))
            low, high = int(ordered[first]), int(ordered[last - 1]) + 1
            frames = self._read(channel, start, stop, low, high)
            yield order[first:last], frames[:, ordered[first:last] - low]
            first = last

    def _read(self, channel: int, start: int, stop: int, low: int, high: int) -> npt.NDArray[Any]:
        """Return rows of a range of frames ``(row, frame)``; all are refused where one number is not finite."""
        file = self._file
        if file.is_sparse:
            frames = expand(file, channel, start, stop)[:, low:high]
        else:
            rows = slice(start, stop) if file.is_fourier_transformed else slice(None)
            chosen = (0, channel, rows, slice(low, high))
            stored = file.data[chosen] if file.is_fast_frame_axis else file.data[(chosen[3], *chosen[:3])].T
            frames = self._converted(stored, channel, start)
        if not file.is_fourier_transformed:
            frames = np.fft.rfft(frames, axis=0)[start:stop]
        if not np.isfinite(frames).all():
            raise file.error(DATA, f"NaN or infinity in channel {channel}", "finite numbers")
        return frames

    def _converted(self, frames: npt.NDArray[Any], channel: int, start: int) -> npt.NDArray[Any]:
        if self._file.is_fourier_transformed and not self._integers:
            return frames
        scale, offset = self._file.conversion[channel]
        if not self._file.is_fourier_transformed:
            return np.asarray(scale * frames.astype(np.float64) + offset)
        assert is_complex(frames.dtype)
        spectra = scale * (frames["r"].astype(np.float64) + 1j * frames["i"])
        constant = self._file.frequency[start : start + len(spectra)] == 0
        spectra[constant] += offset * self._file.samples  # what the transform makes of a constant
        return np.asarray(spectra)


def _mean(frames: npt.NDArray[Any]) -> npt.NDArray[np.complex128]:
    return np.asarray(frames.mean(axis=1, keepdims=True, dtype=np.complex128))
