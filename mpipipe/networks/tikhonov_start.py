"""Start of DERnet's training from regularised inverses of the system matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mpipipe.errors import InputError
from mpipipe.networks.dernet import DERnet
from mpipipe.networks.forward_model import real_rows


def start_from_tikhonov(
    network: DERnet,
    matrix: npt.NDArray[Any],
    component_scale: npt.NDArray[Any],
    regularizations: Sequence[float],
) -> None:
    r"""Set the linear part of a DERnet so that its images before the first block are Tikhonov solutions.

    The domain transformation emulates the pseudo-inverse (Peng 2024, equation 3). Here image k of it starts as

    .. math:: (A^T A + \lambda_k \|A\|_F^2 / N)^{-1} A^T b

    for N voxels and real and imaginary rows A: the convolutions of the signal begin by passing their first two features
    on, and the weights of the others begin at zero. All of it goes on learning. Not published; a named variant.

    Parameters
    ----------
    network : DERnet
        Changed in place.
    matrix : (component, x, y) ndarray of complex64
        System matrix.
    component_scale : (component,) ndarray of float
        What the normalised signal's components are multiplied by before the network.
    regularizations : sequence of float
        λ_k, one an image of the domain transformation.

    Raises
    ------
    InputError
        When there is not one λ an image.
    """
    linear = network.mapping.domain_transformation
    rows = real_rows(matrix)
    voxels = rows.shape[1]
    images = linear.out_features // voxels
    if len(regularizations) != images:
        raise InputError(
            f"start_regularizations: found {len(regularizations)} values, expected {images}, one an image (C2)"
        )
    convolutions = [layer for layer in network.mapping.signal_layers if isinstance(layer, nn.Conv1d)]
    scale = np.tile(np.asarray(component_scale, np.float64), 2)
    unit = np.linalg.norm(rows) ** 2 / voxels
    normal = rows.T @ rows
    with torch.no_grad():
        for convolution in convolutions:
            assert convolution.bias is not None
            for feature in range(2):
                convolution.weight[feature] = 0
                convolution.weight[feature, feature, 1] = 1
                convolution.bias[feature] = 0
        linear.weight.zero_()
        for image, value in enumerate(regularizations):
            inverse = np.linalg.solve(normal + value * unit * np.eye(voxels), rows.T) * float(network.gain)
            place = slice(image * voxels, (image + 1) * voxels)
            linear.weight[place, : len(rows)] = torch.from_numpy((inverse / scale).astype(np.float32))


def hold_linear_part(network: DERnet) -> None:
    """Keep the linear part of a DERnet as it is: no gradient, hence no state of the optimiser, and no decay.

    It has nine tenths of the weights and more; without their updates, and with them joined, a step takes less than half
    the time on a processor.

    Parameters
    ----------
    network : DERnet
        Changed in place.
    """
    network.mapping.signal_layers.requires_grad_(False)
    network.mapping.domain_transformation.requires_grad_(False)
    network.mapping.join_linear_part()
