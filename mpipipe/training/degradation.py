"""Random degradation of a batch of components (Tsanda 2025, section 3.3), vectorised over the batch."""

from dataclasses import dataclass
from math import log
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpipipe.config.train import DegradationConfig
from mpipipe.errors import InputError
from mpipipe.noise.series import BackgroundSeries, draw_start
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.phase import aligning_rotation
from mpipipe.training.source import Components

Complex = npt.NDArray[np.complex64]
Index = npt.NDArray[np.int64]


class Batch(NamedTuple):
    """What a network is trained on.

    Attributes
    ----------
    noisy, truth : (batch, 2, x, y[, z]) Tensor of float32
        Real and imaginary part, both over the maximum of the noisy image; zero on the padding.
    valid : (batch, 1, x, y[, z]) Tensor of float32
        1 on the grid, 0 on the padding.
    sigma : (batch,) Tensor of float32
        Standard deviation of the complex noise in the same unit.
    """

    noisy: Tensor
    truth: Tensor
    valid: Tensor
    sigma: Tensor


@dataclass(frozen=True)
class Placement:
    """Where each grid of a batch lies in its patch.

    Attributes
    ----------
    coordinates : tuple of (batch, size, 1...) ndarray of int64
        For each axis the voxel of the grid at each voxel of the patch, below 0 or beyond the grid on the
        padding.
    grid_shape : (batch, axis) ndarray of int64
        Grids.
    """

    coordinates: tuple[Index, ...]
    grid_shape: Index

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """Mask ``(batch, x, y[, z])`` of the grids."""
        inside = np.ones(1, np.bool_)
        for axis, voxel in enumerate(self.coordinates):
            size = self.grid_shape[:, axis].reshape(-1, *(1,) * (voxel.ndim - 1))
            inside = inside & (voxel >= 0) & (voxel < size)
        return inside

    def gather(self, values: Complex) -> Complex:
        """Return components ``(batch, x, y[, z])`` that start at the origin at their places in the patch."""
        sizes = values.shape[1:]
        voxels = [np.clip(voxel, 0, size - 1) for voxel, size in zip(self.coordinates, sizes, strict=True)]
        batch = np.arange(len(values)).reshape(-1, *(1,) * len(sizes))
        return np.where(self.valid, values[(batch, *voxels)], np.complex64(0))

    def scan_order(self) -> Index:
        """Return each voxel's position in the calibration of its grid, x fastest; 0 on the padding."""
        order = np.zeros(1, np.int64)
        stride = np.ones(len(self.grid_shape), np.int64)
        for axis, voxel in enumerate(self.coordinates):
            order = order + voxel * stride.reshape(-1, *(1,) * (voxel.ndim - 1))
            stride = stride * self.grid_shape[:, axis]
        return np.where(self.valid, order, 0)


def place(
    grid_shape: npt.NDArray[np.integer], patch: tuple[int, ...], rng: np.random.Generator | None
) -> Placement:
    """Place grids in patches at random offsets, or in the centre without a generator.

    Parameters
    ----------
    grid_shape : (batch, axis) ndarray of int
        Grids.
    patch : tuple of int
        Voxels of a patch along each axis.
    rng : numpy.random.Generator or None
        Draws the offsets.

    Raises
    ------
    InputError
        When a grid is larger than the patch.
    """
    grid = np.asarray(grid_shape, np.int64)
    room = np.array(patch, np.int64) - grid
    if (room < 0).any():
        largest = tuple(grid.max(axis=0).tolist())
        raise InputError(f"patch: found {patch} voxels, expected at least the largest grid {largest}")
    offset = room // 2 if rng is None else rng.integers(0, room + 1)
    coordinates = []
    for axis, size in enumerate(patch):
        shape = (-1, *(size if other == axis else 1 for other in range(len(patch))))
        coordinates.append((np.arange(size)[None] - offset[:, axis, None]).reshape(shape))
    return Placement(tuple(coordinates), grid)


def patch_of(config: DegradationConfig, grid: tuple[int, ...]) -> tuple[int, ...]:
    """Return the patch for a batch whose largest grid is `grid`."""
    step = config.patch_step
    return tuple(-(-size // step) * step for size in grid) if step else (config.patch,) * len(grid)


def degrade(
    components: Components,
    chosen: npt.NDArray[np.integer],
    background: BackgroundSeries,
    config: DegradationConfig,
    patch: tuple[int, ...],
    rng: np.random.Generator,
) -> Batch:
    """Degrade a batch of components with random scale, phase, noise level, noise and place.

    The ground truth gets unit maximum, one random phase and a random scale; a cut of the background at the
    component's channel and frequency is scaled to a random standard deviation and added; both images are
    divided by the maximum of the noisy one and zero-padded to the patch at a random offset.

    Parameters
    ----------
    components : Components
        Components to choose from.
    chosen : (batch,) ndarray of int
        Positions of the batch in them.
    background : BackgroundSeries
        Empty frames.
    config : DegradationConfig
        Distributions.
    patch : tuple of int
        Voxels along each axis.
    rng : numpy.random.Generator
        Source of all draws.
    """
    size = len(chosen)
    sigma = _draw_sigma(config, size, rng)
    gain = rng.uniform(*config.scale_range, size) * np.exp(2j * np.pi * rng.random(size))
    placement = place(components.grid_shape[chosen], patch, rng)
    truth = placement.gather(components.values[chosen])
    truth *= _over_grid(gain, truth.ndim) / peak_modulus(truth)
    row = background.row(components.channel[chosen], components.frequency[chosen])
    noise = cut_background(background, row, placement, sigma, rng)
    return to_batch(truth, noise, sigma, placement.valid, config)


def to_batch(
    truth: Complex,
    noise: Complex,
    sigma: npt.NDArray[np.floating],
    valid: npt.NDArray[np.bool_],
    config: DegradationConfig,
) -> Batch:
    """Add noise, normalise by the noisy image's maximum, align the phase on request, split into channels."""
    noisy = truth + noise
    factor: npt.NDArray[Any] = 1 / peak_modulus(noisy)
    sigma = sigma * factor.reshape(-1)
    if config.phase == "aligned":
        factor = factor * aligning_rotation(noisy)
    return Batch(
        noisy=to_channels(noisy * factor),
        truth=to_channels(truth * factor),
        valid=torch.from_numpy(valid[:, None].astype(np.float32)),
        sigma=torch.from_numpy(sigma.astype(np.float32)),
    )


def cut_background(
    background: BackgroundSeries,
    row: Index,
    placement: Placement,
    sigma: npt.NDArray[np.floating],
    rng: np.random.Generator,
) -> Complex:
    """Return noise ``(batch, x, y[, z])``: a cut of the background with RMS σ for each component."""
    voxels = placement.grid_shape.prod(axis=1)
    start = row * background.num_frames + draw_start(background.num_frames, voxels, rng)
    frames = placement.scan_order() + _over_grid(start, len(placement.coordinates) + 1)
    noise = np.where(placement.valid, background.values.reshape(-1)[frames], np.complex64(0))
    energy = np.square(noise.view(np.float32)).reshape(len(noise), -1).sum(axis=1, dtype=np.float64)
    if not np.all(energy > 0):
        raise InputError(
            "background series: found frames without noise, expected a standard deviation above 0"
        )
    noise *= _over_grid((sigma * np.sqrt(voxels / energy)).astype(np.float32), noise.ndim)
    return noise


def to_channels(image: Complex) -> Tensor:
    """Return complex ``(batch, x, y[, z])`` as real and imaginary part ``(batch, 2, x, y[, z])``, float32."""
    pairs = torch.view_as_real(torch.from_numpy(np.ascontiguousarray(image)))
    return pairs.movedim(-1, 1).contiguous()


def from_channels(channels: Tensor) -> Complex:
    """Return ``(batch, 2, x, y[, z])`` as complex ``(batch, x, y[, z])``."""
    image: Complex = torch.view_as_complex(channels.float().movedim(1, -1).contiguous()).numpy()
    return image


def _draw_sigma(config: DegradationConfig, size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    if config.sigma_distribution == "uniform":
        return rng.uniform(*config.sigma_range, size)
    return np.asarray(np.exp(rng.uniform(log(config.sigma_range[0]), log(config.sigma_range[1]), size)))


def _over_grid(value: npt.NDArray[Any], ndim: int) -> npt.NDArray[Any]:
    return value.reshape(-1, *(1,) * (ndim - 1))
