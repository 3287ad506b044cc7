"""Training of a perceptron that localises a sample, and its application."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mpipipe.networks.position_classifier import PositionClassifier

Features = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PositionTraining:
    """How a perceptron is trained: Adam with cosine decay, cross-entropy.

    Attributes
    ----------
    hidden : int
        Hidden units.
    epochs, batch : int
        Passes over the inputs, and inputs a step.
    learning_rate : float
        At the start.
    """

    hidden: int = 64
    epochs: int = 8
    batch: int = 128
    learning_rate: float = 2e-2


class LearnedLocaliser:
    """A trained perceptron with the scale of its inputs."""

    def __init__(self, network: PositionClassifier, scale: Features) -> None:
        self._network, self._scale = network, scale

    def apply(self, features: Features) -> Features:
        """Return probabilities ``(..., position)`` of inputs ``(..., feature)``, float64."""
        with torch.no_grad():
            scores = self._network(_scaled(features, self._scale))
        return np.asarray(torch.softmax(scores.double(), dim=-1).numpy(), np.float64)


def train_position_classifier(
    features: Features, positions: npt.NDArray[np.int64], training: PositionTraining, seed: int
) -> LearnedLocaliser:
    """Train on inputs and the positions that they belong to.

    Each input is divided by its standard deviation (``feature_scale``); no mean is subtracted.

    Parameters
    ----------
    features : (item, feature) ndarray of float64
        Inputs.
    positions : (item,) ndarray of int64
        Numbers of positions, from 0 on.
    training : PositionTraining
        Sizes and optimiser.
    seed : int
        Seed of weights and order.
    """
    scale = features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    network = PositionClassifier(len(scale), training.hidden, int(positions.max()) + 1, seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=training.learning_rate)
    steps = training.epochs * -(-len(features) // training.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    inputs, targets = _scaled(features, scale), torch.as_tensor(positions)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(training.epochs):
        shuffled = torch.randperm(len(inputs), generator=generator)
        for start in range(0, len(inputs), training.batch):
            chosen = shuffled[start : start + training.batch]
            loss = nn.functional.cross_entropy(
                network(inputs.index_select(0, chosen)), targets.index_select(0, chosen)
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return LearnedLocaliser(network, scale)


def _scaled(features: Features, scale: Features) -> torch.Tensor:
    return torch.as_tensor(features / scale, dtype=torch.float32)
