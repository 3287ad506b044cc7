"""What one step of training on pairs does: loss, optimiser, learning rate."""

from collections.abc import Callable
from math import cos, pi
from typing import Any

import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from mpipipe.config.optimisation import Optimisation
from mpipipe.training.divided_batch import DividedBatchModule
from mpipipe.training.pairs import Pairs

Loss = Callable[[Tensor, Tensor], Tensor]
DROPOUT_STREAM = 2


def learning_rate_factor(step: int, config: Optimisation) -> float:
    """Return the learning rate at a step over its peak."""
    progress = min(step / config.steps, 1.0)
    rise = min(1.0, (step + 1) / (config.warmup * config.steps)) if config.warmup else 1.0
    if config.schedule == "cosine":
        return rise * 0.5 * (1 + cos(pi * progress))
    if config.schedule == "step":
        return rise * config.gamma ** int(progress / config.step_fraction)
    return rise


class SupervisedModule(DividedBatchModule[Pairs]):
    """A network from what is given to the truth, with its loss and optimiser."""

    def __init__(self, network: nn.Module, loss: Loss, config: Optimisation, seed: int, recipe: str) -> None:
        """Take a network.

        Parameters
        ----------
        network : torch.nn.Module
            Called as ``network(given)``.
        loss : callable
            Of estimate and truth.
        config : Optimisation
            Optimisation.
        seed : int
            Seed of the dropout.
        recipe : str
            What the training depends on; checkpoints carry it.
        """
        super().__init__(config.batch, config.clip_norm)
        self.network, self.config, self.seed, self.recipe = network, config, seed, recipe
        self._loss = loss

    def batch_loss(self, batch: Pairs) -> Tensor:
        """Return the loss of a batch or of a part of one."""
        return self._loss(self.network(batch.given), batch.truth)

    def training_step(self, batch: Pairs, index: int) -> Tensor:
        """Return the loss of a batch; what is random in the network follows from seed and step."""
        seed = np.random.default_rng([self.seed, DROPOUT_STREAM, self.global_step]).integers(2**63)
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(int(seed))
            return super().training_step(batch, index)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return Adam with the learning rate of the schedule, step by step."""
        optimiser: Optimizer = Adam(self.network.parameters(), lr=self.config.learning_rate, fused=True)
        schedule = LambdaLR(optimiser, lambda step: learning_rate_factor(step, self.config))
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Mark a checkpoint with what it belongs to."""
        checkpoint["recipe"] = self.recipe
