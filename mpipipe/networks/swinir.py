"""SwinIR: image restoration by shifted-window attention (Liang et al., ICCV Workshops 2021), in 2-D."""

from torch import Tensor, nn

from mpipipe.config.networks import SwinIRConfig
from mpipipe.errors import InputError
from mpipipe.networks.attention import WindowAttention
from mpipipe.networks.initialisation import initialise_convolutions
from mpipipe.networks.masking import masked
from mpipipe.networks.windows import Windowing, padded_to_windows


class SwinIR(nn.Module):
    """Convolution, groups of attention layers with residuals, convolution; the output is the input plus a residual.

    The grid is padded to whole windows. Voxels beyond it and unmeasured ones are seen by no convolution
    and are no keys of the attention: only through the place of the windows on the grid does padding matter.
    """

    factor = 1

    def __init__(self, config: SwinIRConfig, dimension: int = 2, channels: int = 2) -> None:
        """Build the network.

        Parameters
        ----------
        config : SwinIRConfig
            Embedding, depths, heads, window and perceptrons.
        dimension : int
            2 spatial axes.
        channels : int
            Channels of input and output: real and imaginary part.

        Raises
        ------
        InputError
            When the dimension is not 2.
        """
        super().__init__()
        if dimension != 2:
            raise InputError(f"network SwinIR: found dimension {dimension}, expected 2")
        self.window, width = config.window, config.embedding
        self.shallow = nn.Conv2d(channels, width, 3, padding=1)
        self.embedding_norm = nn.LayerNorm(width)
        self.groups = nn.ModuleList(_Group(config, depth) for depth in config.depths)
        self.norm = nn.LayerNorm(width)
        self.body = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, channels, 3, padding=1)
        self._initialise()

    def _initialise(self) -> None:
        # Every convolution but the first ends a residual; small ones start near the identity at any depth.
        initialise_convolutions(self, scale=0.1, slope=1.0)
        initialise_convolutions(self.shallow, slope=1.0)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.trunc_normal_(part.weight, std=0.02)
                nn.init.zeros_(part.bias)

    def forward(self, observed: Tensor, measured: Tensor | None = None) -> Tensor:
        """Return the restored image.

        Parameters
        ----------
        observed : (batch, channel, x, y) Tensor of float32
            Real and imaginary part.
        measured : (batch, 1, x, y) Tensor, optional
            1 on the grid, 0 on the padding; by default all voxels are measured.

        Returns
        -------
        (batch, channel, x, y) Tensor of float32
        """
        x, y = observed.shape[2:]
        image, mask = padded_to_windows(observed, self.window), measured
        if mask is None and image.shape != observed.shape:
            mask = observed.new_ones(1, 1, x, y)
        mask = mask if mask is None else padded_to_windows(mask, self.window)
        windowings = [Windowing.of(image, mask, self.window, shift) for shift in (0, self.window // 2)]
        shallow = masked(self.shallow(masked(image, mask)), mask)
        tokens = self.embedding_norm(shallow.permute(0, 2, 3, 1))
        for group in self.groups:
            tokens = group(tokens, windowings, mask)
        deep = masked(self.norm(tokens).permute(0, 3, 1, 2), mask)
        residual: Tensor = self.last(shallow + masked(self.body(deep), mask))
        return observed + residual.float()[:, :, :x, :y]


class _Layer(nn.Module):
    """Attention within windows, then a perceptron for each voxel; both with a norm before and a residual."""

    def __init__(self, config: SwinIRConfig) -> None:
        super().__init__()
        width, hidden = config.embedding, round(config.embedding * config.mlp_ratio)
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = WindowAttention(width, config.heads, config.window)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, tokens: Tensor, windowing: Windowing) -> Tensor:
        grid = (tokens.shape[1], tokens.shape[2])
        windows = windowing.cut(self.attention_norm(tokens))
        tokens = tokens + windowing.join(self.attention(windows, windowing.pairs, windowing.keys), grid)
        update: Tensor = self.mlp(self.mlp_norm(tokens))
        return tokens + update


class _Group(nn.Module):
    """Attention layers in plain and shifted windows by turns, a convolution, and a residual around them."""

    def __init__(self, config: SwinIRConfig, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(config) for _ in range(depth))
        self.convolution = nn.Conv2d(config.embedding, config.embedding, 3, padding=1)

    def forward(self, tokens: Tensor, windowings: list[Windowing], mask: Tensor | None) -> Tensor:
        deep = tokens
        for index, layer in enumerate(self.layers):
            deep = layer(deep, windowings[index % 2])
        residual: Tensor = self.convolution(masked(deep.permute(0, 3, 1, 2), mask))
        return tokens + residual.permute(0, 2, 3, 1)
