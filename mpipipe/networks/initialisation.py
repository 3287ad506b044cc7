"""Weights at the start of a training without normalisation."""

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
