"""Exponential moving average of the weights."""

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor, nn


def effective_decay(decay: float, updates: Tensor | int) -> Tensor:
    """Return the decay after a number of updates: ``min(decay, (1 + n) / (10 + n))``.

    The average forgets the first, untrained weights sooner than the full decay would.
    """
    n = torch.as_tensor(updates, dtype=torch.float64)
    return torch.clamp((1 + n) / (10 + n), max=decay)


class ExponentialAverage(WeightAveraging):  # type: ignore[misc]
    """Average ``w̄ ← d w̄ + (1 − d) w`` after each step, with d from `effective_decay`.

    It replaces the weights at the end of training, and is part of each checkpoint.
    """

    def __init__(self, decay: float) -> None:
        def average(mean: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
            if not mean.is_floating_point():
                return current
            keep = effective_decay(decay, updates).to(mean.device, mean.dtype)
            return keep * mean + (1 - keep) * current

        super().__init__(avg_fn=average)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Follow the network to its device, which is known only now."""
        self._average_model.to(pl_module.device)

    @property
    def network(self) -> nn.Module:
        """The averaged network, from the start of training on."""
        averaged = self._average_model.module.network
        assert isinstance(averaged, nn.Module)
        return averaged
