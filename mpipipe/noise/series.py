"""Cuts of an empty-frame series as the noise of calibration grids.

Frames are laid on a grid in the order of the calibration, x fastest, then y, then z, so that drift and jumps
become the spatial structure that they have in a measured system matrix.
"""

from math import prod

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Complex = npt.NDArray[np.complex64]
Index = npt.NDArray[np.integer]


def draw_background(
    series: Complex,
    grid_shape: tuple[int, ...],
    sigma: float | npt.NDArray[np.floating],
    rng: np.random.Generator,
) -> Complex:
    """Cut consecutive frames out of a series and scale them to a standard deviation.

    The mean of the series is removed (background correction). All components of a call share their frames,
    as the components of one calibration do. Each is scaled so that its root mean square over the grid is σ;
    so the PSNR of an image with this noise (peak 1, mean of |error|²) is −20 log10 σ exactly.

    Parameters
    ----------
    series : (component, frame) or (frame,) ndarray of complex64
        Empty frames.
    grid_shape : tuple of int
        Voxels along x, y[, z].
    sigma : float or (component,) ndarray
        Standard deviation of the complex noise.
    rng : numpy.random.Generator
        Draws the first frame.

    Returns
    -------
    ([component,] x, y[, z]) ndarray of complex64

    Raises
    ------
    InputError
        When the series has fewer frames than the grid has voxels, or the cut holds no noise.
    """
    start = int(draw_start(series.shape[-1], np.array(prod(grid_shape)), rng))
    corrected = series - series.mean(axis=-1, keepdims=True, dtype=np.complex128).astype(np.complex64)
    cut = corrected[..., start : start + prod(grid_shape)]
    level = np.sqrt(np.mean(np.abs(cut) ** 2, axis=-1, dtype=np.float64))
    if not np.all(level > 0):
        raise InputError(
            "background series: found frames without noise, expected a standard deviation above 0"
        )
    scaled = cut * (np.asarray(sigma) / level)[..., None]
    on_grid = scaled.reshape(*series.shape[:-1], *grid_shape[::-1])
    lead = series.ndim - 1
    axes = (*range(lead), *reversed(range(lead, lead + len(grid_shape))))
    return np.ascontiguousarray(on_grid.transpose(axes), dtype=np.complex64)


def draw_start(num_frames: int, num_voxels: Index, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw the first frame of cuts of ``num_voxels`` frames; refuse a series that is shorter than a cut."""
    longest = int(np.max(num_voxels))
    if num_frames < longest:
        raise InputError(
            f"background series: found {num_frames} frames, expected at least {longest}, one for each "
            f"voxel of the grid"
        )
    return np.asarray(rng.integers(0, num_frames - num_voxels + 1), np.int64)


class BackgroundSeries:
    """Empty frames by channel and frequency, measured or synthetic, corrected by their mean.

    Attributes
    ----------
    values : (channel, frequency, frame) ndarray of complex64
        Corrected series.
    """

    def __init__(self, values: Complex, num_frequencies: int | None = None) -> None:
        """Take a series and remove the mean of each component.

        Parameters
        ----------
        values : (channel, frequency, frame) ndarray of complex64
            Empty frames.
        num_frequencies : int, optional
            Frequencies of the system matrices. The series may hold fewer, spread evenly over the band; a
            component then takes the one nearest below. By default the series holds all.

        Raises
        ------
        InputError
            When the array does not have three axes, or holds NaN or infinity.
        """
        if values.ndim != 3:
            raise InputError(
                f"background series: found shape {values.shape}, expected (channel, frequency, frame)"
            )
        mean = values.mean(axis=-1, keepdims=True, dtype=np.complex128)
        if not np.isfinite(mean).all():
            raise InputError("background series: found NaN or infinity, expected finite frames")
        self.values: Complex = values - mean.astype(np.complex64)
        self.num_frequencies = num_frequencies or values.shape[1]

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return int(self.values.shape[-1])

    def row(self, channel: Index, frequency: Index) -> npt.NDArray[np.int64]:
        """Return the position of components in the series with channel and frequency flattened.

        Raises
        ------
        InputError
            When a channel or frequency lies beyond the series.
        """
        channels, stored = self.values.shape[:2]
        if np.max(channel) >= channels or np.max(frequency) >= self.num_frequencies:
            raise InputError(
                f"background series: found component (channel {np.max(channel)}, frequency "
                f"{np.max(frequency)}), "
                f"expected below ({channels}, {self.num_frequencies})"
            )
        return channel * np.int64(stored) + frequency * np.int64(stored) // self.num_frequencies

    def components(self, channel: Index, frequency: Index) -> Complex:
        """Return the series ``(component, frame)`` of components."""
        flat: Complex = self.values.reshape(-1, self.num_frames)
        return flat[self.row(channel, frequency)]
