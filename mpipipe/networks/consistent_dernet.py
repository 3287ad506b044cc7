"""DERnet in stages that are held to the data by the system matrix: a named variant of Peng 2024."""

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from mpipipe.config.reconstructors import ConsistentDERnetConfig
from mpipipe.networks.admm_net import TikhonovStep
from mpipipe.networks.dernet import DERnet
from mpipipe.networks.forward_model import check_signal, real_rows
from mpipipe.networks.unet import UNet, block, poolings

SMALL = 0.1
"""Initial weights of a stage's last convolution over their usual size: stages begin near the image that they are given."""


class ConsistentDERnet(nn.Module):
    """A DERnet, and U-Nets that see what its image leaves unexplained.

    With ``c_0`` the image of the DERnet, each stage is::

        x_ρ = (AᵀA + ρ)⁻¹ (Aᵀb + ρ max(0, c)) for several ρ
        c   = c + U(max(0, c), x_ρ − max(0, c), …)

    and the image is ``max(0, c)``. A is the matrix of real images over its largest singular value. A DERnet alone has to
    get everything from the signal in one pass; here what the data contradict is seen again, as in ADMM-Net, but by a
    network that works on the image at several resolutions.
    """

    def __init__(self, config: ConsistentDERnetConfig, matrix: npt.NDArray[Any]) -> None:
        """Build the network.

        Parameters
        ----------
        config : ConsistentDERnetConfig
            DERnet, stages and penalties ρ.
        matrix : (component, x, y) ndarray of complex64
            System matrix.

        Raises
        ------
        InputError
            When the matrix has not three axes or holds no finite values other than zero.
        """
        super().__init__()
        self.dernet = DERnet(config.dernet, matrix)
        self.step = TikhonovStep(real_rows(matrix))
        self.components, self.penalties = len(matrix), config.penalties
        grid = (matrix.shape[1], matrix.shape[2])
        self.stages = nn.ModuleList(Stage(config, grid) for _ in range(config.stages))
        # What signals are multiplied by before this network; its products need them as they were.
        self.register_buffer("component_scale", torch.ones(self.components))
        self.component_scale: Tensor

    def forward(self, signal: Tensor) -> Tensor:
        """Return the images ``(batch, x, y)`` of normalised signals ``(batch, 2, component)``, as `DERnet` does."""
        check_signal(signal, self.components)
        projected = self.step.project((signal / self.component_scale).flatten(1))
        image: Tensor = self.dernet(signal)[:, None] * self.step.gain
        for stage in self.stages:
            seen = image.relu()
            drawn = [self.step(projected, seen.flatten(1), rho).view_as(seen) - seen for rho in self._rho()]
            image = image + stage(torch.cat([seen, *drawn], 1))
        return image[:, 0].relu() / self.step.gain

    def _rho(self) -> Tensor:
        return torch.tensor(self.penalties, device=self.step.gain.device)


class Stage(nn.Module):
    """A correction of the image, by a U-Net from the image and what the data say of it."""

    def __init__(self, config: ConsistentDERnetConfig, grid: tuple[int, int]) -> None:
        super().__init__()
        width = config.stage_width
        self.first = block(1 + len(config.penalties), width)
        self.unet = UNet(width, config.bottom_width, poolings(grid, config.levels))
        self.last = nn.Conv2d(width, 1, 3, padding=1)
        with torch.no_grad():
            self.last.weight.mul_(SMALL)
        nn.init.zeros_(self.last.get_parameter("bias"))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        """Return the correction ``(batch, 1, x, y)`` in float32."""
        features = self.first(images)
        correction: Tensor = self.last(features + self.unet(features))
        return correction.float()
