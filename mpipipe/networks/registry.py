"""Networks by name."""

from collections.abc import Callable

import torch
from torch import nn

from mpipipe.config.train import DnCNNConfig
from mpipipe.errors import InputError
from mpipipe.networks.dncnn import DnCNN

NetworkConfig = DnCNNConfig
Builder = Callable[[NetworkConfig, int], nn.Module]

NETWORKS: dict[str, Builder] = {"DnCNN": DnCNN}


def build_network(config: NetworkConfig, dimension: int, seed: int) -> nn.Module:
    """Build a network with weights that follow from a seed; the global random state stays as it is.

    Parameters
    ----------
    config : NetworkConfig
        Architecture.
    dimension : int
        2 or 3 spatial axes.
    seed : int
        Seed of the initial weights.

    Raises
    ------
    InputError
        When the dimension is neither 2 nor 3.
    """
    if dimension not in (2, 3):
        raise InputError(f"network {config.name}: found dimension {dimension}, expected 2 or 3")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = NETWORKS[config.name](config, dimension)
    # Channels last is the layout that convolutions are fastest in, on CPUs and GPUs.
    layout = torch.channels_last if dimension == 2 else torch.channels_last_3d
    return network.to(memory_format=layout)  # type: ignore[call-overload,no-any-return]


def num_parameters(network: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
