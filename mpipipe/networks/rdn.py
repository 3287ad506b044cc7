"""RDN: residual dense network (Zhang et al., CVPR 2018; as a denoiser IEEE TPAMI 43(7), 2480-2495, 2021)."""

import torch
from torch import Tensor, nn

from mpipipe.config.networks import RDNConfig
from mpipipe.networks.dense import ResidualDenseBlock
from mpipipe.networks.initialisation import initialise_convolutions
from mpipipe.networks.masking import CONVOLUTIONS, masked


class RDN(nn.Module):
    """Chain of residual dense blocks whose outputs are all fused; the output is the input plus a residual.

    Two shallow convolutions, the blocks, fusion of all of them by a 1 × 1 and a 3 × 3 convolution, a skip from
    the first shallow features, and a last convolution.

    With 16 blocks of 8 layers, width and growth 64, and zero borders it is the published network. The border
    `masked` sets features beyond the grid to zero after each layer: then the padding of a patch changes
    nothing.
    """

    factor = 1

    def __init__(self, config: RDNConfig, dimension: int, channels: int = 2) -> None:
        """Build the network.

        Parameters
        ----------
        config : RDNConfig
            Blocks, layers, width, growth and border.
        dimension : int
            2 or 3 spatial axes.
        channels : int
            Channels of input and output: real and imaginary part.
        """
        super().__init__()
        convolution, width = CONVOLUTIONS[dimension], config.width
        self.shallow = convolution(channels, width, 3, padding=1)
        self.entry = convolution(width, width, 3, padding=1)
        self.gather = convolution(config.blocks * width, width, 1)
        self.smooth = convolution(width, width, 3, padding=1)
        self.last = convolution(width, channels, 3, padding=1)
        initialise_convolutions(self, slope=1.0)
        # A small last layer starts near the identity.
        initialise_convolutions(self.last, scale=0.1)
        self.blocks = nn.ModuleList(
            ResidualDenseBlock(dimension, width, config.growth, config.layers, fusion_kernel=1)
            for _ in range(config.blocks)
        )
        self.masks_border = config.border == "masked"

    def forward(self, observed: Tensor, measured: Tensor | None = None) -> Tensor:
        """Return the restored image.

        Parameters
        ----------
        observed : (batch, channel, x, y[, z]) Tensor of float32
            Real and imaginary part.
        measured : (batch, 1, x, y[, z]) Tensor, optional
            1 on the grid, 0 on the padding; by default all voxels are measured.

        Returns
        -------
        (batch, channel, x, y[, z]) Tensor of float32
        """
        mask = measured if self.masks_border else None
        shallow = masked(self.shallow(masked(observed, mask)), mask)
        features, outputs = masked(self.entry(shallow), mask), []
        for block in self.blocks:
            features = block(features, mask)
            outputs.append(features)
        fused = self.smooth(masked(self.gather(torch.cat(outputs, 1)), mask))
        residual: Tensor = self.last(shallow + masked(fused, mask))
        return observed + residual.float()
