"""3d-SMRnet: upsampling by residual-in-residual dense blocks (Baltruschat et al., MICCAI 2020)."""

from math import log2

from torch import Tensor, nn
from torch.nn import functional

from mpipipe.config.networks import SMRnetConfig
from mpipipe.networks.dense import ResidualDenseBlock
from mpipipe.networks.initialisation import initialise_convolutions
from mpipipe.networks.masking import CONVOLUTIONS, masked
from mpipipe.networks.resampling import nearest

SLOPE, RESIDUAL_SCALE = 0.2, 0.2


class SMRnet(nn.Module):
    """Dense blocks on the coarse grid, then upsampling by two, once or more, each with a convolution.

    Convolution, the blocks and a convolution with a skip around them, nearest-neighbour upsampling with a
    convolution for each factor of two, two convolutions. The activations are leaky ReLUs of slope 0.2, and there is no
    normalisation. Voxel i of the input stands at voxel ``factor · i`` … ``factor · i + factor − 1`` of the output.

    With factor 4, 9 blocks, width 64, growth 32 and zero borders it is the published network. The border
    `masked` sets features beyond the grid to zero after each layer: then the padding of a patch changes
    nothing.
    """

    def __init__(self, config: SMRnetConfig, dimension: int, channels: int = 2) -> None:
        """Build the network.

        Parameters
        ----------
        config : SMRnetConfig
            Factor, blocks, width, growth and border.
        dimension : int
            2 or 3 spatial axes.
        channels : int
            Channels of input and output: real and imaginary part.
        """
        super().__init__()
        convolution, width = CONVOLUTIONS[dimension], config.width
        self.factor: int = config.factor
        self.shallow = convolution(channels, width, 3, padding=1)
        self.smooth = convolution(width, width, 3, padding=1)
        self.upsampling = nn.ModuleList(
            convolution(width, width, 3, padding=1) for _ in range(round(log2(config.factor)))
        )
        self.fine = convolution(width, width, 3, padding=1)
        self.last = convolution(width, channels, 3, padding=1)
        initialise_convolutions(self, slope=SLOPE)
        # A small last layer starts near zero.
        initialise_convolutions(self.last, scale=0.1)
        self.blocks = nn.ModuleList(_Block(dimension, width, config.growth) for _ in range(config.blocks))
        self.masks_border = config.border == "masked"

    def forward(self, observed: Tensor, measured: Tensor | None = None) -> Tensor:
        """Return the image on the finer grid.

        Parameters
        ----------
        observed : (batch, channel, x, y[, z]) Tensor of float32
            Real and imaginary part on the coarse grid.
        measured : (batch, 1, x, y[, z]) Tensor, optional
            1 on the coarse grid, 0 on the padding; by default all voxels are measured.

        Returns
        -------
        (batch, channel, factor x, factor y[, factor z]) Tensor of float32
        """
        mask = measured if self.masks_border else None
        shallow = features = masked(self.shallow(masked(observed, mask)), mask)
        for block in self.blocks:
            features = block(features, mask)
        features = shallow + masked(self.smooth(features), mask)
        for convolution in self.upsampling:
            mask = mask if mask is None else nearest(mask, 2)
            features = masked(functional.leaky_relu(convolution(nearest(features, 2)), SLOPE), mask)
        features = masked(functional.leaky_relu(self.fine(features), SLOPE), mask)
        image: Tensor = self.last(features)
        return image.float()


class _Block(nn.Module):
    """Three residual dense blocks in a row, with a residual around them (Wang et al., ECCV Workshops 2018)."""

    def __init__(self, dimension: int, width: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(
            ResidualDenseBlock(dimension, width, growth, 4, 3, SLOPE, RESIDUAL_SCALE) for _ in range(3)
        )

    def forward(self, features: Tensor, mask: Tensor | None) -> Tensor:
        inner = features
        for block in self.dense:
            inner = block(inner, mask)
        return features + RESIDUAL_SCALE * inner
