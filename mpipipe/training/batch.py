"""What a network sees: two channels of real numbers, masks, and how they were normalised."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.phase import aligning_rotation
from mpipipe.restoration.splines import spline_matrix
from mpipipe.training.placement import Complex, Placement
from mpipipe.training.placement_kernel import cut_windows


class Batch(NamedTuple):
    """What a network is trained on.

    Attributes
    ----------
    observed : (batch, 2, x, y[, z]) Tensor of float32
        Real and imaginary part of what was measured, over its maximum; zero on padding and missing voxels.
    measured : (batch, 1, x, y[, z]) Tensor of float32
        1 where a voxel was measured.
    truth : (batch, 2, X, Y[, Z]) Tensor of float32
        Ground truth in the same unit, on the grid that is restored; zero on the padding.
    valid : (batch, 1, X, Y[, Z]) Tensor of float32
        1 on that grid, 0 on the padding.
    base : (batch, 2, X, Y[, Z]) or () Tensor of float32
        What the network's output is added to.
    sigma : (batch,) Tensor of float32
        Standard deviation of the complex noise in the same unit.
    peak : (batch,) Tensor of float32
        That unit: the maximum of the noisy image, before normalisation.
    """

    observed: Tensor
    measured: Tensor
    truth: Tensor
    valid: Tensor
    base: Tensor
    sigma: Tensor
    peak: Tensor


def normalising_factor(observed: Complex, phase: str) -> Complex:
    """Return factors ``(batch, 1, 1[, 1])`` that bring components to unit maximum and, on request, a real phase.

    Parameters
    ----------
    observed : (batch, x, y[, z]) ndarray of complex64
        Noisy components, zero where nothing was measured.
    phase : {"random", "aligned"}
        Leave the phase, or turn the best single phase onto the real axis.
    """
    factor: Complex = (1 / peak_modulus(observed)).astype(np.complex64)
    return factor * aligning_rotation(observed) if phase == "aligned" else factor


def spline_base(
    observed: Complex, coarse: Placement, fine: Placement, factor: int, *, sloped: bool = False
) -> Complex:
    """Interpolate each component of a batch at its place: the cubic spline through its measured voxels.

    Parameters
    ----------
    observed : (batch, x, y[, z]) ndarray of complex64
        Measured voxels in their patches.
    coarse, fine : Placement
        Places of the measured and of the restored grids.
    factor : int
        Down-sampling factor.
    sloped : bool
        Continue the slope behind the last sample, see `mpipipe.restoration.splines.spline_matrix`.

    Returns
    -------
    (batch, X, Y[, Z]) ndarray of complex64
        Zero on the padding.
    """
    image = observed
    for axis in range(observed.ndim - 1):
        weights = _placed_weights(coarse, fine, axis, factor, sloped)
        lines = np.moveaxis(image, axis + 1, 1)
        woven = weights @ lines.reshape(*lines.shape[:2], -1)
        image = np.moveaxis(woven.reshape(len(lines), weights.shape[1], *lines.shape[2:]), 1, axis + 1)
    return np.ascontiguousarray(image, np.complex64)


def _placed_weights(
    coarse: Placement, fine: Placement, axis: int, factor: int, sloped: bool
) -> npt.NDArray[np.float32]:
    weights = np.zeros((len(coarse.offset), fine.patch[axis], coarse.patch[axis]), np.float32)
    for number, (size, measured, start, first) in enumerate(
        zip(
            fine.grid_shape[:, axis],
            coarse.grid_shape[:, axis],
            fine.offset[:, axis],
            coarse.offset[:, axis],
            strict=True,
        )
    ):
        own = spline_matrix(int(size), factor, sloped=sloped)
        weights[number, start : start + size, first : first + measured] = own
    return weights


def crop_batch(batch: Batch, size: int, rng: np.random.Generator) -> Batch:
    """Cut a random part of at most `size` measured voxels along each axis out of each sample of a batch.

    Parameters
    ----------
    batch : Batch
        Whole, normalised samples.
    size : int
        Measured voxels along each axis.
    rng : numpy.random.Generator
        Draws the places.
    """
    patch, whole = batch.observed.shape[2:], batch.truth.shape[2:]
    factor = whole[0] // patch[0]
    extent = np.minimum(size, patch)
    starts = rng.integers(0, np.array(patch) - extent + 1, (len(batch.observed), len(patch)))

    def cut(tensor: Tensor, scale: int) -> Tensor:
        part = np.empty((*tensor.shape[:2], *(extent * scale)), np.float32)
        flat = (slice(None), slice(None), *(None,) * (3 - len(patch)))  # a plane has a first axis of length 1
        first = np.pad(starts * scale, ((0, 0), (3 - len(patch), 0)))
        cut_windows(tensor.numpy()[flat], first, part[flat])
        return torch.from_numpy(part)

    return batch._replace(
        observed=cut(batch.observed, 1),
        measured=cut(batch.measured, 1),
        truth=cut(batch.truth, factor),
        valid=cut(batch.valid, factor),
        base=cut(batch.base, factor) if batch.base.ndim else batch.base,
    )


def to_channels(image: Complex) -> Tensor:
    """Return complex ``(batch, x, y[, z])`` as real and imaginary part ``(batch, 2, x, y[, z])``, float32."""
    pairs = torch.view_as_real(torch.from_numpy(np.ascontiguousarray(image)))
    return pairs.movedim(-1, 1).contiguous()


def to_mask(mask: npt.NDArray[np.bool_]) -> Tensor:
    """Return a mask ``(batch, x, y[, z])`` as ``(batch, 1, x, y[, z])``, float32."""
    return torch.from_numpy(np.ascontiguousarray(mask[:, None], np.float32))


def from_channels(channels: Tensor) -> Complex:
    """Return ``(batch, 2, x, y[, z])`` as complex ``(batch, x, y[, z])``."""
    image: Complex = torch.view_as_complex(channels.float().movedim(1, -1).contiguous()).numpy()
    return image
