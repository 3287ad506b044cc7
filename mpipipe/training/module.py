"""What one step of training does: loss, optimiser, learning rate."""

from math import cos, pi
from typing import Any

from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from mpipipe.config.train import TrainConfig
from mpipipe.networks.registry import build_network
from mpipipe.training.degradation import Batch


def weighted_l1(estimate: Tensor, batch: Batch, weighting: str) -> Tensor:
    """Return the mean absolute error of real and imaginary part over valid voxels, averaged over the batch.

    Parameters
    ----------
    estimate : (batch, 2, x, y[, z]) Tensor
        Restored images.
    batch : Batch
        Ground truth, mask and noise level.
    weighting : {"none", "inverse_sigma"}
        Each sample counts alike, or its error is taken relative to its noise level.

    Returns
    -------
    () Tensor
    """
    axes = tuple(range(1, estimate.ndim))
    error = ((estimate - batch.truth).abs() * batch.valid).sum(axes)
    mean = error / (batch.valid.sum(axes) * estimate.shape[1])
    return (mean / batch.sigma if weighting == "inverse_sigma" else mean).mean()


def learning_rate_factor(step: int, config: TrainConfig) -> float:
    """Return the learning rate at a step over its peak."""
    progress = step / config.steps
    rise = min(1.0, (progress * config.steps + 1) / (config.warmup * config.steps)) if config.warmup else 1.0
    if config.schedule == "cosine":
        return rise * 0.5 * (1 + cos(pi * min(progress, 1.0)))
    return rise * config.gamma ** sum(progress >= milestone for milestone in config.milestones)


class RestorationModule(LightningModule):  # type: ignore[misc]
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
        super().__init__()
        self.config, self.recipe = config, recipe
        self.network = build_network(config.network, dimension, seed)

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """Return the loss of a batch."""
        estimate = self.network(batch.noisy, batch.valid)
        loss = weighted_l1(estimate, batch, self.config.loss_weighting)
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
