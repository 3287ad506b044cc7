"""The weights that predict held-out periods best, without any clean signal."""

import logging
from math import inf, isfinite

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mpipipe.errors import InputError
from mpipipe.training.best_weights import BestWeights, apply_network
from mpipipe.training.pairs import Pairs

LABEL = "periods"
SIGNALS_AT_ONCE = 64
"""Signals in one pass without gradient: features of more take much memory."""
LOG = logging.getLogger(__name__)


class HeldOutPeriods(BestWeights):
    """History of a training and its best weights, judged by `held_out_loss` on the validation periods.

    History entries are ``{"step", "loss"}`` and ``{"step", "held_out_loss"}``; `best` is one of the latter.
    """

    def _validate(self, step: int) -> None:
        network = self._network()
        loss = held_out_loss(network, self._held_out[LABEL])
        if not isfinite(loss):
            raise InputError(
                f"train: found a held-out loss of {loss} at step {step}, expected a smaller learning_rate"
            )
        self.history.append({"step": step, "held_out_loss": loss})
        if loss < self.best.get("held_out_loss", inf):
            self.best = {"step": step, "held_out_loss": loss}
            # A copy on the CPU: the training goes on changing the network.
            self.weights = {
                name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()
            }
        LOG.info("step %d of %d, held-out loss %.5f", step, self._steps, loss)


def held_out_loss(network: nn.Module, pairs: Pairs) -> float:
    """Return the mean over scenes of ``‖f(u1) − u2‖² / ‖u1‖²``, lower is better.

    With noise that is independent between periods and has zero mean, its expectation is the error of f(u1) plus a
    constant. The noise may have any distribution, so it also judges what was trained on recorrupted periods, which
    thereby use the independence of two periods to choose their weights.

    Parameters
    ----------
    network : nn.Module
        From ``(batch, time)`` to ``(batch, time)``.
    pairs : Pairs
        Periods u1 and u2 ``(item, time)``, over the root mean square of u1.
    """
    difference = denoise_normalised(network, pairs.given) - pairs.truth.numpy()
    return float(np.square(difference, dtype=np.float64).mean())


def denoise_normalised(network: nn.Module, given: Tensor) -> npt.NDArray[np.float32]:
    """Return a network's output ``(item, time)`` in evaluation mode and single precision, in parts of few signals."""
    parts = torch.split(given, SIGNALS_AT_ONCE)
    return np.concatenate([apply_network(network, part) for part in parts])
