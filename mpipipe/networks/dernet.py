"""DERnet: from signal to image without iterations (Peng et al., Phys. Med. Biol. 69, 015002, 2024)."""

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

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
        levels = poolings(grid, config.levels)
        self.unet = UNet(width, config.unet_width, levels, config.unet_least_width)
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
        # The linear part as one map, once it is joined; not part of the state.
        self.register_buffer("joined_weight", None, persistent=False)
        self.register_buffer("joined_bias", None, persistent=False)
        self.joined_weight: Tensor | None
        self.joined_bias: Tensor | None
        self.register_load_state_dict_post_hook(_join_anew)  # type: ignore[no-untyped-call]

    def join_linear_part(self) -> None:
        """Work out the convolutions of the signal and the domain transformation as the one linear map that they are.

        Nothing between them is nonlinear, and dropout is of the training. The map has ``2 M C2 N`` weights, C1 / 2 times
        fewer than the domain transformation, whose reading is a third of a single signal's time. What is learned and
        saved stays as it is. The map takes its place where nothing of it is learned: in evaluation, or held.
        """
        convolutions = [layer for layer in self.signal_layers if isinstance(layer, nn.Conv1d)]
        with torch.no_grad():
            weight = self.domain_transformation.weight
            rows = weight.view(len(weight), convolutions[-1].out_channels, -1)
            constant = rows.new_zeros(1, convolutions[0].in_channels, rows.shape[2])
            for layer in convolutions:
                constant = layer(constant)
            self.joined_bias = self.domain_transformation(constant.flatten(1))[0]
            # A transposed convolution is the adjoint: it takes rows from the features back to the signal.
            for layer in reversed(convolutions):
                rows = functional.conv_transpose1d(rows, layer.weight, padding=1)
            self.joined_weight = rows.flatten(1)

    def _transform(self, signal: Tensor) -> Tensor:
        """Return the image features ``(batch, C2 N)`` of signals by the domain transformation (eqs. 2-5)."""
        learned = self.training and self.domain_transformation.weight.requires_grad
        if self.joined_weight is None or learned:
            image: Tensor = self.domain_transformation(self.signal_layers(signal).flatten(1))
            return image
        # Inverses amplify what rounds their signals; in bfloat16 that would be as noise of 50 dB.
        with torch.autocast(signal.device.type, enabled=False):
            return functional.linear(signal.flatten(1), self.joined_weight, self.joined_bias)

    def forward(self, signal: Tensor) -> Tensor:
        """Return features of the image."""
        image = self.to_grid(self._transform(signal))
        gathered = self.gather(torch.cat([image, *(branch(image) for branch in self.branches)], 1))
        features: Tensor = self.fusion(self.attention(gathered))
        return features


def _join_anew(mapping: nn.Module, _keys: object) -> None:
    """Let the joined map follow weights that were loaded."""
    assert isinstance(mapping, FeatureMapping)
    if mapping.joined_weight is not None:
        mapping.join_linear_part()
