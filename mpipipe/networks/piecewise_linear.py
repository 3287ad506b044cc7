"""Learned activation: one piecewise linear function a channel (Yang et al., IEEE TPAMI 42(3), 521-538, 2020)."""

import torch
from torch import Tensor, nn


class PiecewiseLinear(nn.Module):
    """Linear between equally spaced breakpoints ``p_i`` in [−bound, bound], where it takes learned values ``q_i``.

    For u in ``[p_i, p_{i+1}]``, ``f(u) = q_i + (u − p_i) (q_{i+1} − q_i) / (p_{i+1} − p_i)``; the first and the
    last of these lines go on beyond the breakpoints. It starts as the identity, ``q_i = p_i``.
    """

    def __init__(self, channels: int, breakpoints: int = 101, bound: float = 1.0) -> None:
        """Build the layer.

        Parameters
        ----------
        channels : int
            Number of functions.
        breakpoints : int
            Breakpoints of each, two or more.
        bound : float
            The last breakpoint.
        """
        super().__init__()
        self.bound, self.intervals = bound, breakpoints - 1
        self.values = nn.Parameter(torch.linspace(-bound, bound, breakpoints).repeat(channels, 1))
        first = torch.arange(channels, dtype=torch.int32) * breakpoints
        self.register_buffer("first", first[:, None, None], persistent=False)
        self.first: Tensor

    def forward(self, features: Tensor) -> Tensor:
        """Return the functions of features ``(batch, channel, x, y)``, in float32."""
        position = (features.float() + self.bound) * (self.intervals / (2 * self.bound))
        interval = position.detach().clamp(0, self.intervals - 1).int()
        left = (interval + self.first).flatten()
        values = self.values.flatten()
        # Few passes over the features: they take most of the network's time.
        a, b = (table.index_select(0, left).view_as(position) for table in (values[:-1], values[1:]))
        return torch.lerp(a, b, position - interval)
