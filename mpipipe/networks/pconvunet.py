"""PConvUNet: inpainting by a U-Net of partial convolutions (Liu et al., ECCV 2018), in 2-D and 3-D."""

from itertools import pairwise
from types import EllipsisType

import torch
from torch import Tensor, nn
from torch.nn import functional

from mpipipe.config.networks import PConvUNetConfig
from mpipipe.networks.initialisation import initialise_convolutions
from mpipipe.networks.masking import MaskedBatchNorm
from mpipipe.networks.partial_convolution import Part, PartialConvolution
from mpipipe.networks.resampling import nearest

SLOPE = 0.2


class PConvUNet(nn.Module):
    """Encoder and decoder of partial convolutions; the output is the whole image, measured voxels included.

    Each level of the encoder halves the grid (rounded up). The decoder upsamples features and mask to the
    nearest neighbour, crops them to the finer grid, and joins them with those of the encoder there; at the
    last level with the observed image itself.

    Patch padding is missing like any other voxel: its values change nothing, but the mask grows into it, so
    that a padded grid gives a slightly different image near its border than the bare one.
    """

    factor = 1

    def __init__(self, config: PConvUNetConfig, dimension: int, channels: int = 2) -> None:
        """Build the network.

        Parameters
        ----------
        config : PConvUNetConfig
            Widths and kernels of the levels, and normalisation.
        dimension : int
            2 or 3 spatial axes.
        channels : int
            Channels of input and output: real and imaginary part.
        """
        super().__init__()
        normalises = config.normalisation == "batch"
        widths = (channels, *config.widths)
        self.encoder = nn.ModuleList(
            _Layer(dimension, below, width, kernel, stride=2, slope=0.0, normalises=normalises and level > 0)
            for level, ((below, width), kernel) in enumerate(
                zip(pairwise(widths), config.kernels, strict=True)
            )
        )
        self.decoder = nn.ModuleList(
            _Layer(dimension, width + below, below, 3, stride=1, slope=SLOPE, normalises=normalises)
            for below, width in reversed(list(pairwise(widths))[1:])
        )
        self.last = PartialConvolution(dimension, widths[1] + channels, channels, 3)
        initialise_convolutions(self.last, scale=0.1)

    def forward(self, observed: Tensor, measured: Tensor | None = None) -> Tensor:
        """Return the restored image; zero where no measured voxel is in reach.

        Parameters
        ----------
        observed : (batch, channel, x, y[, z]) Tensor of float32
            Real and imaginary part; the values of missing voxels change nothing.
        measured : (batch, 1, x, y[, z]) Tensor, optional
            1 on measured voxels, 0 on missing ones and on the padding; by default all voxels are measured.

        Returns
        -------
        (batch, channel, x, y[, z]) Tensor of float32
        """
        mask = torch.ones_like(observed[:, :1]) if measured is None else measured
        levels: list[Part] = [(observed, mask)]
        for layer in self.encoder:
            levels.append(layer(levels[-1]))
        part = levels.pop()
        for layer in self.decoder:
            part = layer(*_joined(part, levels.pop()))
        image: Tensor = self.last(*_joined(part, levels.pop()))[0]
        return image.float()


class _Layer(nn.Module):
    """Partial convolution, normalisation over measured voxels, leaky ReLU."""

    def __init__(
        self,
        dimension: int,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int,
        slope: float,
        normalises: bool,
    ) -> None:
        super().__init__()
        self.convolution = PartialConvolution(dimension, inputs, outputs, kernel, stride, bias=not normalises)
        self.norm = MaskedBatchNorm(outputs) if normalises else None
        self.slope = slope
        initialise_convolutions(self.convolution, slope=slope)

    def forward(self, *parts: Part) -> Part:
        features, mask = self.convolution(*parts)
        features = self.norm(features, mask) if self.norm else features
        return functional.leaky_relu(features, self.slope), mask


def _joined(coarse: Part, fine: Part) -> tuple[Part, Part]:
    """Upsample the coarse features and mask to the grid of the fine ones."""
    inside: tuple[EllipsisType | slice, ...] = (..., *(slice(n) for n in fine[1].shape[2:]))
    return (nearest(coarse[0], 2)[inside], nearest(coarse[1], 2)[inside]), fine
