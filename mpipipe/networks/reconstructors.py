"""Networks of the reconstruction study by name."""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt
import torch
from torch import nn

from mpipipe.config.reconstructors import ImageDenoiserConfig, ReconstructorConfig
from mpipipe.networks.admm_net import ADMMNet
from mpipipe.networks.dernet import DERnet
from mpipipe.networks.image_denoiser import ImageDenoiser

# Each takes its own configuration and the system matrix, and is called as `network(signal)`.
RECONSTRUCTORS: dict[str, Callable[..., nn.Module]] = {
    "DERnet": DERnet,
    "ADMM-Net": ADMMNet,
}


def build_reconstructor(config: ReconstructorConfig, matrix: npt.NDArray[Any], seed: int) -> nn.Module:
    """Build a network from signal to image, with weights that follow from a seed.

    What follows from the matrix is not part of the network's saved weights: they are loaded into a network
    that is built with the same matrix. The global random state stays as it is.

    Parameters
    ----------
    config : ReconstructorConfig
        Architecture.
    matrix : (component, x, y) ndarray of complex64
        System matrix.
    seed : int
        Seed of the initial weights.

    Returns
    -------
    nn.Module
        Called as ``network(signal)`` with signals ``(batch, 2, component)`` of float32 over their largest
        modulus; returns images ``(batch, x, y)`` of float32, not negative, over the same modulus.

    Raises
    ------
    InputError
        When the matrix has not three axes or holds no finite values other than zero.
    """
    return _seeded(lambda: RECONSTRUCTORS[config.name](config, matrix), seed)


def build_image_denoiser(config: ImageDenoiserConfig, seed: int) -> nn.Module:
    """Build PP-MPI's denoiser, with weights that follow from a seed; the global random state stays as it is.

    Parameters
    ----------
    config : ImageDenoiserConfig
        Architecture.
    seed : int
        Seed of the initial weights.

    Returns
    -------
    nn.Module
        From images ``(batch, 1, x, y)`` of float32 to images of the same shape, not negative.
    """
    return _seeded(lambda: ImageDenoiser(config), seed)


def _seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()
