"""Exponential moving average that leaves constants exactly as they are."""

import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from mpipipe.training.averaging import ExponentialAverage, effective_decay


class SteadyAverage(ExponentialAverage):
    """The average as ``w̄ ← w̄ + (1 − d) (w − w̄)``, in which what never changes does not drift by rounding.

    Networks hold buffers that follow from the system matrix and are not saved. Drifting, they would jump back
    when a training is resumed, and it would not end as an uninterrupted one does.
    """

    def __init__(self, decay: float) -> None:
        def average(mean: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
            if not mean.is_floating_point():
                return current
            share = 1 - effective_decay(decay, updates)
            return torch.lerp(mean, current, share.to(mean.device, mean.dtype))

        WeightAveraging.__init__(self, avg_fn=average)
