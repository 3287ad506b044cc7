"""The residual generator (Johnson et al., ECCV 2016; Zhu et al., ICCV 2017) that sharpens collinear images."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from mpipipe.config.deblurrer import ResNetConfig
from mpipipe.errors import InputError

STRIDE = 4
"""Pixels of the input along each axis for one pixel of the residual blocks."""
SMALLEST = STRIDE + 1
"""Shortest side that can be reflected up to two pixels of the residual blocks."""
INITIAL_STD = 0.02
SMALL = 0.1
"""Initial weights of the last convolution of a block and of the network, without normalisation, over their usual size."""


class ResNetGenerator(nn.Module):
    """Encoder, residual blocks at a quarter of the resolution, decoder (Ergun 2022, section II.II).

    A 7 × 7 convolution, two of 3 × 3 with stride 2 that double the features, the residual blocks, two transposed
    ones that halve them again, and a 7 × 7 convolution; instance normalisation, unless the
    configuration has none, and ReLU follow all but the last.
    Borders are reflected. With three channels in and out, width 64 and 9 blocks it is the published generator of
    11.378 million parameters.

    The output is linear. The published generator ends in tanh, for photographs between −1 and 1; concentrations have
    no upper bound, and eq. (2) sets negative values to zero, which an output squeezed between bounds would not have.
    """

    def __init__(self, config: ResNetConfig, inputs: int = 2, outputs: int = 1) -> None:
        """Build the network.

        Parameters
        ----------
        config : ResNetConfig
            Width, number of blocks and dropout.
        inputs : int
            Channels of the input: collinear images of the two partitions.
        outputs : int
            Channels of the output.
        """
        super().__init__()
        self.normalise = config.normalisation == "instance"
        widths = [config.width, 2 * config.width, 4 * config.width]
        self.first = nn.Conv2d(inputs, widths[0], 7)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.blocks = nn.Sequential(
            *(ResidualBlock(widths[-1], config.dropout, self.normalise) for _ in range(config.blocks))
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1)
            for a, b in pairwise(reversed(widths))
        )
        self.last = nn.Conv2d(widths[0], outputs, 7)
        if self.normalise:
            self.apply(_initialise)
        else:
            self._initialise_unnormalised()

    def forward(self, images: Tensor) -> Tensor:
        """Return the sharpened image.

        Parameters
        ----------
        images : (batch, channel, x, y) Tensor of float32
            Normalised collinear images; sides of at least 5 pixels.

        Returns
        -------
        (batch, channel, x, y) Tensor of float32
            Of either sign.

        Raises
        ------
        InputError
            When a side is shorter.
        """
        x, y = images.shape[-2:]
        if min(x, y) < SMALLEST:
            raise InputError(f"ResNet: found {x} × {y} pixels, expected at least {SMALLEST} along each axis")
        padded = functional.pad(images, (0, -y % STRIDE, 0, -x % STRIDE), mode="reflect")
        features = _normalised(self.first(_reflected(padded, 3)), self.normalise).relu()
        for convolution in self.down:
            features = _normalised(convolution(features), self.normalise).relu()
        features = self.blocks(features)
        for convolution in self.up:
            features = _normalised(convolution(features), self.normalise).relu()
        sharp: Tensor = self.last(_reflected(features, 3))
        return sharp[..., :x, :y].float()

    def _initialise_unnormalised(self) -> None:
        """Draw weights that keep the size of features (He et al., ICCV 2015); blocks and output begin small."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        blocks = [module for module in self.modules() if isinstance(module, ResidualBlock)]
        with torch.no_grad():
            for last in (*(block.convolutions[1] for block in blocks), self.last):
                assert isinstance(last, nn.Conv2d)
                last.weight.mul_(SMALL)


class ResidualBlock(nn.Module):
    """``f + norm(conv(dropout(relu(norm(conv(f))))))`` with 3 × 3 convolutions and reflected borders."""

    def __init__(self, width: int, dropout: float, normalise: bool) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(width, width, 3) for _ in range(2))
        self.dropout, self.normalise = dropout, normalise

    def forward(self, features: Tensor) -> Tensor:
        """Return features ``(batch, width, x, y)``."""
        first, second = self.convolutions
        hidden = _normalised(first(_reflected(features, 1)), self.normalise).relu()
        if self.training and self.dropout:
            hidden = _dropped(hidden, self.dropout)
        return features + _normalised(second(_reflected(hidden, 1)), self.normalise)


def _reflected(features: Tensor, width: int) -> Tensor:
    return functional.pad(features, (width,) * 4, mode="reflect")


def _normalised(features: Tensor, normalise: bool) -> Tensor:
    return functional.instance_norm(features) if normalise else features


def _dropped(features: Tensor, probability: float) -> Tensor:
    """Return features of which each is zero with a probability, the others scaled to keep the mean.

    On a CPU, uniform numbers take a fifth of the time of the Bernoulli numbers in `torch.nn.Dropout`, and a tenth or more
    of a training step is saved.
    """
    kept = torch.rand(features.shape, device=features.device) >= probability
    return features * kept.to(features.dtype).div_(1 - probability)


def _initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02²) as published (Zhu 2017, section 4)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, std=INITIAL_STD)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
