"""Square windows of a 2-D grid, plain and shifted (Liu et al., ICCV 2021, section 3.2)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

# Added to an attention score, it leaves no weight in any floating-point format and stays finite in all of them.
PENALTY = -1e4


def partition(tokens: Tensor, window: int) -> Tensor:
    """Cut tokens ``(batch, x, y, feature)`` into windows ``(batch, windows, window², feature)``; sides are multiples."""
    batch, x, y, width = tokens.shape
    blocks = tokens.view(batch, x // window, window, y // window, window, width).transpose(2, 3)
    return blocks.reshape(batch, -1, window**2, width)


def merge(windows: Tensor, grid: tuple[int, int]) -> Tensor:
    """Put windows ``(batch, windows, window², feature)`` back on their grid: ``(batch, x, y, feature)``."""
    batch, width, window = len(windows), windows.shape[-1], round(windows.shape[2] ** 0.5)
    blocks = windows.view(batch, grid[0] // window, grid[1] // window, window, window, width)
    return blocks.transpose(2, 3).reshape(batch, *grid, width)


def padded_to_windows(image: Tensor, window: int) -> Tensor:
    """Append zeros to an image ``(batch, channel, x, y)`` until its sides are multiples of the window."""
    x, y = image.shape[2:]
    return functional.pad(image, (0, -y % window, 0, -x % window))


def relative_positions(window: int) -> Tensor:
    """Return the index of the displacement between each two voxels of a window.

    Returns
    -------
    (window², window²) Tensor of int64
        ``(Δx + window − 1)(2 window − 1) + Δy + window − 1``, one of ``(2 window − 1)²`` values, with the
        displacement Δ from key to query.
    """
    side = torch.arange(window)
    voxels = torch.cartesian_prod(side, side)
    dx, dy = (voxels[:, None] - voxels[None, :] + window - 1).unbind(-1)
    return dx * (2 * window - 1) + dy


@dataclass(frozen=True)
class Windowing:
    """Where the windows lie on a grid, and which of its voxels must not see each other.

    Attributes
    ----------
    window, shift : int
        Side of the windows, and voxels by which the grid is rolled towards its start before it is cut.
    pairs : (windows, window², window²) Tensor, or None
        Penalty between voxels that only the roll brings together.
    keys : (batch, windows, window²) Tensor, or None
        Penalty of unmeasured voxels as keys.
    """

    window: int
    shift: int
    pairs: Tensor | None
    keys: Tensor | None

    @classmethod
    def of(cls, image: Tensor, measured: Tensor | None, window: int, shift: int) -> "Windowing":
        """Lay windows on an image ``(batch, channel, x, y)`` whose sides are multiples of the window."""
        grid = (image.shape[2], image.shape[3])
        pairs = shift_penalty(grid, window, shift).to(image.device) if shift else None
        keys = None if measured is None else key_penalty(measured, window, shift)
        return cls(window, shift, pairs, keys)

    def cut(self, tokens: Tensor) -> Tensor:
        """Cut tokens ``(batch, x, y, feature)`` into windows ``(batch, windows, window², feature)``."""
        rolled = tokens.roll((-self.shift, -self.shift), (1, 2)) if self.shift else tokens
        return partition(rolled, self.window)

    def join(self, windows: Tensor, grid: tuple[int, int]) -> Tensor:
        """Undo `cut`: put windows back on their grid, ``(batch, x, y, feature)``."""
        tokens = merge(windows, grid)
        return tokens.roll((self.shift, self.shift), (1, 2)) if self.shift else tokens


def shift_penalty(grid: tuple[int, int], window: int, shift: int) -> Tensor:
    """Return what keeps apart the voxels that a cyclic shift brings together from opposite sides of the grid.

    Parameters
    ----------
    grid : tuple of int
        Sides of the grid, multiples of the window.
    window, shift : int
        Side of the windows, and voxels by which the grid is rolled towards its start.

    Returns
    -------
    (windows, window², window²) Tensor of float32
        0 between voxels that are neighbours on the grid, `PENALTY` between others.
    """
    x, y = (torch.arange(n) >= n - shift for n in grid)
    side = 2 * x.long()[:, None] + y.long()
    region = partition(side[None, :, :, None], window)[0, :, :, 0]
    return PENALTY * (region[:, :, None] != region[:, None, :]).float()


def key_penalty(measured: Tensor, window: int, shift: int) -> Tensor:
    """Return the penalty of unmeasured voxels as keys, for each window of a rolled grid.

    Parameters
    ----------
    measured : (batch, 1, x, y) Tensor
        1 where measured, 0 elsewhere.
    window, shift : int
        Side of the windows, and voxels by which the grid is rolled towards its start.

    Returns
    -------
    (batch, windows, window²) Tensor of float32
    """
    rolled = measured.roll((-shift, -shift), (2, 3))
    return PENALTY * (partition(rolled.permute(0, 2, 3, 1), window)[..., 0] == 0).float()
