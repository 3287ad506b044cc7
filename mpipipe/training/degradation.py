"""Random degradation of a batch of components (Tsanda 2025, section 3.3), vectorised over the batch."""

from math import log
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mpipipe.config.train import DegradationConfig, TrainConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import network_factor
from mpipipe.noise.series import BackgroundSeries, draw_start
from mpipipe.restoration.downsampling import downsample
from mpipipe.restoration.masks import Mask, draw_blocks
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.training.batch import (
    Batch,
    crop_batch,
    normalising_factor,
    spline_base,
    to_channels,
    to_mask,
)
from mpipipe.training.placement import Complex, Index, Placement, patch_of, place
from mpipipe.training.source import Components


def degrade(
    components: Components,
    chosen: npt.NDArray[np.integer],
    background: BackgroundSeries,
    config: TrainConfig,
    rng: np.random.Generator,
) -> Batch:
    """Degrade a batch of components with random scale, phase, noise level, noise, missing voxels and place.

    The ground truth gets unit maximum, one random phase and a random scale; every k-th voxel is taken, k being the
    network's factor; a cut of the background at the component's channel and frequency is scaled to a random standard
    deviation and added; missing voxels are drawn; all is divided by the maximum of what was measured and zero-padded to
    a patch at a random offset.

    Parameters
    ----------
    components : Components
        Components to choose from.
    chosen : (batch,) ndarray of int
        Positions of the batch in them.
    background : BackgroundSeries
        Empty frames.
    config : TrainConfig
        Network, whose factor down-samples, and distributions.
    rng : numpy.random.Generator
        Source of all draws.
    """
    degradation, size = config.degradation, len(chosen)
    sigma = _draw_sigma(degradation, size, rng)
    gain = rng.uniform(*degradation.scale_range, size) * np.exp(2j * np.pi * rng.random(size))
    grids = components.grid_shape[chosen]
    coarse, fine = _places(grids, config, rng)
    truth = fine.gather(components.values, chosen)
    unit = (_over_grid(gain, truth.ndim) / peak_modulus(truth)).astype(np.complex64)
    truth *= unit
    row = background.row(components.channel[chosen], components.frequency[chosen])
    observed = cut_background(background, row, coarse, sigma, rng)
    factor = network_factor(config.network)
    # Where every voxel is taken, the clean image is the truth, at the same place.
    observed += truth if factor == 1 else coarse.gather(downsample(components.values, factor), chosen) * unit
    missing = _draw_missing(coarse, degradation, rng)
    measured = coarse.valid if missing is None else coarse.valid & ~missing
    batch = to_batch(truth, observed, measured, sigma, coarse, fine, config)
    return crop_batch(batch, degradation.crop, rng) if degradation.crop else batch


def to_batch(
    truth: Complex,
    observed: Complex,
    measured: Mask,
    sigma: npt.NDArray[np.floating],
    coarse: Placement,
    fine: Placement,
    config: TrainConfig,
) -> Batch:
    """Normalise by the maximum of what was measured, align the phase on request, split into channels.

    Parameters
    ----------
    truth : (batch, X, Y[, Z]) ndarray of complex64
        Ground truth in its patches.
    observed : (batch, x, y[, z]) ndarray of complex64
        Noisy measured voxels in theirs.
    measured : (batch, x, y[, z]) ndarray of bool
        Which of them were measured.
    sigma : (batch,) ndarray
        Standard deviation of the complex noise.
    coarse, fine : Placement
        Places of the measured and of the restored grids.
    config : TrainConfig
        Phase convention, factor, and what the network's output is added to.
    """
    observed = np.where(measured, observed, np.complex64(0))
    factor = normalising_factor(observed, config.degradation.phase)
    scaled = (observed * factor).astype(np.complex64, copy=False)
    base = torch.zeros(())
    if config.residual != "none":
        sloped = config.residual == "sloped_spline"
        base = to_channels(spline_base(scaled, coarse, fine, network_factor(config.network), sloped=sloped))
    size = np.abs(factor).reshape(-1)
    return Batch(
        observed=to_channels(scaled),
        measured=to_mask(measured),
        truth=to_channels((truth * factor).astype(np.complex64, copy=False)),
        valid=to_mask(fine.valid),
        base=base,
        sigma=torch.from_numpy((sigma * size).astype(np.float32)),
        peak=torch.from_numpy((1 / size).astype(np.float32)),
    )


def place_centred(grid: tuple[int, ...], count: int, config: TrainConfig) -> tuple[Placement, Placement]:
    """Return the places of `count` equal grids in the centre of their patches, measured and restored ones."""
    return _places(np.tile(grid, (count, 1)), config, None)


def _places(
    grids: npt.NDArray[np.integer], config: TrainConfig, rng: np.random.Generator | None
) -> tuple[Placement, Placement]:
    factor = network_factor(config.network)
    measured = -(-np.asarray(grids, np.int64) // factor)
    patch = patch_of(config.degradation, tuple(int(size) for size in measured.max(axis=0)))
    coarse = place(measured, patch, rng)
    return coarse, coarse.refined(factor, grids)


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
    noise, energy = placement.lay_frames(background.values.reshape(-1), start)
    if not np.all(energy > 0):
        raise InputError(
            "background series: found frames without noise, expected a standard deviation above 0"
        )
    noise *= _over_grid((sigma * np.sqrt(voxels / energy)).astype(np.float32), noise.ndim)
    return noise


def _draw_missing(placement: Placement, config: DegradationConfig, rng: np.random.Generator) -> Mask | None:
    """Return missing voxels ``(batch, x, y[, z])`` at the places of the grids; None when there are none."""
    if config.missing is None:
        return None
    missing = np.zeros((len(placement.offset), *placement.patch), np.bool_)
    for mask, first, grid in zip(missing, placement.offset, placement.grid_shape, strict=True):
        own = tuple(slice(int(start), int(start + size)) for start, size in zip(first, grid, strict=True))
        shape = tuple(int(size) for size in grid)
        mask[own] = draw_blocks(shape, config.missing.ratio, config.missing.blocks, rng)
    return missing


def _draw_sigma(config: DegradationConfig, size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    if config.sigma_distribution == "uniform":
        sigma = rng.uniform(*config.sigma_range, size)
    else:
        sigma = np.exp(rng.uniform(log(config.sigma_range[0]), log(config.sigma_range[1]), size))
    return np.where(rng.random(size) < config.noise_free, 0.0, sigma) if config.noise_free else sigma


def _over_grid(value: npt.NDArray[Any], ndim: int) -> npt.NDArray[Any]:
    return value.reshape(-1, *(1,) * (ndim - 1))
