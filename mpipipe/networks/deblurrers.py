"""Deblurring networks by name."""

import torch
from torch import nn

from mpipipe.config.deblurrer import DeblurrerConfig, ResNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.data_consistent import DataConsistentGenerator, KnownBlur
from mpipipe.networks.resnet_generator import ResNetGenerator


def build_deblurrer(config: DeblurrerConfig, seed: int, blur: KnownBlur | None = None) -> nn.Module:
    """Build a deblurring network with weights that follow from a seed; the global random state stays as it is.

    Parameters
    ----------
    config : DeblurrerConfig
        Architecture.
    seed : int
        Seed of the initial weights.
    blur : KnownBlur, optional
        What blurs concentrations of the output into images of the input; needed by ``DataConsistent``.

    Returns
    -------
    nn.Module
        From collinear images ``(batch, 2, x, y)`` of float32 to ``(batch, 1, x, y)`` of float32 and either sign.

    Raises
    ------
    InputError
        When the blur is needed and not given.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(config, ResNetConfig):
            return ResNetGenerator(config)
        if blur is None:
            raise InputError(f"{config.name}: found no blur, expected that of its collinear images")
        return DataConsistentGenerator(config, blur)
