"""Perceptrons without biases, from a spectrum to voxels (Chae 2017, eqs. 6 and 8)."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from mpipipe.config.perceptron import PerceptronConfig


class Perceptron(nn.Module):
    """Single layer ``c = σ(W u)``, or one hidden layer ``c = σ(W₂ σₛ(W₁ u))``; σₛ is the sigmoid, σ that or the identity.

    Without a bias an empty spectrum gives 1/2 in each voxel of a sigmoid output: the threshold between empty and filled
    voxels has to be learned from the harmonics, the first one above all.

    Attributes
    ----------
    layers : ParameterList
        Weights ``(output, input)`` of each layer, that of the inputs first; zero until they are drawn or loaded.
    """

    def __init__(self, config: PerceptronConfig, harmonics: int, voxels: int) -> None:
        """Build the network.

        Parameters
        ----------
        config : PerceptronConfig
            Hidden units, activation of the output.
        harmonics, voxels : int
            Inputs and outputs.
        """
        super().__init__()
        hidden = [config.hidden_units] if config.hidden_units else []
        sizes = [harmonics, *hidden, voxels]
        self.layers = nn.ParameterList(torch.zeros(b, a) for a, b in pairwise(sizes))
        self.sigmoid_output = config.activation == "sigmoid"

    def initialise(self, scale: float, generator: torch.Generator) -> None:
        """Draw normal weights of standard deviation ``scale / √inputs``."""
        with torch.no_grad():
            for weight in self.weights:
                weight.normal_(generator=generator).mul_(scale / weight.shape[1] ** 0.5)

    @property
    def weights(self) -> list[Tensor]:
        """Weights of each layer, ``(output, input)``."""
        return list(self.layers)

    def activations(self, inputs: Tensor) -> list[Tensor]:
        """Return what each layer gives, ``(batch, unit)``, the output last."""
        values: list[Tensor] = []
        for number, weight in enumerate(self.weights, start=1):
            inputs = inputs @ weight.T
            if number < len(self.layers) or self.sigmoid_output:
                inputs = inputs.sigmoid()
            values.append(inputs)
        return values

    def forward(self, inputs: Tensor) -> Tensor:
        """Return voxels ``(batch, voxel)`` of normalised spectra ``(batch, harmonic)``, float32."""
        return self.activations(inputs)[-1]
