"""Weights at the start of a training."""

from collections.abc import Sequence

import torch
from torch import nn


def initialise_convolutions(module: nn.Module, scale: float = 1.0, slope: float = 0.0) -> None:
    """Draw the weights of all convolutions of a module by He's rule and set their biases to zero.

    He's rule keeps the variance through layers that are followed by a (leaky) ReLU (He et al., ICCV 2015,
    eq. 15): weights have variance ``scale² 2 / ((1 + slope²) fan_in)``.

    Parameters
    ----------
    module : nn.Module
        A convolution, or a module that holds convolutions.
    scale : float
        Smaller than 1 for layers whose output is added to their input: then a deep stack of them starts
        near the identity.
    slope : float
        Slope of the activation at negative values; 1 where none follows.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(part.weight, a=slope, nonlinearity="leaky_relu")
            part.weight.data.mul_(scale)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def carry_input(
    convolutions: Sequence[nn.Conv2d | nn.Conv3d], mixing: float = 0.1, share: float = 0.1
) -> None:
    """Let the first features of a plain stack carry its input from the first layer to the last.

    A ReLU loses the sign, but ``x = relu(x) − relu(−x)``: two features a channel hold its positive and its negative part,
    by kernels that are one in the middle, and the last layer starts with a share of their difference. Random kernels
    blur the input a little more in each layer, and a stack that is to tell noise from signal voxel by voxel first has
    to learn to undo that; in 3-D, where a kernel has 27 voxels, this took most of a short training. (Normalisation
    between the layers shifts what is carried; the network learns on from there.)

    Parameters
    ----------
    convolutions : sequence of convolutions
        With drawn weights and odd kernels, each but the last followed by a ReLU; the hidden widths are at least
        twice the number of channels.
    mixing : float
        Factor of the drawn weights that mix other features into the carried ones.
    share : float
        Share of the input in the last layer's output.
    """
    first, *hidden, last = convolutions
    carried = 2 * first.in_channels
    with torch.no_grad():
        for feature in range(carried):
            channel, sign = feature // 2, 1 - 2 * (feature % 2)
            for convolution, source, weight in (
                (first, channel, sign),
                *((one, feature, 1) for one in hidden),
            ):
                kernel = convolution.weight[feature]
                kernel.mul_(mixing)
                kernel[source] = 0
                kernel[(source, *_middle(convolution))] = weight
            last.weight[:, feature] = 0
            last.weight[(channel, feature, *_middle(last))] = sign * share


def _middle(convolution: nn.Conv2d | nn.Conv3d) -> tuple[int, ...]:
    return tuple(side // 2 for side in convolution.kernel_size)
