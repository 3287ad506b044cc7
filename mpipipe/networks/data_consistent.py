"""Residual generators in stages that are held to the data by the known blur: a named variant of Ergun 2022."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mpipipe.config.deblurrer import DataConsistentConfig
from mpipipe.networks.resnet_generator import ResNetGenerator


class KnownBlur(NamedTuple):
    """What blurs a concentration into collinear images, see `mpipipe.reconstruction.blur.Blur`.

    Attributes
    ----------
    transfer : (kernel, 2x, y + 1) Tensor of float32
        Transfer functions of the kernels; the first two are those of motion along 45° and 135°.
    weight : (partition, kernel, x or 1, y or 1) Tensor of float32
        Share of each kernel in the images of each partition.
    """

    transfer: Tensor
    weight: Tensor


class DataConsistentGenerator(nn.Module):
    """Stages of the residual generator T, each given the images that the last estimate leaves unexplained.

    ::

        c_1 = T_1(X, W X)
        c_k = c_(k-1) + T_k(max(0, c_(k-1)), r_k, W r_k),    r_k = X - H max(0, c_(k-1))

    H is the blur of both partitions with the local direction of motion. W are Wiener filters of several strengths λ,
    ``Σ_p conj(h_p) X_p / (Σ_p |h_p|² + λ max Σ_p |h_p|²)`` with the ideal directions, on images padded with zeros to twice
    their size. A network alone has to learn the inverse of the blur from scenes, and reproduces what is common in them;
    here the inverse is known, and what the data contradict is seen again.
    """

    def __init__(self, config: DataConsistentConfig, blur: KnownBlur) -> None:
        """Build the stages.

        Parameters
        ----------
        config : DataConsistentConfig
            Generator, stages and filters.
        blur : KnownBlur
            From concentrations in the unit of the output to images in that of the input; it is part of the state.
        """
        super().__init__()
        filters = len(config.regularizations)
        inputs = [2 + filters, *[3 + filters] * (config.stages - 1)]
        self.stages = nn.ModuleList(ResNetGenerator(config.generator, count) for count in inputs)
        self.regularizations = config.regularizations
        self.register_buffer("transfer", blur.transfer)
        self.register_buffer("weight", blur.weight)
        self.transfer: Tensor
        self.weight: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Return the estimate ``(batch, 1, x, y)`` of normalised images ``(batch, 2, x, y)``, of either sign."""
        first, *later = self.stages
        estimate: Tensor = first(torch.cat([images, self.filtered(images)], 1))
        for stage in later:
            seen = estimate.relu()
            left = images - self.blurred(seen)
            estimate = estimate + stage(torch.cat([seen, left, self.filtered(left)], 1))
        return estimate

    def blurred(self, concentrations: Tensor) -> Tensor:
        """Return the collinear images ``(batch, 2, x, y)`` of concentrations ``(batch, 1, x, y)``."""
        x, y = concentrations.shape[-2:]
        with torch.autocast(concentrations.device.type, enabled=False):
            spectrum = torch.fft.rfft2(concentrations.float(), (2 * x, 2 * y))
            fields = torch.fft.irfft2(spectrum * self.transfer, (2 * x, 2 * y))[..., :x, :y]
            weight = self.weight.expand(*self.weight.shape[:2], x, y)
            return torch.einsum("pkxy,bkxy->bpxy", weight, fields)

    def filtered(self, images: Tensor) -> Tensor:
        """Return Wiener-filtered images ``(batch, filter, x, y)`` of images ``(batch, 2, x, y)``."""
        x, y = images.shape[-2:]
        ideal = self.transfer[:2]
        power = ideal.square().sum(0)
        with torch.autocast(images.device.type, enabled=False):
            back = (torch.fft.rfft2(images.float(), (2 * x, 2 * y)) * ideal).sum(1)
            estimates = [back / (power + value * power.max()) for value in self.regularizations]
            found: Tensor = torch.fft.irfft2(torch.stack(estimates, 1), (2 * x, 2 * y))[..., :x, :y]
            return found
