"""Layers that see a grid through its mask of valid voxels.

Grids of several sizes share a batch by zero padding. A mask ``(batch, 1, x, y[, z])`` is 1 on the grid and 0
on the padding; without a mask all voxels are valid.
"""

import torch
from torch import Tensor, nn

CONVOLUTIONS: dict[int, type[nn.Conv2d] | type[nn.Conv3d]] = {2: nn.Conv2d, 3: nn.Conv3d}
BATCH_NORMS: dict[int, type[nn.BatchNorm2d] | type[nn.BatchNorm3d]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def masked(features: Tensor, valid: Tensor | None) -> Tensor:
    """Return features ``(batch, feature, x, y[, z])`` with zeros on the padding."""
    return features if valid is None else features * valid.to(features.dtype)


class MaskedBatchNorm(nn.Module):
    """Batch normalisation whose statistics are taken over valid voxels only.

    Same parameters, momentum and ε as PyTorch's, and equal to it without a mask.
    """

    def __init__(self, width: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.momentum, self.eps = momentum, eps

    def forward(self, features: Tensor, valid: Tensor | None = None) -> Tensor:
        """Normalise features ``(batch, feature, x, y[, z])``; the padding holds what the affine map gives."""
        mean, var = (
            self._statistics(features.float(), valid)
            if self.training
            else (self.running_mean, self.running_var)
        )
        scale = self.weight * torch.rsqrt(var + self.eps)
        shape = (1, -1, *(1,) * (features.ndim - 2))
        return features * scale.view(shape) + (self.bias - mean * scale).view(shape)

    def _statistics(self, features: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        weight = torch.ones_like(features[:, :1]) if valid is None else valid.float()
        axes = (0, *range(2, features.ndim))
        shape = (1, -1, *(1,) * (features.ndim - 2))
        count = weight.sum().clamp(min=1)
        mean = (features * weight).sum(axes) / count
        var = ((features - mean.view(shape)).square() * weight).sum(axes) / count
        with torch.no_grad():
            unbiased = var * (count / (count - 1).clamp(min=1))
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(unbiased, self.momentum)
        return mean, var
