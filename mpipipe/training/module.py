"""What one step of training does: loss, optimiser, learning rate."""

from math import cos, pi
from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from mpipipe.config.train import TrainConfig
from mpipipe.networks.registry import build_network
from mpipipe.training.batch import Batch
from mpipipe.training.divided_batch import DividedBatchModule


def weighted_l1(
    estimate: Tensor, batch: Batch, weighting: str = "none", missing_weight: float = 1.0
) -> Tensor:
    """Return the mean absolute error of real and imaginary part over valid voxels, averaged over the batch.

    Parameters
    ----------
    estimate : (batch, 2, x, y[, z]) Tensor
        Restored images.
    batch : Batch
        Ground truth, masks and noise level.
    weighting : {"none", "inverse_sigma"}
        Each sample counts alike, or its error is taken relative to its noise level.
    missing_weight : float
        Weight of valid voxels that were not measured; measured ones have the weight 1.

    Returns
    -------
    () Tensor
    """
    axes = tuple(range(1, estimate.ndim))
    weight = batch.valid
    if missing_weight != 1:
        weight = weight * (missing_weight + (1 - missing_weight) * batch.measured)
    error = ((estimate - batch.truth).abs() * weight).sum(axes)
    mean = error / (weight.sum(axes) * estimate.shape[1]).clamp(min=1)
    return (mean / batch.sigma if weighting == "inverse_sigma" else mean).mean()


def learning_rate_factor(step: int, config: TrainConfig) -> float:
    """Return the learning rate at a step over its peak."""
    progress = step / config.steps
    rise = min(1.0, (progress * config.steps + 1) / (config.warmup * config.steps)) if config.warmup else 1.0
    if config.schedule == "cosine":
        return rise * 0.5 * (1 + cos(pi * min(progress, 1.0)))
    return rise * config.gamma ** sum(progress >= milestone for milestone in config.milestones)


class RestorationModule(DividedBatchModule[Batch]):
    """A network with its loss and optimiser."""

    def __init__(self, config: TrainConfig, dimension: int, seed: int, recipe: str) -> None:
        """Build the network from its seed.

        Parameters
        ----------
        config : TrainConfig
            Network and optimisation.
        dimension : int
            2 or 3 spatial axes.
        seed : int
            Seed of the initial weights.
        recipe : str
            What the training depends on; checkpoints carry it.
        """
        super().__init__(config.batch, config.clip_norm)
        self.config, self.recipe = config, recipe
        self.network = build_network(config.network, dimension, seed)
        # The compiled call shares the weights; checkpoints and averages hold the plain network.
        self._forward = torch.compile(self.network) if config.compile else self.network

    def batch_loss(self, batch: Batch) -> Tensor:
        """Return the loss of a batch or of a part of one."""
        estimate = self._forward(batch.observed, batch.measured) + batch.base
        return weighted_l1(estimate, batch, self.config.loss_weighting, self.config.missing_weight)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch, and show it in the progress bar."""
        loss = super().training_step(batch, index)
        self.log("loss", loss.detach(), prog_bar=True)
        return loss

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return Adam with the learning rate of the schedule, step by step."""
        optimiser: Optimizer = Adam(self.network.parameters(), lr=self.config.learning_rate)
        schedule = LambdaLR(optimiser, lambda step: learning_rate_factor(step, self.config))
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Mark a checkpoint with what it belongs to."""
        checkpoint["recipe"] = self.recipe
