"""Forward model of collinear images: what blurs a concentration into the images of the two partitions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import fft

from mpipipe.config.deconvolution import BlurConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import collinear_point_spread
from mpipipe.physics.scanner import Scanner
from mpipipe.reconstruction.partition import local_direction

Images = npt.NDArray[np.float32]
Real = npt.NDArray[np.float64]

DIAGONALS = ((1.0, 1.0), (1.0, -1.0))
"""Directions of the partitions, v_x v_y > 0 and v_x v_y < 0."""
POWER_ITERATIONS = 20


@dataclass(frozen=True)
class Blur:
    r"""Linear map H from concentrations on the field of view to collinear images of both partitions.

    .. math:: y_p(s) = \sum_k w_{pk}(s) \, (h_k * c)(s)

    The convolution is linear: the images are padded with zeros to twice their size, so that nothing wraps around, and
    what lies outside the field of view is cut off. Kernels are even, therefore each convolution is symmetric and its
    transfer function real.

    Attributes
    ----------
    transfer : (kernel, 2x, y + 1) ndarray of float32
        Transfer functions of the kernels, at the frequencies of a real transform of size (2x, 2y), in m.
    weight : (partition, kernel, x or 1, y or 1) ndarray of float32
        Share w of each kernel in the images of each partition.
    pixel_mm : (float, float)
        Edge lengths of a pixel in mm.
    squared_norm : float
        Upper bound of the largest eigenvalue of HᵀH, tight to a few per mille, in m².

    Notes
    -----
    Transforms are SciPy's, image by image: as fast on one core as PyTorch's, and the padded image stays in the cache.
    """

    transfer: Images
    weight: Images
    pixel_mm: tuple[float, float]
    squared_norm: float

    @classmethod
    def of(
        cls, particle: Particle, gradient_T_per_m: Sequence[float], grid: Grid, sub_samples: int = 4
    ) -> Self:
        """Return the blur of motion along 45° and 135° at every pixel: one kernel a partition.

        Parameters
        ----------
        particle : Particle
            Its anisotropy is not taken into account.
        gradient_T_per_m : sequence of float
            Gradients along x and y in T/m.
        grid : Grid
            Pixels (x, y) of concentrations and images.
        sub_samples : int
            As in `tabulate`.
        """
        kernels = [
            tabulate(particle, gradient_T_per_m, grid, direction, sub_samples) for direction in DIAGONALS
        ]
        return cls._with(np.stack(kernels), np.eye(2)[:, :, None, None], grid)

    @classmethod
    def along(cls, particle: Particle, scanner: Scanner, grid: Grid, sub_samples: int = 4) -> Self:
        r"""Return the blur of motion along the trajectory: its direction at each pixel, of which there are two.

        Where the field-free point passes with the velocities ``(v_x, ±v_y)``, at the angles ±θ, the kernel is

        .. math:: h = \frac{1 \pm \sin 2θ}{2} h_{45°} + \frac{1 \mp \sin 2θ}{2} h_{135°} + \cos 2θ \, h_d

        with ``h_d = (H_xx − H_yy)/2``, because ``vᵀHv`` is quadratic in the unit velocity v. With sinusoidal drive
        ``v_i ∝ f_i √(a_i² − x_i²)``, a the amplitude of the motion: 45° at the centre, along the border at the border.

        Parameters
        ----------
        particle, grid, sub_samples
            As in `of`.
        scanner : Scanner
            Gradients, drive amplitudes and frequencies along x and y.

        Raises
        ------
        InputError
            When a pixel's centre lies where the field-free point never comes, or the grid is not two-dimensional.
        """
        v_x, v_y = np.moveaxis(local_direction(scanner, grid.positions_m()[..., :2])[0], -1, 0)
        cosine, sine = v_x**2 - v_y**2, 2 * v_x * v_y
        gradient = scanner.gradient_T_per_m
        first, second, along_x = (
            tabulate(particle, gradient, grid, direction, sub_samples)
            for direction in (*DIAGONALS, (1.0, 0.0))
        )
        kernels = np.stack([first, second, along_x - (first + second) / 2])
        more, less = (1 + sine) / 2, (1 - sine) / 2
        return cls._with(kernels, np.stack([[more, less, cosine], [less, more, cosine]]), grid)

    @classmethod
    def configured(cls, config: BlurConfig, particle: Particle, scanner: Scanner, grid: Grid) -> Self:
        """Return the blur of a config: `along` for local directions, `of` for diagonal ones."""
        if config.directions == "local":
            return cls.along(particle, scanner, grid, config.sub_samples)
        return cls.of(particle, scanner.gradient_T_per_m, grid, config.sub_samples)

    @classmethod
    def _with(cls, kernels: Real, weight: Real, grid: Grid) -> Self:
        """Return the blur of kernels ``(kernel, 2x − 1, 2y − 1)`` and weights."""
        around = fft.ifftshift(np.pad(kernels, ((0, 0), (1, 0), (1, 0))), axes=(1, 2))
        transfer = np.ascontiguousarray(fft.rfft2(around).real, np.float32)
        pixel = _pixel_mm(grid)
        blur = cls(transfer, weight.astype(np.float32), pixel, 0.0)
        return cls(transfer, blur.weight, pixel, _largest_eigenvalue(blur))

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels (x, y)."""
        return self.transfer.shape[1] // 2, self.transfer.shape[2] - 1

    def apply(self, concentrations: npt.NDArray[Any]) -> Images:
        """Return the collinear images ``(item, partition, x, y)`` float32 of concentrations ``(item, x, y)``.

        The unit is that of the concentration times m. Raises `InputError` for another shape.
        """
        c = np.asarray(concentrations, np.float32)
        if c.shape[1:] != self.shape:
            raise InputError(
                f"concentrations: found shape {c.shape}, expected (item, {self.shape[0]}, {self.shape[1]})"
            )
        images = np.empty((len(c), len(self.weight), *self.shape), np.float32)
        for item, one in enumerate(c):
            fields = self._cut(self.transfer * self._spectrum(one))
            images[item] = np.einsum("pk...,k...->p...", self.weight, fields)
        return images

    def adjoint(self, images: npt.NDArray[Any]) -> Images:
        """Return the back projections Hᵀy ``(item, x, y)`` float32 of images ``(item, partition, x, y)``.

        The unit is that of the images times m. Raises `InputError` for another shape.
        """
        y = self._shaped(images)
        back = np.empty((len(y), *self.shape), np.float32)
        for item, one in enumerate(y):
            fields = np.einsum("pk...,p...->k...", self.weight, one)
            back[item] = self._cut((self.transfer * self._spectrum(fields)).sum(axis=0))
        return back

    def check(self, images: npt.ArrayLike) -> Images:
        """Return images ``(item, partition, x, y)`` as float32, or raise `InputError` for another shape or NaN."""
        y = self._shaped(images)
        if not np.isfinite(y).all():
            raise InputError("images: found NaN or infinity, expected finite values")
        return y

    def relative_residual(self, images: Images, concentrations: Images) -> Real:
        """Return ‖Hc − y‖/‖y‖ of each item ``(item,)``; 0 where the images are zero."""
        left = _norm(self.apply(concentrations) - images)
        whole = _norm(images)
        return np.divide(left, whole, out=np.zeros_like(whole), where=whole > 0)

    def _shaped(self, images: npt.ArrayLike) -> Images:
        y = np.asarray(images, np.float32)
        if y.shape[1:] != (len(self.weight), *self.shape):
            expected = f"(item, {len(self.weight)}, {self.shape[0]}, {self.shape[1]})"
            raise InputError(f"images: found shape {y.shape}, expected {expected}")
        return y

    def _spectrum(self, image: npt.NDArray[Any]) -> npt.NDArray[np.complex64]:
        """Return the transform of ``(..., x, y)``, padded; rows of zeros are not transformed along y."""
        x, y = self.shape
        return np.asarray(fft.fft(fft.rfft(image, 2 * y, axis=-1), 2 * x, axis=-2))

    def _cut(self, spectrum: npt.NDArray[Any]) -> Images:
        """Return the field of view ``(..., x, y)`` of a padded image with this transform."""
        x, y = self.shape
        rows = fft.ifft(spectrum, axis=-2, overwrite_x=True)[..., :x, :]
        return np.asarray(fft.irfft(rows, 2 * y, axis=-1)[..., :y])


def tabulate(
    particle: Particle,
    gradient_T_per_m: Sequence[float],
    grid: Grid,
    direction: tuple[float, float],
    sub_samples: int,
) -> Real:
    """Return the kernel of one direction of motion at all differences of pixels, times the area of a pixel.

    The point-spread function is averaged over the pixel of the source, by the midpoint rule: the concentration is
    constant there.

    Parameters
    ----------
    particle, gradient_T_per_m, direction
        As in `mpipipe.physics.point_spread.collinear_point_spread`.
    grid : Grid
        Pixels (x, y).
    sub_samples : int
        Points along each axis of a pixel; 1 takes its centre.

    Returns
    -------
    (2x − 1, 2y − 1) ndarray of float64
        In m; the source stands on the field-free point in the middle.

    Raises
    ------
    InputError
        When the grid is not two-dimensional.
    """
    if len(grid.shape) != 2:
        raise InputError(f"grid: found {list(grid.shape)}, expected (x, y)")
    pixel = 1e-3 * np.asarray(_pixel_mm(grid))
    axes = [
        step * np.add.outer(np.arange(1 - size, size), (np.arange(sub_samples) + 0.5) / sub_samples - 0.5)
        for size, step in zip(grid.shape, pixel, strict=True)
    ]
    total = np.zeros([len(axis) for axis in axes])
    for along_x in axes[0].T:
        for along_y in axes[1].T:
            offsets = np.stack(np.meshgrid(along_x, along_y, indexing="ij"), axis=-1)
            total += collinear_point_spread(particle, gradient_T_per_m, offsets, direction)
    return np.asarray(total * pixel.prod() / sub_samples**2)


def _largest_eigenvalue(blur: Blur) -> float:
    """Return max(HᵀHv / v) for v near the first eigenvector.

    H has no negative entry, so any positive v gives an upper bound (Collatz and Wielandt).
    """
    v = np.ones((1, *blur.shape), np.float32)
    for _ in range(POWER_ITERATIONS):
        v = blur.adjoint(blur.apply(v))
        v /= v.max()
    return float((blur.adjoint(blur.apply(v)) / v).max())


def _pixel_mm(grid: Grid) -> tuple[float, float]:
    x, y = (length / size for length, size in zip(grid.field_of_view_mm, grid.shape, strict=True))
    return x, y


def _norm(images: npt.NDArray[Any]) -> Real:
    flat = images.reshape(len(images), -1).astype(np.float64)
    return np.asarray(np.sqrt(np.einsum("in,in->i", flat, flat)))
