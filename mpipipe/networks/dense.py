"""The residual dense block that RDN and SMRnet are built of."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mpipipe.networks.initialisation import initialise_convolutions
from mpipipe.networks.masking import CONVOLUTIONS, masked


class ResidualDenseBlock(nn.Module):
    """Convolutions that each see all features before them, fused and added to the input.

    ``x_i = act(conv_i([x_0, …, x_{i-1}]))`` for i = 1 … layers, and the output is
    ``x_0 + scale · fusion([x_0, …, x_layers])`` (Zhang et al., CVPR 2018, section 3.2).
    """

    def __init__(
        self,
        dimension: int,
        width: int,
        growth: int,
        layers: int,
        fusion_kernel: int,
        slope: float = 0.0,
        scale: float = 1.0,
    ) -> None:
        """Build the block.

        Parameters
        ----------
        dimension : int
            2 or 3 spatial axes.
        width, growth : int
            Features of input and output, and those that each convolution adds.
        layers : int
            Dense convolutions with kernels of side 3.
        fusion_kernel : int
            Side of the kernel of the fusion, odd.
        slope : float
            Slope of the activation at negative values; 0 is the ReLU.
        scale : float
            Factor of the residual.
        """
        super().__init__()
        convolution = CONVOLUTIONS[dimension]
        seen = [width + i * growth for i in range(layers + 1)]
        self.growing = nn.ModuleList(convolution(n, growth, 3, padding=1) for n in seen[:-1])
        self.fusion = convolution(seen[-1], width, fusion_kernel, padding=fusion_kernel // 2)
        self.slope, self.scale = slope, scale
        initialise_convolutions(self.growing, slope=slope)
        # A small fusion keeps a long chain of blocks near the identity at the start.
        initialise_convolutions(self.fusion, scale=0.1, slope=1.0)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return features ``(batch, width, x, y[, z])``; a mask ``(batch, 1, x, y[, z])`` sets those outside to zero."""
        seen = features
        for convolution in self.growing:
            grown = functional.leaky_relu(convolution(seen), self.slope)
            seen = torch.cat([seen, masked(grown, mask)], 1)
        return features + masked(self.scale * self.fusion(seen), mask)
