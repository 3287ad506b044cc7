"""Record of a training: losses and validation scores by step."""

import logging
from math import isfinite
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from mpipipe.config.train import TrainConfig
from mpipipe.errors import InputError
from mpipipe.training.averaging import ExponentialAverage
from mpipipe.training.batch import Batch

HISTORY_POINTS = 200
LOG = logging.getLogger(__name__)


class Journal(Callback):  # type: ignore[misc]
    """History of a training, part of each checkpoint.

    Attributes
    ----------
    history : list of dict
        ``{"step", "loss"}``, the mean loss since the last such entry, and ``{"step", "psnr_db": {σ: mean}}``,
        the averaged network on the held-out batches.
    """

    def __init__(
        self, config: TrainConfig, average: ExponentialAverage, held_out: list[tuple[str, Batch]]
    ) -> None:
        """Prepare an empty history.

        Parameters
        ----------
        config : TrainConfig
            Number of steps, and steps between validations.
        average : ExponentialAverage
            Holder of the averaged network; stands before this callback.
        held_out : list of (str, Batch)
            Validation batches with their σ.
        """
        self.history: list[dict[str, Any]] = []
        self._average, self._held_out = average, held_out
        self._losses: list[Tensor] = []
        self._steps = config.steps
        self._loss_every = max(1, config.steps // HISTORY_POINTS)
        self._tell_every = self._loss_every * 10
        self._validate_every = config.validate_every or config.steps

    def on_train_batch_end(
        self, trainer: Trainer, _module: LightningModule, outputs: dict[str, Tensor], *_: object
    ) -> None:
        """Take down the loss of a step, and validate when it is time."""
        step = trainer.global_step
        self._losses.append(outputs["loss"].detach())
        if step % self._loss_every == 0 or step == self._steps:
            loss = float(torch.stack(self._losses).mean())
            if not isfinite(loss):
                raise InputError(
                    f"train: found a loss of {loss} at step {step}, expected a smaller learning_rate"
                )
            self.history.append({"step": step, "loss": loss})
            if step % self._tell_every == 0:
                LOG.info("step %d of %d, loss %.5f", step, self._steps, loss)
            self._losses.clear()
        if self._held_out and (step % self._validate_every == 0 or step == self._steps):
            with trainer.precision_plugin.forward_context():
                scores = validate(self._average.network, self._held_out)
            self.history.append({"step": step, "psnr_db": scores})
            told = ", ".join(f"σ = {sigma}: {score:.2f} dB" for sigma, score in scores.items())
            LOG.info("step %d of %d, validation %s", step, self._steps, told)

    def state_dict(self) -> dict[str, Any]:
        """Return the history for a checkpoint."""
        return {"history": list(self.history), "losses": [loss.cpu() for loss in self._losses]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the history up where it was left."""
        self.history, self._losses = list(state_dict["history"]), list(state_dict["losses"])


def validate(network: nn.Module, held_out: list[tuple[str, Batch]]) -> dict[str, float]:
    """Return the mean PSNR of a network at each noise level.

    Parameters
    ----------
    network : torch.nn.Module
        Network; its mode is restored.
    held_out : list of (str, Batch)
        Validation batches with their σ at max|s| = 1.

    Returns
    -------
    dict of str to float
        Decibels by σ: peak 1, mean of |error|² over complex voxels, averaged over components.
    """
    training, device = network.training, next(network.parameters()).device
    scores: dict[str, list[float]] = {}
    network.eval()
    with torch.no_grad():
        for sigma, batch in held_out:
            moved = Batch(*(field.to(device) for field in batch))
            scores.setdefault(sigma, []).extend(_psnr_db(network, moved).tolist())
    network.train(training)
    return {sigma: float(np.mean(values)) for sigma, values in scores.items()}


def _psnr_db(network: nn.Module, batch: Batch) -> Tensor:
    estimate = network(batch.observed, batch.measured) + batch.base
    axes = tuple(range(1, estimate.ndim))
    squares = ((estimate - batch.truth).square() * batch.valid).sum(axes)
    # The images are over the maximum of what was measured; PSNR is at max|s| = 1.
    return -10 * torch.log10(batch.peak.square() * squares / batch.valid.sum(axes))
