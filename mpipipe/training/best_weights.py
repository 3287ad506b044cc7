"""Record of a training, and the weights that were best on the validation split."""

import logging
from collections.abc import Callable
from math import inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.training.pairs import Pairs

HISTORY_POINTS = 200
IMAGES_AT_ONCE = 1024
LOG = logging.getLogger(__name__)

HeldOut = dict[str, Pairs]
"""Pairs of the validation split by what distinguishes them, such as their SNR."""


class BestWeights(Callback):  # type: ignore[misc]
    """History of a training and its best weights, part of each checkpoint.

    Attributes
    ----------
    history : list of dict
        ``{"step", "loss"}``, the mean loss since the last such entry, and ``{"step", "psnr_db": {label: mean}}``.
    best : dict
        ``{"step", "psnr_db"}`` of the validation with the highest mean over its labels; empty without any.
    weights : dict of Tensor
        State of the network there.
    """

    def __init__(
        self, network: Callable[[], nn.Module], held_out: HeldOut, *, steps: int, validate_every: int
    ) -> None:
        """Prepare an empty history.

        Parameters
        ----------
        network : callable
            Returns the network that is judged: the trained one, or its average.
        held_out : dict of str to Pairs
            Validation pairs; when empty, nothing is judged.
        steps : int
            Steps of the training.
        validate_every : int
            Steps between validations; the last step has one in any case.
        """
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, Any] = {}
        self.weights: dict[str, Tensor] = {}
        self._network, self._held_out = network, held_out
        self._steps, self._validate_every = steps, validate_every
        self._loss_every = max(1, steps // HISTORY_POINTS)
        self._losses: list[Tensor] = []

    def on_train_batch_end(
        self, trainer: Trainer, _module: LightningModule, outputs: dict[str, Tensor], *_: object
    ) -> None:
        """Take down the loss of a step, and validate when it is time."""
        step = trainer.global_step
        self._losses.append(outputs["loss"].detach())
        if step % self._loss_every == 0 or step == self._steps:
            self._note_loss(step)
        if self._held_out and (step % self._validate_every == 0 or step == self._steps):
            self._validate(step)

    def state_dict(self) -> dict[str, Any]:
        """Return history and best weights for a checkpoint."""
        losses = [loss.cpu() for loss in self._losses]
        return {"history": list(self.history), "losses": losses, "best": self.best, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the record up where it was left."""
        self.history, self._losses = list(state_dict["history"]), list(state_dict["losses"])
        self.best, self.weights = dict(state_dict["best"]), dict(state_dict["weights"])

    def _note_loss(self, step: int) -> None:
        loss = float(torch.stack(self._losses).mean())
        if not isfinite(loss):
            raise InputError(
                f"train: found a loss of {loss} at step {step}, expected a smaller learning_rate"
            )
        self._losses.clear()
        self.history.append({"step": step, "loss": loss})
        LOG.debug("step %d of %d, loss %.6f", step, self._steps, loss)

    def _validate(self, step: int) -> None:
        network = self._network()
        scores = validate(network, self._held_out)
        self.history.append({"step": step, "psnr_db": scores})
        mean = float(np.mean(list(scores.values())))
        if mean > self.best.get("psnr_db", -inf):
            self.best = {"step": step, "psnr_db": mean}
            # A copy on the CPU: the training goes on changing the network.
            self.weights = {
                name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()
            }
        told = ", ".join(f"{label}: {score:.2f} dB" for label, score in scores.items())
        LOG.info("step %d of %d, validation %s", step, self._steps, told)


def validate(network: nn.Module, held_out: HeldOut) -> dict[str, float]:
    """Return the mean PSNR of a network on each set of pairs, in dB, with the maximum of the truth as peak."""
    scores = {}
    for label, pairs in held_out.items():
        truth = pairs.truth.numpy()
        scores[label] = float(
            psnr_db(apply_network(network, pairs.given), truth, peak=truth.max(axis=(1, 2))).mean()
        )
    return scores


def apply_network(network: nn.Module, given: Tensor) -> npt.NDArray[np.float32]:
    """Return a network's images of signals or images in evaluation mode and single precision; its mode is restored."""
    training, device = network.training, next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        parts = [network(part.to(device)).cpu() for part in torch.split(given, IMAGES_AT_ONCE)]
    network.train(training)
    return torch.cat(parts).numpy()
