"""Convolutions along one period, whose end is followed by its start."""

from math import sqrt
from typing import TypeVar

import torch
from torch import Tensor, nn

from mpipipe.errors import InputError

Layer = TypeVar("Layer", nn.Conv1d, nn.ConvTranspose1d)


def periodic_convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, *, slope: float = 1.0, scale: float = 1.0
) -> nn.Conv1d:
    """Return a convolution of features ``(batch, feature, time)`` that wraps around, to ``time / stride`` samples.

    Weights are drawn by He's rule, with variance ``scale² 2 / ((1 + slope²) fan_in)``, and biases are zero: so the
    coarsest features reach the output as strongly as the finest (He et al., ICCV 2015, eq. 15).

    Parameters
    ----------
    inputs, outputs : int
        Features.
    kernel : int
        Samples of a filter, odd.
    stride : int
        Samples between those that are kept; their number has to be a multiple of it.
    slope : float
        Slope of the activation that follows, at negative values; 1 where none does.
    scale : float
        Smaller than 1 for a layer whose output is added to its input.
    """
    layer = nn.Conv1d(inputs, outputs, kernel, stride, padding=kernel // 2, padding_mode="circular")
    return _drawn(layer, inputs * kernel, slope, scale)


def down_sampling(inputs: int, outputs: int, *, slope: float) -> nn.Conv1d:
    """Return a convolution to half as many samples, each from two, with weights as in `periodic_convolution`."""
    return _drawn(nn.Conv1d(inputs, outputs, 2, stride=2), 2 * inputs, slope)


def up_sampling(inputs: int, outputs: int, factor: int = 2) -> nn.ConvTranspose1d:
    """Return a transposed convolution to `factor` times as many samples, each from one, drawn likewise."""
    return _drawn(nn.ConvTranspose1d(inputs, outputs, factor, stride=factor), inputs, 1.0)


def _drawn(layer: Layer, fan_in: int, slope: float, scale: float = 1.0) -> Layer:
    nn.init.normal_(layer.weight, std=scale * sqrt(2 / ((1 + slope**2) * fan_in)))
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def wrap_to_multiple(signals: Tensor, multiple: int, shortest: int = 1) -> Tensor:
    """Return periods that go on at both ends, so that their number of samples is a multiple.

    Parameters
    ----------
    signals : (batch, time) Tensor
        One period each.
    multiple : int
        What the number of samples is to be a multiple of.
    shortest : int
        Least number of samples of a period.

    Returns
    -------
    (batch, wrapped) Tensor
        With the last samples before the first and the first after the last, about as many: 4950 samples become 4960
        with 5 at either end. `crop_wrapped` takes them off.

    Raises
    ------
    InputError
        When a period is shorter.
    """
    time = signals.shape[-1]
    if time < shortest:
        raise InputError(f"signals: found {time} samples, expected at least {shortest} for these filters")
    missing = -time % multiple
    if not missing:
        return signals
    # Taken by index, as a signal may be shorter than what is missing.
    places = torch.arange(-(missing // 2), time + missing - missing // 2, device=signals.device) % time
    return signals[:, places]


def crop_wrapped(signals: Tensor, time: int) -> Tensor:
    """Return the period ``(batch, time)`` in the middle of what `wrap_to_multiple` made of it."""
    start = (signals.shape[-1] - time) // 2
    return signals[..., start : start + time]


def weighted_frequencies(signals: Tensor, weight: Tensor) -> Tensor:
    """Return periods ``(…, time)`` of float32 whose frequencies are multiplied by weights ``(frequency,)``."""
    with torch.autocast(signals.device.type, enabled=False):
        spectrum = torch.fft.rfft(signals.float()) * weight.to(signals.device)
        out: Tensor = torch.fft.irfft(spectrum, n=signals.shape[-1])
    return out
