"""A U-Net on folded periods that are laid out as drive cycles x samples, with a linear estimate beside them."""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from mpipipe.config.signal_denoiser import CycleUNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.periodic_signal import weighted_frequencies


class LinearEstimate(NamedTuple):
    """What the network knows of signals beforehand, see `mpipipe.signals.subspace.SubspaceFilter`.

    Attributes
    ----------
    basis : (component, time) Tensor of float32
        Orthonormal odd signals.
    gain : (component, component) Tensor of float32
        From coefficients of a noisy period to those of the estimate.
    weight : (frequency,) Tensor of float32
        Usual noise power over that of each frequency, at most 1.
    cycles : () Tensor of int64
        Cycles of the first drive frequency in a period, an even number.
    """

    basis: Tensor
    gain: Tensor
    weight: Tensor
    cycles: Tensor


class CycleUNet(nn.Module):
    """Named variant of the proposed network: the symmetry and the signals' spectrum are built in, not penalised.

    1. The period is folded: ``(u(t) - u(T - t)) / 2`` keeps a noise-free signal and halves the noise's power.
    2. A linear estimate from the principal components of noisy training signals stands beside it.
    3. Both are laid out as images, a row for each cycle of the first drive field, so that samples of neighbouring lines
       are neighbours; the rows go on into the next cycle at either end, as the signal does.
    4. A U-Net of 3 x 3 convolutions and PReLU gives a correction to the linear estimate. Its last weights start at zero.
    5. The correction is continued as an odd signal.

    Frequencies that interference fills are all but removed from what the network sees and from its correction: there the
    other period, its target, tells next to nothing, and the linear estimate stays.
    """

    def __init__(self, config: CycleUNetConfig, linear: LinearEstimate) -> None:
        """Build the network.

        Parameters
        ----------
        config : CycleUNetConfig
            Width and levels.
        linear : LinearEstimate
            Linear estimate; it becomes part of the state.

        Raises
        ------
        InputError
            When the period is no even number of cycles of whole samples.
        """
        super().__init__()
        time, cycles = linear.basis.shape[1], int(linear.cycles)
        if cycles % 2 or time % cycles:
            raise InputError(
                f"cycles: found {cycles} in {time} samples, expected an even number of cycles of whole samples"
            )
        self.time, self.rows, self.samples = time, cycles // 2, time // cycles
        widths = [config.width << level for level in range(config.levels + 1)]
        self.encoder = nn.ModuleList(_block(a, b) for a, b in pairwise([2, *widths]))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in reversed(list(pairwise(widths)))
        )
        self.decoder = nn.ModuleList(_block(2 * width, width) for width in reversed(widths[:-1]))
        self.last = nn.Conv2d(widths[0], 1, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]
        for name, values in linear._asdict().items():
            self.register_buffer(name, values)
        layout = _layout(self.rows, self.samples, 1 << config.levels) % time
        self.register_buffer("layout", layout, persistent=False)
        self.basis: Tensor
        self.gain: Tensor
        self.weight: Tensor
        self.layout: Tensor
        # Channels last is twice as fast on a CPU for few channels.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, signals: Tensor) -> Tensor:
        """Return estimates of signals, both ``(batch, time)`` of float32 over the RMS of the signal that is given."""
        folded = (signals - signals.flip(-1).roll(1, -1)) / 2
        with torch.autocast(signals.device.type, enabled=False):
            linear: Tensor = (folded @ self.basis.T) @ self.gain.T @ self.basis
        images = torch.stack([weighted_frequencies(folded, self.weight), linear], 1)[:, :, self.layout]
        half = self._corrected(images.contiguous(memory_format=torch.channels_last))
        # Odd about 0 and T/2, where it is zero.
        end = torch.zeros_like(half[:, :1])
        correction = torch.cat([end, half[:, 1:], end, -half[:, 1:].flip(-1)], 1)
        return linear + weighted_frequencies(correction, self.weight)

    def _corrected(self, images: Tensor) -> Tensor:
        """Return the correction ``(batch, half a period)`` of images ``(batch, 2, row, column)``."""
        levels = [self.encoder[0](images)]
        for block in self.encoder[1:]:
            levels.append(block(functional.avg_pool2d(levels[-1], 2)))
        coarse = levels.pop()
        for up, block in zip(self.up, self.decoder, strict=True):
            coarse = block(torch.cat([levels.pop(), up(coarse)], 1))
        out: Tensor = self.last(coarse)[:, 0, : self.rows, : self.samples].float()
        return out.flatten(1)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.PReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.PReLU(),
    )


def _layout(rows: int, samples: int, multiple: int) -> Tensor:
    """Return the sample at each place ``(row, column)``; rows and columns go on to a multiple of what pooling divides."""
    height, width = (-(-size // multiple) * multiple for size in (rows, samples))
    return samples * torch.arange(height)[:, None] + torch.arange(width)
