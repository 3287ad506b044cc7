"""Networks by name."""

from collections.abc import Callable

import torch
from torch import nn

from mpipipe.config.networks import NetworkConfig, SMRnetConfig
from mpipipe.errors import InputError
from mpipipe.networks.dncnn import DnCNN
from mpipipe.networks.pconvunet import PConvUNet
from mpipipe.networks.rdn import RDN
from mpipipe.networks.smrnet import SMRnet
from mpipipe.networks.swinir import SwinIR

# Each takes its own configuration and the dimension, and is called as `network(observed, measured)`.
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "DnCNN": DnCNN,
    "RDN": RDN,
    "SwinIR": SwinIR,
    "SMRnet": SMRnet,
    "PConvUNet": PConvUNet,
}

# Numbers of spatial axes that a network takes.
DIMENSIONS: dict[str, tuple[int, ...]] = {name: (2,) if name == "SwinIR" else (2, 3) for name in NETWORKS}


def build_network(config: NetworkConfig, dimension: int, seed: int) -> nn.Module:
    """Build a network with weights that follow from a seed; the global random state stays as it is.

    Parameters
    ----------
    config : NetworkConfig
        Architecture.
    dimension : int
        Number of spatial axes.
    seed : int
        Seed of the initial weights.

    Returns
    -------
    nn.Module
        Called as ``network(observed, measured)``; its attribute `factor` is that of `network_factor`.

    Raises
    ------
    InputError
        When the network does not take the dimension.
    """
    if dimension not in DIMENSIONS[config.name]:
        expected = " or ".join(map(str, DIMENSIONS[config.name]))
        raise InputError(f"network {config.name}: found dimension {dimension}, expected {expected}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = NETWORKS[config.name](config, dimension)
    # Channels last is the layout that convolutions are fastest in, on CPUs and GPUs.
    layout = torch.channels_last if dimension == 2 else torch.channels_last_3d
    return network.to(memory_format=layout)  # type: ignore[call-overload,no-any-return]


def network_factor(config: NetworkConfig) -> int:
    """Return how many voxels of a network's output stand for one of its input, along each axis."""
    return config.factor if isinstance(config, SMRnetConfig) else 1


def num_parameters(network: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
