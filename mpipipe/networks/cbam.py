"""CBAM: convolutional block attention module (Woo et al., ECCV 2018)."""

import torch
from torch import Tensor, nn


class CBAM(nn.Module):
    """Features weighted by channel, then by voxel."""

    def __init__(self, width: int, reduction: int) -> None:
        """Build the module.

        Parameters
        ----------
        width : int
            Number of features.
        reduction : int
            Features over hidden units of the channel gate, which has at least one.
        """
        super().__init__()
        self.channel, self.spatial = ChannelGate(width, reduction), SpatialGate()

    def forward(self, features: Tensor) -> Tensor:
        """Return weighted features ``(batch, width, x, y)``."""
        weighted: Tensor = self.spatial(self.channel(features))
        return weighted


class ChannelGate(nn.Module):
    """One weight a channel, ``σ(MLP(mean over voxels) + MLP(max over voxels))``, with one shared MLP (eq. 2)."""

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        hidden = max(1, width // reduction)
        self.perceptron = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))

    def forward(self, features: Tensor) -> Tensor:
        """Return features ``(batch, width, x, y)`` times the weights of their channels."""
        mean, peak = features.mean((2, 3)), features.amax((2, 3))
        weights: Tensor = (self.perceptron(mean) + self.perceptron(peak)).sigmoid()
        return features * weights[:, :, None, None]


class SpatialGate(nn.Module):
    """One weight a voxel, ``σ(BN(conv7×7([max over channels, mean over channels])))`` (eq. 3).

    The normalisation is that of the authors' code; the paper does not name it.
    """

    def __init__(self, kernel: int = 7) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features ``(batch, width, x, y)`` times the weights of their voxels."""
        pooled = torch.cat([features.amax(1, keepdim=True), features.mean(1, keepdim=True)], 1)
        weights: Tensor = self.norm(self.convolution(pooled)).sigmoid()
        return features * weights
