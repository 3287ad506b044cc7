"""Calibrations of which the foreground frames were compressed by a cosine transform (MDF v2.1)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.storage.mdf_file import MdfFile

INDICES = "/measurement/subsamplingIndices"
TRANSFORM = "/measurement/sparsityTransformation"
TYPES = {"DCT-I": 1, "DCT-II": 2, "DCT-III": 3, "DCT-IV": 4}


def check_sparse(file: MdfFile) -> None:
    """Refuse what the specification does not allow for compressed data, or what cannot be expanded."""
    key = "/measurement/isSparsityTransformed"
    if not (file.is_fast_frame_axis and file.is_fourier_transformed):
        raise file.error(key, "1", "0 where data are not spectra with a fast frame axis")
    if file.text(TRANSFORM) not in TYPES:
        raise file.error(TRANSFORM, repr(file.text(TRANSFORM)), f"one of {', '.join(TYPES)}")
    channels, rows, _ = file.sizes
    stored, empty = file.stored.shape[3], int(file.is_background.sum())
    indices = file.dataset(INDICES)
    if indices.dtype.kind not in "iu" or indices.shape != (1, channels, rows, stored - empty):
        expected = f"integers of shape (1, {channels}, {rows}, {stored - empty})"
        raise file.error(INDICES, f"{indices.dtype} {indices.shape}", expected)
    file.check_chunks(INDICES, indices)


def expand(file: MdfFile, channel: int, start: int, stop: int) -> npt.NDArray[Any]:
    """Return the frames ``(row, frame)`` that compressed rows stand for.

    The coefficients that were kept are put back to their places among O, the others are 0, and the orthonormal cosine
    transform over the axes of the grid that have more than one position is undone.
    """
    from scipy.fft import idctn

    data, empty = file.stored[0, channel, start:stop], int(file.is_background.sum())
    kept = data.shape[1] - empty
    size = file.integers("/calibration/size", 1, 2**31, 3)
    places = np.asarray(file.file[INDICES][0, channel, start:stop], np.int64)
    if ((places < 1) | (places > size.prod())).any():
        raise file.error(INDICES, "an index out of range", f"indices from 1 to {size.prod()}")
    coefficients = np.zeros((len(data), int(size.prod())), np.complex128)
    np.put_along_axis(coefficients, places - 1, data[:, :kept], axis=1)
    long = [int(length) for length in size[::-1] if length > 1]  # x is the fastest
    axes = tuple(range(1, len(long) + 1))
    if axes:
        kind = TYPES[file.text(TRANSFORM)]
        frames = idctn(coefficients.reshape(-1, *long), type=kind, axes=axes, norm="ortho")
        coefficients = np.asarray(frames).reshape(len(data), -1)
    return np.concatenate([coefficients, data[:, kept:]], axis=1)
