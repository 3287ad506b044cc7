"""DERnet: from signal to image without iterations (Peng et al., Phys. Med. Biol. 69, 015002, 2024)."""

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mpipipe.config.reconstructors import DERnetConfig
from mpipipe.networks.cbam import CBAM
from mpipipe.networks.forward_model import check_signal, real_rows
from mpipipe.networks.unet import UNet, block, poolings


class DERnet(nn.Module):
    """Feature mapping from components to voxels, then a U-Net on the image.

    The system matrix sets the numbers of components and voxels and the unit of the image: the output is divided
    by the largest singular value, so that a matrix in another unit gives the same image in that unit.

    Initial weights are PyTorch's (section 2.2), except for the last bias, which is 0.1. A random one leaves
    about one seed in a hundred with an image of zeros for every signal, which the last ReLU never leaves.
    """

    def __init__(self, config: DERnetConfig, matrix: npt.NDArray[Any]) -> None:
        """Build the network.

        Parameters
        ----------
        config : DERnetConfig
            Widths C1 to C5, dropout and levels of the U-Net.
        matrix : (component, x, y) ndarray of complex64
            System matrix.

        Raises
        ------
        InputError
            When the matrix has not three axes or holds no finite values other than zero.
        """
        super().__init__()
        gain = torch.tensor(np.linalg.norm(real_rows(matrix), 2), dtype=torch.float32)
        self.register_buffer("gain", gain, persistent=False)
        self.gain: Tensor
        self.components, grid = len(matrix), (matrix.shape[1], matrix.shape[2])
        self.mapping = FeatureMapping(config, self.components, grid)
        width = config.fused_width
        self.unet = UNet(width, config.unet_width, poolings(grid, config.levels))
        last = nn.Conv2d(width, 1, 3, padding=1)
        self.output = nn.Sequential(
            CBAM(width, config.reduction), nn.Conv2d(width, width, 3, padding=1), last, nn.ReLU()
        )
        nn.init.constant_(last.get_parameter("bias"), 0.1)
        # Channels last is the layout that these convolutions are fastest in; ADMM-Net's are not.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, signal: Tensor) -> Tensor:
        """Return the image of a normalised signal (eq. 8).

        Parameters
        ----------
        signal : (batch, 2, component) Tensor of float32
            Real and imaginary part, divided by the signal's largest modulus (eq. 9).

        Returns
        -------
        (batch, x, y) Tensor of float32
            Image, not negative; times that modulus it is the image of the signal (eq. 10).

        Raises
        ------
        InputError
            When the signal has another shape.
        """
        check_signal(signal, self.components)
        features = self.mapping(signal)
        image: Tensor = self.output(features + self.unet(features))
        return image[:, 0].float() / self.gain


class FeatureMapping(nn.Module):
    """From the signal to features of the image, ``(batch, 2, component)`` to ``(batch, C4, x, y)`` (eqs. 2-7)."""

    def __init__(self, config: DERnetConfig, components: int, grid: tuple[int, int]) -> None:
        super().__init__()
        signal, image, branch = config.signal_width, config.image_width, config.branch_width
        self.signal_layers = nn.Sequential(
            nn.Dropout(config.dropout_signal),
            nn.Conv1d(2, signal, 3, padding=1),
            nn.Conv1d(signal, signal, 3, padding=1),
            nn.Dropout(config.dropout_features),
        )
        self.domain_transformation = nn.Linear(signal * components, image * prod(grid), bias=False)
        self.to_grid = nn.Unflatten(1, (image, *grid))
        self.branches = nn.ModuleList(block(image, branch, (kernel,)) for kernel in (1, 3, 5))
        self.gather = nn.Conv2d(image + 3 * branch, config.feature_width, 3, padding=1)
        self.attention = CBAM(config.feature_width, config.reduction)
        # The paper's "cascaded convolutional module" is taken as two convolutions.
        self.fusion = block(config.feature_width, config.fused_width)

    def forward(self, signal: Tensor) -> Tensor:
        """Return features of the image."""
        image = self.to_grid(self.domain_transformation(self.signal_layers(signal).flatten(1)))
        gathered = self.gather(torch.cat([image, *(branch(image) for branch in self.branches)], 1))
        features: Tensor = self.fusion(self.attention(gathered))
        return features
