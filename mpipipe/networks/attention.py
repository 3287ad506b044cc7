"""Self-attention within windows, with a learned bias for each displacement (Liu et al., ICCV 2021, eq. 4)."""

import torch
from torch import Tensor, nn

from mpipipe.networks.windows import relative_positions


class WindowAttention(nn.Module):
    """Multi-head attention ``softmax(Q Kᵀ / √d + B) V`` in each window, with the bias B by relative position."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        """Build the layer.

        Parameters
        ----------
        width : int
            Number of features, a multiple of the heads.
        heads : int
            Number of heads.
        window : int
            Side of a window in voxels.
        """
        super().__init__()
        self.heads = heads
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.bias, std=0.02)
        self.register_buffer("positions", relative_positions(window), persistent=False)
        self.positions: Tensor

    def forward(self, windows: Tensor, pairs: Tensor | None = None, keys: Tensor | None = None) -> Tensor:
        """Return the windows after attention.

        Parameters
        ----------
        windows : (batch, windows, window², feature) Tensor
            Features of the voxels of each window.
        pairs : (windows, window², window²) Tensor, optional
            Added to the scores of queries and keys.
        keys : (batch, windows, window²) Tensor, optional
            Added to the scores of each key.

        Returns
        -------
        (batch, windows, window², feature) Tensor
        """
        batch, count, voxels, width = windows.shape
        split = self.qkv(windows).view(batch, count, voxels, 3, self.heads, -1)
        query, key, value = split.permute(3, 0, 1, 4, 2, 5)
        query = query * (width // self.heads) ** -0.5
        if keys is not None:
            # As one more feature of each key, the penalty costs no pass over the scores.
            query = torch.cat([query, torch.ones_like(query[..., :1])], -1)
            penalty = keys.to(key.dtype)[:, :, None, :, None].expand(*key.shape[:-1], 1)
            key = torch.cat([key, penalty], -1)
        # Plain products: on a CPU, in windows this small, they take a fifth of the time of the fused attention
        # (scaled_dot_product_attention), which has no gradient for the bias there.
        scores = query @ key.transpose(-1, -2)
        weights = (scores + self._bias(pairs).to(scores.dtype)).softmax(-1)
        mixed: Tensor = self.projection((weights @ value).transpose(2, 3).reshape(windows.shape))
        return mixed

    def _bias(self, pairs: Tensor | None) -> Tensor:
        bias = self.bias[self.positions].permute(2, 0, 1)
        return bias if pairs is None else bias + pairs[:, None]
