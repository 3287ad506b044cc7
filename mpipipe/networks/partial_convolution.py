"""Partial convolution: a convolution that sees measured voxels only (Liu et al., ECCV 2018, section 3.1)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mpipipe.networks.masking import CONVOLUTIONS

Part = tuple[Tensor, Tensor]


class PartialConvolution(nn.Module):
    """Convolution over measured voxels, rescaled by the share of the window that is measured.

    ``out = W · (X ⊙ M) · (window size / Σ M) + b`` where ``Σ M > 0``, else 0; the new mask is 1 where
    ``Σ M > 0`` (eqs. 1 and 2). Beyond the grid nothing is measured. Where the whole window is measured it is
    an ordinary convolution.
    """

    def __init__(
        self, dimension: int, inputs: int, outputs: int, kernel: int, stride: int = 1, *, bias: bool = True
    ) -> None:
        """Build the layer.

        Parameters
        ----------
        dimension : int
            2 or 3 spatial axes.
        inputs, outputs : int
            Number of features.
        kernel : int
            Side of the window in voxels, odd.
        stride : int
            Voxels of the input a voxel of the output.
        bias : bool
            Add a bias, which is not rescaled.
        """
        super().__init__()
        self.convolution = CONVOLUTIONS[dimension](
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False
        )
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.kernel, self.stride = kernel, stride
        self._window_mean = {2: functional.avg_pool2d, 3: functional.avg_pool3d}[dimension]

    def forward(self, *parts: Part) -> Part:
        """Return the features and the mask of the output.

        Parameters
        ----------
        *parts : ((batch, feature, x, y[, z]) Tensor, (batch, 1, x, y[, z]) Tensor)
            Features, and the mask that all of them share: 1 where measured, 0 where missing. Several parts
            are joined along their features, each with its own mask.

        Returns
        -------
        features : (batch, outputs, x', y'[, z']) Tensor
        mask : (batch, 1, x', y'[, z']) Tensor of float32
        """
        coverage = self._coverage(parts)
        reached = coverage > 0
        # A missing value may be anything, NaN included, so it is replaced, not multiplied by zero.
        known = torch.cat([torch.where(mask > 0, x, 0) for x, mask in parts], 1)
        features = self.convolution(known)
        features = features * torch.where(reached, 1 / coverage, 0).to(features.dtype)
        if self.bias is not None:
            bias = self.bias.to(features.dtype).view(-1, *(1,) * (features.ndim - 2))
            features = torch.where(reached, features + bias, 0)
        return features, reached.float()

    def _coverage(self, parts: tuple[Part, ...]) -> Tensor:
        """Return the share of each window that is measured, over all features."""
        total = sum(x.shape[1] for x, _ in parts)
        share = sum((x.shape[1] / total * (mask > 0).float() for x, mask in parts), start=torch.zeros(()))
        # The grid may be smaller than the window, which pooling with its own padding refuses.
        framed = functional.pad(share, (self.kernel // 2,) * 2 * (share.ndim - 2))
        return self._window_mean(framed, self.kernel, self.stride)
