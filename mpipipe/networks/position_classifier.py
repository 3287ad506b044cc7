"""A perceptron with one hidden layer that tells at which of some positions a sample is (after Chae 2017, section 3)."""

import torch
from torch import Tensor, nn


class PositionClassifier(nn.Module):
    r"""Scores of positions from a spectrum.

    .. math:: z = W_2 \, \sigma(W_1 u)

    with the logistic function σ and no biases, as in Chae 2017. As there is one sample, the estimate is the softmax of the
    scores over positions in place of a logistic function of each.
    """

    def __init__(self, features: int, hidden: int, positions: int, seed: int) -> None:
        """Draw the weights from a seed; the global random state stays as it is.

        Parameters
        ----------
        features : int
            Inputs: real and imaginary parts of harmonics.
        hidden : int
            Hidden units.
        positions : int
            Positions.
        seed : int
            Seed of the weights.
        """
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden = nn.Linear(features, hidden, bias=False)
            self.output = nn.Linear(hidden, positions, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return scores ``(batch, position)`` of inputs ``(batch, feature)``, float32."""
        scores: Tensor = self.output(torch.sigmoid(self.hidden(features)))
        return scores
