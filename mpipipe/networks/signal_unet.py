"""Encoder and decoder along a period, as published for self-supervised denoising of signals (section II.I)."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from mpipipe.config.signal_denoiser import LEVELS, SignalUNetConfig
from mpipipe.networks.periodic_signal import (
    crop_wrapped,
    down_sampling,
    periodic_convolution,
    up_sampling,
    wrap_to_multiple,
)

RESIDUAL_BLOCKS = 3
PRELU_SLOPE = 0.25
"""Slope of a PReLU at negative values before training."""


class ResidualBlock(nn.Module):
    """``F(X) = W2 ∗ max(0, W1 ∗ X + B1) + X + B2`` (eq. 2)."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.first = periodic_convolution(width, width, kernel, slope=0.0)
        # A block starts near the identity.
        self.second = periodic_convolution(width, width, kernel, scale=0.1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape ``(batch, width, time)``."""
        correction: Tensor = self.second(self.first(features).relu())
        return features + correction


class EncoderBlock(nn.Sequential):
    """Down-sampling by 2, dropout, PReLU and three residual blocks; down-sampling is a strided convolution [assumption]."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dropout: float) -> None:
        super().__init__(
            down_sampling(inputs, outputs, slope=PRELU_SLOPE),
            nn.Dropout(dropout),
            nn.PReLU(init=PRELU_SLOPE),
            *(ResidualBlock(outputs, kernel) for _ in range(RESIDUAL_BLOCKS)),
        )


class DecoderBlock(nn.Module):
    """Up-sampling by 2, concatenation with the encoder's features, two convolutions and PReLU.

    Up-sampling is a transposed convolution [assumption].
    """

    def __init__(self, coarse: int, fine: int, kernel: int) -> None:
        super().__init__()
        self.up = up_sampling(coarse, fine)
        self.layers = nn.Sequential(
            periodic_convolution(2 * fine, fine, kernel),
            periodic_convolution(fine, fine, kernel, slope=PRELU_SLOPE),
            nn.PReLU(init=PRELU_SLOPE),
        )

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Return features ``(batch, fine, time)`` of coarse ones ``(batch, coarse, time / 2)`` and the encoder's."""
        features: Tensor = self.layers(torch.cat([self.up(coarse), skip], 1))
        return features


class SignalUNet(nn.Module):
    """The published network: first map, four encoder blocks, four decoder blocks, last map.

    The text gives the order of the layers; widths, filters and dropout are assumptions, see `SignalUNetConfig`. Periods
    are wrapped to a multiple of ``16 · stride`` samples and cropped back. Where they need no wrapping, the output of a
    period that is shifted around by such a multiple is shifted likewise.
    """

    def __init__(self, config: SignalUNetConfig) -> None:
        """Build the network.

        Parameters
        ----------
        config : SignalUNetConfig
            Widths, filters and dropout.
        """
        super().__init__()
        widths = [config.width, *(factor * config.width for factor in config.growth)]
        levels = list(pairwise(widths))
        self.multiple = 2**LEVELS * config.stride
        # At the coarsest level a filter must not reach around a period more than once.
        self.shortest = self.multiple * (config.kernel // 2)
        self.first = periodic_convolution(1, config.width, config.kernel, config.stride)
        self.encoder = nn.ModuleList(EncoderBlock(a, b, config.kernel, config.dropout) for a, b in levels)
        self.decoder = nn.ModuleList(DecoderBlock(b, a, config.kernel) for a, b in reversed(levels))
        # The text maps the last features to the signal by "an up-sampling layer".
        self.last = up_sampling(config.width, 1, config.stride)

    def forward(self, signals: Tensor) -> Tensor:
        """Return denoised signals.

        Parameters
        ----------
        signals : (batch, time) Tensor of float32
            One period each, over its root mean square.

        Returns
        -------
        (batch, time) Tensor of float32
        """
        features = self.first(wrap_to_multiple(signals, self.multiple, self.shortest)[:, None])
        skips = []
        for block in self.encoder:
            skips.append(features)
            features = block(features)
        for block in self.decoder:
            features = block(features, skips.pop())
        return crop_wrapped(self.last(features)[:, 0], signals.shape[-1]).float()
