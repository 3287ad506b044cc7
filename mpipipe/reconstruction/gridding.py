"""X-space gridding: time signals of a planar trajectory become collinear images, by one sparse matrix a partition."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mpipipe.config.gridding import GriddingConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import (
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)
from mpipipe.reconstruction.gridding_kernel import LANES, multiply, project
from mpipipe.reconstruction.kernel_layout import zeros
from mpipipe.reconstruction.local_polynomial import fill_distance_m, fit_weights
from mpipipe.reconstruction.partition import local_direction, partition, reach_m

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PartitionOperator:
    """Gridding of one partition, ``image = P (w_x u_x + w_y u_y)`` on its samples.

    Attributes
    ----------
    samples : (sample,) ndarray of int32
        Indices along time.
    projection : (channel, sample) ndarray of float32
        Weights ``w = v / |v|^2`` of the coils in s/m: the virtual collinear coil ``u·v / |v|`` over the speed.
    matrix : (pixel, sample) csr_array of float32
        Local polynomial fits P, pixels in C order of (x, y).
    """

    samples: npt.NDArray[np.int32]
    projection: SingleArray
    matrix: Any


@dataclass(frozen=True)
class Gridding:
    """Linear map from the signals of the two coils to the collinear images of the two partitions.

    A sample of the virtual collinear coil over the speed is ``h`` of the point-spread function, convolved with the
    particles, at the position of the field-free point. Its noise has the standard deviation ``sigma / |v|``, so in the
    local polynomial fits it weighs ``|v|^2``, the inverse variance.

    Attributes
    ----------
    shape : (int, int)
        Pixels along x and y.
    time : int
        Samples of a signal.
    radius_m : float
        Radius of the samples that a pixel is fitted to.
    partitions : tuple of PartitionOperator
        ``v_x v_y > 0`` and ``v_x v_y < 0``.
    noise_gain : (partition, x, y) ndarray of float64
        Standard deviation of the images in s/m when the samples of both coils have white noise of standard deviation 1.
    direction : (partition, x, y, 2) ndarray of float64
        Unit vectors along the motion at the pixel centres, for the theoretical point-spread function.

    Notes
    -----
    Stands for the automated gridding of Özaslan et al. 2019 in Ergun et al. 2022, whose kernel is not published
    (METHODS, section 5).
    """

    shape: tuple[int, int]
    time: int
    radius_m: float
    partitions: tuple[PartitionOperator, PartitionOperator]
    noise_gain: FloatArray
    direction: FloatArray

    @classmethod
    def of(cls, scanner: Scanner, grid: Grid, config: GriddingConfig | None = None) -> Self:
        """Prepare the gridding of a trajectory's samples at the base frequency to the pixels of a grid.

        Parameters
        ----------
        scanner : Scanner
            Drive fields along x and y.
        grid : Grid
            Pixels, x and y.
        config : GriddingConfig, optional
            Partition and fit.

        Raises
        ------
        InputError
            The drive is not along x and y, a partition has no samples, pixels lie beyond the scanned field, or the
            samples around a pixel do not determine its fit.
        """
        config = config or GriddingConfig()
        if len(grid.shape) != 2:
            raise InputError(f"grid: found shape {grid.shape}, expected pixels along x and y")
        if 2 in scanner.active:
            found = list(scanner.drive_amplitude_mT)
            raise InputError(
                f"drive_amplitude_mT: found {found}, expected no drive along z for a planar trajectory"
            )
        time_s = sample_times_s(scanner)
        points, velocity = field_free_point_m(scanner, time_s)[:, :2], _velocity(scanner, time_s)
        parts = partition(velocity, config.speed_floor)
        pixels = grid.positions_m()[..., :2]
        direction = local_direction(scanner, pixels)
        radius = _radius_m(config, [points[samples] for samples in parts], reach_m(scanner))
        operators, gains = zip(
            *(_operator(points, velocity, part, pixels, radius, config) for part in parts), strict=True
        )
        shape = (grid.shape[0], grid.shape[1])
        return cls(shape, len(time_s), radius, operators, np.stack(gains), direction)

    @property
    def sample_counts(self) -> tuple[int, int]:
        """Number of samples in each partition."""
        return (len(self.partitions[0].samples), len(self.partitions[1].samples))

    def apply(self, signals: npt.ArrayLike) -> SingleArray:
        """Return the collinear images of signals.

        Parameters
        ----------
        signals : (item, channel, time) array_like
            Signals of the x and the y coil in m^2/s.

        Returns
        -------
        (item, partition, x, y) ndarray of float32
            Images in m; an item's image does not depend on the others.

        Raises
        ------
        InputError
            Signals of another shape, or with NaN or infinity.
        """
        u = _finite("signals", signals, (2, self.time))
        images = np.empty((len(u), 2, self.shape[0] * self.shape[1]), np.float32)
        tile = zeros((max(self.sample_counts), LANES), np.float32)
        for start in range(0, len(u), LANES):
            items = slice(start, start + LANES)
            for which, part in enumerate(self.partitions):
                project(u[items], part.samples, part.projection, tile)
                P = part.matrix
                multiply(P.indptr, P.indices, P.data, tile, images[items, which])
        return images.reshape(len(u), 2, *self.shape)

    def adjoint(self, images: npt.ArrayLike) -> SingleArray:
        """Return the adjoint map of images, ``sum of u * adjoint(image) = sum of apply(u) * image``.

        Parameters
        ----------
        images : (item, partition, x, y) array_like
            Images.

        Returns
        -------
        (item, channel, time) ndarray of float32
            Signals; zero where a sample belongs to no partition.

        Raises
        ------
        InputError
            Images of another shape, or with NaN or infinity.
        """
        values = _finite("images", images, (2, *self.shape))
        signals = np.zeros((len(values), 2, self.time), np.float32)
        for which, part in enumerate(self.partitions):
            samples = (part.matrix.T @ values[:, which].reshape(len(values), -1).T).T
            signals[:, :, part.samples] = samples[:, None] * part.projection
        return signals


def _velocity(scanner: Scanner, time_s: FloatArray) -> FloatArray:
    return field_free_point_velocity_m_per_s(scanner, time_s)[:, :2]


def _radius_m(config: GriddingConfig, parts: list[FloatArray], reach: FloatArray) -> float:
    """Return the radius that is asked for, or the one that fits the sparser partition."""
    if config.radius_mm is not None:
        return 1e-3 * config.radius_mm
    return config.radius_factor * max(fill_distance_m(points, reach) for points in parts)


def _operator(
    points: FloatArray,
    velocity: FloatArray,
    samples: npt.NDArray[np.intp],
    pixels: FloatArray,
    radius_m: float,
    config: GriddingConfig,
) -> tuple[PartitionOperator, FloatArray]:
    """Return the operator of one partition and its noise gain ``(x, y)``."""
    v = velocity[samples]
    square = (v**2).sum(axis=1)
    matrix = fit_weights(points[samples], square, pixels.reshape(-1, 2), radius_m, config)
    projection = np.ascontiguousarray((v / square[:, None]).T, dtype=np.float32)
    gain = np.sqrt(matrix.power(2) @ (1 / square)).reshape(pixels.shape[:-1])
    return PartitionOperator(samples.astype(np.int32), projection, matrix), gain


def _finite(name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> SingleArray:
    """Return finite items of a shape as contiguous float32, or raise `InputError`."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name}: found dtype {array.dtype}, expected real numbers")
    if array.shape[1:] != shape or array.ndim != len(shape) + 1:
        sizes = ", ".join(map(str, shape))
        raise InputError(f"{name}: found shape {array.shape}, expected (item, {sizes})")
    with np.errstate(over="ignore"):  # what single precision cannot hold becomes infinity
        single = np.ascontiguousarray(array, dtype=np.float32)
    if not all(np.isfinite(item).all() for item in single):
        raise InputError(f"{name}: found NaN or infinity, expected finite values of single precision")
    return single
