"""Loss of the self-supervised training: distance to a noisy target, symmetry and smoothness (section II.I).

Sums over the samples of a period are means here [assumption]: so the printed weights mean the same for periods of any
length, and for batches of any size.
"""

from typing import Literal

from torch import Tensor
from torch.nn import functional

from mpipipe.networks.periodic_signal import weighted_frequencies


def periodic_gradient(signals: Tensor) -> Tensor:
    """Return ``u'[k] = u[k + 1] − u[k]`` of periods ``(…, time)``; the first sample follows the last."""
    return signals.roll(-1, -1) - signals


def gradient_symmetry(signals: Tensor) -> Tensor:
    """Return the mean over t in (0, T/2] of ``|u'(t) − u'(T − t)|``, zero for what is odd about T/2 (eqs. 4 and 5).

    The difference ``u'[k]`` stands for the time ``k + 1/2``, so its mirror image is ``u'[T − 1 − k]``: with
    ``u[(T − k) mod T] = −u[k]`` both are equal.

    Parameters
    ----------
    signals : (…, time) Tensor of float32
        Periods, with sample k at k times the sampling interval; at least two samples.

    Returns
    -------
    () Tensor of float32
    """
    gradient = periodic_gradient(signals)
    half = signals.shape[-1] // 2
    return (gradient - gradient.flip(-1))[..., :half].abs().mean()


def total_variation(signals: Tensor) -> Tensor:
    """Return the mean over t in [0, T) of ``|u(t + 1) − u(t)|`` of periods ``(…, time)`` (eq. 6)."""
    return periodic_gradient(signals).abs().mean()


class SelfSupervisedLoss:
    """``L = L_reg + α L_GD + β L_TV`` (eq. 7), of signals over the root mean square of the noisy one that is given."""

    def __init__(
        self, penalty: Literal["l1", "l2"], alpha: float, beta: float, weight: Tensor | None = None
    ) -> None:
        """Take the weights.

        Parameters
        ----------
        penalty : str
            L_reg: mean absolute (``l1``, eq. 3) or mean squared difference (``l2``).
        alpha, beta : float
            Weights of `gradient_symmetry` and `total_variation`; at 0 they are not computed.
        weight : (frequency,) Tensor of float32, optional
            Weights of frequencies: those that interference fills would drown the others in the distance.
        """
        self._distance = functional.l1_loss if penalty == "l1" else functional.mse_loss
        self._alpha, self._beta, self._weight = alpha, beta, weight

    def __call__(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return the loss of estimates against noisy targets, both ``(batch, time)``."""
        if self._weight is not None:
            estimate, target = (weighted_frequencies(signals, self._weight) for signals in (estimate, target))
        loss = self._distance(estimate, target)
        if self._alpha:
            loss = loss + self._alpha * gradient_symmetry(estimate)
        if self._beta:
            loss = loss + self._beta * total_variation(estimate)
        return loss
