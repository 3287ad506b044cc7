"""Nearest-neighbour upsampling of features."""

from torch import Tensor
from torch.nn import functional


def nearest(features: Tensor, factor: int) -> Tensor:
    """Return features ``(batch, feature, x, y[, z])`` with every voxel repeated `factor` times along each axis."""
    return functional.interpolate(features, scale_factor=factor, mode="nearest")
