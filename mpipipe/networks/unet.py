"""U-Net of convolutions with batch normalisation, for grids of any size (Ronneberger et al., MICCAI 2015)."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


def poolings(grid: tuple[int, int], most: int) -> int:
    """Return how often a grid can be halved, rounding up, with two voxels left along its shorter side.

    Parameters
    ----------
    grid : tuple of int
        Voxels along each axis.
    most : int
        Poolings at most.

    Returns
    -------
    int
        ``min(most, ⌈log2 n⌉ − 1)`` with n voxels along the shorter side: 3 on 11 × 11 (Peng et al. 2024,
        section 3.3), 4 on 19 × 19, 0 below three voxels.
    """
    return min(most, max(0, (min(grid) - 1).bit_length() - 1))


def block(inputs: int, outputs: int, kernels: tuple[int, ...] = (3, 3)) -> nn.Sequential:
    """Build convolutions in a row, each with batch normalisation and ReLU."""
    widths = [inputs, *[outputs] * len(kernels)]
    layers: list[nn.Module] = []
    for (a, b), kernel in zip(pairwise(widths), kernels, strict=True):
        # The shift of the normalisation stands in for a bias.
        layers += [nn.Conv2d(a, b, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Encoder and decoder of blocks of two convolutions; output and input have the same shape.

    Each level of the encoder halves the grid by maximum pooling, rounded up, and doubles the features. The
    decoder upsamples by transposed convolutions of side 2, cropped to the finer grid, and joins the
    encoder's features there. A 1 × 1 convolution ends it.
    """

    def __init__(self, channels: int, bottom_width: int, levels: int, least_width: int = 1) -> None:
        """Build the network.

        Parameters
        ----------
        channels : int
            Features of input and output.
        bottom_width : int
            Features on the coarsest grid; each finer one has half as many.
        levels : int
            Poolings.
        least_width : int
            Features that a finer grid has at least, where the coarsest has as many.
        """
        super().__init__()
        least = min(least_width, bottom_width)
        widths = [max(least, bottom_width >> (levels - level)) for level in range(levels + 1)]
        self.encoder = nn.ModuleList(block(a, b) for a, b in pairwise([channels, *widths]))
        self.upsampling = nn.ModuleList(
            nn.ConvTranspose2d(coarse, fine, 2, stride=2) for fine, coarse in reversed(list(pairwise(widths)))
        )
        self.decoder = nn.ModuleList(block(2 * fine, fine) for fine in reversed(widths[:-1]))
        self.last = nn.Conv2d(widths[0], channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features ``(batch, channels, x, y)``."""
        levels = [self.encoder[0](features)]
        for layers in self.encoder[1:]:
            levels.append(layers(functional.max_pool2d(levels[-1], 2, ceil_mode=True)))
        coarse = levels.pop()
        for up, layers in zip(self.upsampling, self.decoder, strict=True):
            fine = levels.pop()
            cropped = up(coarse)[..., : fine.shape[2], : fine.shape[3]]
            coarse = layers(torch.cat([fine, cropped], 1))
        out: Tensor = self.last(coarse)
        return out
