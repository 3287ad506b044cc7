"""Interpolation of the moment table on a PyTorch device.

The same cubic B-splines as :mod:`mpipipe.physics.interpolation`, for all voxels and samples of a block at once. A layer of
the table is flat in memory with f and h side by side, so the four neighbours of a node along b12 are eight values in a row:
a sample gathers four such rows in place of sixteen nodes.

Nothing else of :mod:`mpipipe.physics` may import this module at its top: PyTorch takes seconds to load.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from mpipipe.physics.table import MARGIN, Axis, MomentTable

NEIGHBOURS = 4
"""Nodes along an axis that a cubic spline touches."""


@dataclass(frozen=True)
class TorchTable:
    """A moment table on a device.

    Attributes
    ----------
    coefficients : (alpha, b3, b12, function) Tensor of float64
        B-spline coefficients of f and h; a single layer along alpha is taken as it is.
    alpha, along, across : Axis
        Axes of the table.
    """

    coefficients: Tensor
    alpha: Axis
    along: Axis
    across: Axis

    @classmethod
    def of(cls, table: MomentTable, device: torch.device) -> Self:
        """Return a table's copy on a device."""
        coefficients = torch.from_numpy(table.coefficients).to(device)
        return cls(coefficients, table.alpha, table.along, table.across)

    @property
    def bytes_a_voxel(self) -> int:
        """Memory of the layer that belongs to a voxel alone; 0 where all share one."""
        return 8 * self.coefficients[0].numel() if len(self.coefficients) > 1 else 0

    def moments(self, alpha_K: Tensor, easy_axis: Tensor, offset: Tensor, field: Tensor) -> Tensor:
        """Interpolate the moment, ``f b + h b3 n`` with ``b = offset + field``.

        Parameters
        ----------
        alpha_K : (voxel,) Tensor of float64
            Anisotropy energy over ``kB T``.
        easy_axis, offset : (voxel, 3) Tensor of float64
            Unit vectors n and dimensionless selection field.
        field : (3, time) Tensor of float64
            Dimensionless drive field.

        Returns
        -------
        (voxel, 3, time) Tensor of float64
            Moment over saturation. Arguments are not checked against the table, see :meth:`MomentTable.check_covers`.
        """
        axis = easy_axis[:, :, None]
        b = offset[:, :, None] + field
        b3 = (b * axis).sum(dim=1)
        # The difference from the axis, not b^2 - b3^2: near the axis the squares cancel.
        b12 = torch.linalg.vector_norm(b - b3[:, None] * axis, dim=1)
        f, h = self._interpolate(self._layers(alpha_K), b3.abs(), b12)
        return b.mul_(f[:, None]).addcmul_((h * b3)[:, None], axis)

    def _layers(self, alpha_K: Tensor) -> Tensor:
        """Return the table at each voxel's alpha, flat: ``(voxel, value)``, or ``(1, value)`` where all share one.

        Four layers are mixed by a product with a sparse matrix that is held dense: a table has some twenty layers, and the
        product costs less than gathering them.
        """
        flat = self.coefficients.flatten(start_dim=1)
        if len(flat) == 1:
            return flat
        cell, rest = _cell(alpha_K, self.alpha)
        place = cell[:, None] + torch.arange(-1, NEIGHBOURS - 1, device=cell.device)
        mix = alpha_K.new_zeros(len(alpha_K), len(flat))
        return mix.scatter_(1, place, torch.stack(_weights(rest), dim=-1)) @ flat

    def _interpolate(self, layers: Tensor, b3: Tensor, b12: Tensor) -> tuple[Tensor, Tensor]:
        """Return f and h ``(voxel, time)`` at ``|b3|`` and b12, both ``(voxel, time)``."""
        _, rows, columns, functions = self.coefficients.shape
        row, rest_along = _cell(b3, self.along)
        column, rest_across = _cell(b12, self.across)
        node = (row - 1) * columns + (column - 1)
        if len(layers) > 1:
            node += rows * columns * torch.arange(len(layers), device=node.device)[:, None]
        # Each node with its next three along b12: a view, which overlaps itself.
        four = layers.reshape(-1).unfold(0, NEIGHBOURS * functions, functions)
        first, *others = (weight[..., None] for weight in _weights(rest_along))
        total = four[node].mul_(first)
        for weight in others:
            node += columns
            total.addcmul_(four[node], weight)
        nodes = total.view(*b3.shape, NEIGHBOURS, functions)
        f, h = nodes.mul_(torch.stack(_weights(rest_across), dim=-1)[..., None]).sum(dim=-2).unbind(dim=-1)
        return f, h


def _cell(x: Tensor, axis: Axis) -> tuple[Tensor, Tensor]:
    """Return the cells of arguments of at least 0, counted from the table's first node, and the places in them."""
    u = x / (axis.step * (1 + x / axis.stretch)) + MARGIN
    cell = u.long()
    return cell, u.sub_(cell)


def _weights(u: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the weights of a cell's four nodes; the kernel's factor 1/6 is in the coefficients."""
    u2, u3 = u**2, u**3
    return (1 - u) ** 3, 4 - 6 * u2 + 3 * u3, 1 + 3 * (u + u2 - u3), u3
