"""Networks that denoise signals, by name."""

import torch
from torch import nn

from mpipipe.config.signal_denoiser import (
    CycleUNetConfig,
    PlainSignalUNetConfig,
    SignalDenoiserConfig,
    SignalUNetConfig,
)
from mpipipe.errors import InputError
from mpipipe.networks.cycle_unet import CycleUNet, LinearEstimate
from mpipipe.networks.plain_signal_unet import PlainSignalUNet
from mpipipe.networks.signal_unet import SignalUNet


def build_signal_denoiser(
    config: SignalDenoiserConfig, seed: int, *, linear: LinearEstimate | None = None
) -> nn.Module:
    """Build a network with weights that follow from a seed; the global random state stays as it is.

    Parameters
    ----------
    config : SignalDenoiserConfig
        Architecture.
    seed : int
        Seed of the initial weights.
    linear : LinearEstimate, optional
        Estimate from principal components that ``CycleUNet`` corrects; the others take none.

    Returns
    -------
    nn.Module
        From noisy signals ``(batch, time)`` of float32, each over its root mean square, to denoised ones.

    Raises
    ------
    InputError
        When the linear estimate is needed and not given, or given and not needed.
    """
    if linear is not None and not isinstance(config, CycleUNetConfig):
        raise InputError(f"{config.name}: found a linear estimate, expected none")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(config, SignalUNetConfig):
            return SignalUNet(config)
        if isinstance(config, PlainSignalUNetConfig):
            return PlainSignalUNet(config)
        if linear is None:
            raise InputError(f"{config.name}: found no linear estimate, expected one")
        return CycleUNet(config, linear)
