"""A plain U-Net along a period, the network of the methods that are compared with (Ronneberger et al., MICCAI 2015)."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from mpipipe.config.signal_denoiser import LEVELS, PlainSignalUNetConfig
from mpipipe.networks.periodic_signal import (
    crop_wrapped,
    periodic_convolution,
    up_sampling,
    wrap_to_multiple,
)


class PlainSignalUNet(nn.Module):
    """Encoder and decoder of two convolutions with ReLU a level; output and input have the same shape.

    Four times the encoder halves the samples by maximum pooling; the decoder doubles them by transposed convolutions and
    joins the encoder's features. Periods are wrapped as in `mpipipe.networks.signal_unet.SignalUNet`.
    """

    def __init__(self, config: PlainSignalUNetConfig) -> None:
        """Build the network.

        Parameters
        ----------
        config : PlainSignalUNetConfig
            Widths and filters.
        """
        super().__init__()
        kernel, stride = config.kernel, config.stride
        widths = [config.width, *(factor * config.width for factor in config.growth)]
        finer = list(reversed(list(pairwise(widths))))
        self.multiple = 2**LEVELS * stride
        # At the coarsest level a filter must not reach around a period more than once.
        self.shortest = self.multiple * (kernel // 2)
        self.encoder = nn.ModuleList(
            _block(a, b, kernel, stride if level == 0 else 1)
            for level, (a, b) in enumerate(pairwise([1, *widths]))
        )
        self.upsampling = nn.ModuleList(up_sampling(b, a) for a, b in finer)
        self.decoder = nn.ModuleList(_block(2 * a, a, kernel) for a, _ in finer)
        self.last = up_sampling(config.width, 1, stride)

    def forward(self, signals: Tensor) -> Tensor:
        """Return denoised signals ``(batch, time)`` of float32, each over its root mean square."""
        levels = [self.encoder[0](wrap_to_multiple(signals, self.multiple, self.shortest)[:, None])]
        for layers in self.encoder[1:]:
            levels.append(layers(functional.max_pool1d(levels[-1], 2)))
        features = levels.pop()
        for up, layers in zip(self.upsampling, self.decoder, strict=True):
            features = layers(torch.cat([up(features), levels.pop()], 1))
        return crop_wrapped(self.last(features)[:, 0], signals.shape[-1]).float()


def _block(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Build two convolutions, each with ReLU."""
    return nn.Sequential(
        periodic_convolution(inputs, outputs, kernel, stride, slope=0.0), nn.ReLU(),
        periodic_convolution(outputs, outputs, kernel, slope=0.0), nn.ReLU(),
    )  # fmt: skip
