"""ADMM-Net: ADMM with a learned prior, unrolled (Yang et al., IEEE TPAMI 42(3), 521-538, 2020)."""

from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mpipipe.config.reconstructors import ADMMNetConfig
from mpipipe.networks.forward_model import check_signal, real_rows
from mpipipe.networks.initialisation import initialise_convolutions
from mpipipe.networks.piecewise_linear import PiecewiseLinear


class ADMMNet(nn.Module):
    """Stages of the Generic-ADMM-CSNet for the system matrix in place of the sampled Fourier transform.

    With image x, its prior image z and the multiplier β, both zero at first, each stage is::

        x = (AᵀA + ρ)⁻¹ (Aᵀb + ρ (z − β))
        z = μ − conv2(PWL(conv1(μ))),   μ = x + β
        β = β + γ (x − z)

    and a last x-step gives the image. A is the matrix of real images (real parts above imaginary parts) over
    its largest singular value; the image is brought back to the matrix's own unit. ρ > 0 is learned for each
    x-step and γ for each stage. The ReLU at the end is not the published network's: concentrations are not
    negative.
    """

    def __init__(self, config: ADMMNetConfig, matrix: npt.NDArray[Any]) -> None:
        """Build the network.

        Parameters
        ----------
        config : ADMMNetConfig
            Stages, size of the prior, and where ρ and γ start.
        matrix : (component, x, y) ndarray of complex64
            System matrix.

        Raises
        ------
        InputError
            When the matrix has not three axes or holds no finite values other than zero.
        """
        super().__init__()
        self.step = TikhonovStep(real_rows(matrix))
        self.components, self.grid = len(matrix), (matrix.shape[1], matrix.shape[2])
        # The logarithm keeps ρ above zero.
        self.log_rho = nn.Parameter(torch.full((config.stages + 1,), config.rho).log())
        self.gamma = nn.Parameter(torch.full((config.stages,), config.gamma))
        self.priors = nn.ModuleList(
            LearnedPrior(config) for _ in range(1 if config.shared_weights else config.stages)
        )

    def forward(self, signal: Tensor) -> Tensor:
        """Return the image of a normalised signal.

        Parameters
        ----------
        signal : (batch, 2, component) Tensor of float32
            Real and imaginary part, divided by the signal's largest modulus.

        Returns
        -------
        (batch, x, y) Tensor of float32
            Image, not negative; times that modulus it is the image of the signal.

        Raises
        ------
        InputError
            When the signal has another shape.
        """
        check_signal(signal, self.components)
        rho = self.log_rho.exp()
        projected = self.step.project(signal.flatten(1))
        prior = multiplier = torch.zeros_like(projected)
        for i, (gamma, denoise) in enumerate(zip(self.gamma, cycle(self.priors), strict=False)):
            image: Tensor = self.step(projected, prior - multiplier, rho[i])
            prior = denoise((image + multiplier).reshape(-1, 1, *self.grid)).flatten(1)
            multiplier = multiplier + gamma * (image - prior)
        image = self.step(projected, prior - multiplier, rho[-1])
        return image.reshape(-1, *self.grid).relu() / self.step.gain


class TikhonovStep(nn.Module):
    """The x-step ``(AᵀA + ρ)⁻¹ (Aᵀb + ρ v)`` in the eigenvectors of AᵀA: two products, and no inversion.

    With ``AᵀA = V Λ Vᵀ`` it is ``V (Λ + ρ)⁻¹ (VᵀAᵀb + ρ Vᵀv)``. The decomposition is made once in float64;
    its buffers follow from the matrix and are not saved with the weights. The products stay in float32 under
    mixed precision, since small eigenvalues magnify rounding.
    """

    def __init__(self, rows: npt.NDArray[np.float64]) -> None:
        """Decompose a matrix.

        Parameters
        ----------
        rows : (row, voxel) ndarray of float64
            System matrix of real images.
        """
        super().__init__()
        eigenvalues, vectors = np.linalg.eigh(rows.T @ rows)
        gain = np.sqrt(eigenvalues[-1])
        buffers = {
            "gain": gain,
            "eigenvalues": eigenvalues.clip(min=0) / gain**2,
            "eigenvectors": vectors,
            "projection": (rows @ vectors) / gain,
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)
        self.gain: Tensor
        self.eigenvalues: Tensor
        self.eigenvectors: Tensor
        self.projection: Tensor

    def project(self, signal: Tensor) -> Tensor:
        """Return ``VᵀAᵀb``, ``(batch, voxel)``, of signals ``(batch, row)``."""
        with torch.autocast(signal.device.type, enabled=False):
            return signal.float() @ self.projection

    def forward(self, projected: Tensor, target: Tensor, rho: Tensor) -> Tensor:
        """Return the images.

        Parameters
        ----------
        projected : (batch, voxel) Tensor of float32
            ``VᵀAᵀb``, as `project` gives it.
        target : (batch, voxel) Tensor of float32
            What the image is drawn to, v.
        rho : () Tensor of float32
            Weight of the target, ρ > 0.

        Returns
        -------
        (batch, voxel) Tensor of float32
        """
        with torch.autocast(target.device.type, enabled=False):
            coefficients = (projected + rho * (target @ self.eigenvectors)) / (self.eigenvalues + rho)
            return coefficients @ self.eigenvectors.T


class LearnedPrior(nn.Module):
    """One gradient step on a learned regulariser, ``μ − conv2(PWL(conv1(μ)))``."""

    def __init__(self, config: ADMMNetConfig) -> None:
        super().__init__()
        kernel, padding = config.kernel, config.kernel // 2
        self.analysis = nn.Conv2d(1, config.filters, kernel, padding=padding)
        self.activation = PiecewiseLinear(config.filters, config.breakpoints, config.bound)
        self.synthesis = nn.Conv2d(config.filters, 1, kernel, padding=padding)
        initialise_convolutions(self.analysis, slope=1.0)
        # A small last layer starts near z = μ, that is ADMM without a prior.
        initialise_convolutions(self.synthesis, scale=0.1, slope=1.0)

    def forward(self, image: Tensor) -> Tensor:
        """Return the prior image ``(batch, 1, x, y)`` in float32."""
        residual: Tensor = self.synthesis(self.activation(self.analysis(image)))
        return image - residual.float()
