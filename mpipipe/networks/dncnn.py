"""DnCNN: a stack of convolutions that predicts the noise (Zhang et al., IEEE TIP 26(7), 3142-3155, 2017)."""

from itertools import pairwise

from torch import Tensor, nn

from mpipipe.config.networks import DnCNNConfig
from mpipipe.networks.initialisation import carry_input, initialise_convolutions
from mpipipe.networks.masking import BATCH_NORMS, CONVOLUTIONS, MaskedBatchNorm, masked


class DnCNN(nn.Module):
    """Plain stack of convolutions; the output is the input minus the noise that the last one predicts.

    The layers are convolution-ReLU, then convolution-normalisation-ReLU several times, then convolution.

    With depth 17, width 64, batch normalisation and zero borders it is the published network. The border
    `masked` sets features beyond the grid to zero after each layer: then the padding of a patch changes
    nothing.
    """

    factor = 1

    def __init__(self, config: DnCNNConfig, dimension: int, channels: int = 2) -> None:
        """Build the network.

        Parameters
        ----------
        config : DnCNNConfig
            Depth, width, normalisation and border.
        dimension : int
            2 or 3 spatial axes.
        channels : int
            Channels of input and output: real and imaginary part.
        """
        super().__init__()
        widths = [channels, *[config.width] * (config.depth - 1), channels]
        convolution = CONVOLUTIONS[dimension]
        self.convolutions = nn.ModuleList(convolution(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(_norm(config, dimension) for _ in range(config.depth - 2))
        self.masks_border = config.border == "masked"
        self._initialise(carries_input=config.start == "identity")

    def _initialise(self, *, carries_input: bool) -> None:
        initialise_convolutions(self.convolutions[:-1])
        # A small last layer starts near the identity.
        initialise_convolutions(self.convolutions[-1], scale=0.1)
        if carries_input:
            carry_input([one for one in self.convolutions if isinstance(one, nn.Conv2d | nn.Conv3d)])

    def forward(self, observed: Tensor, measured: Tensor | None = None) -> Tensor:
        """Return the restored image.

        Parameters
        ----------
        observed : (batch, channel, x, y[, z]) Tensor of float32
            Real and imaginary part.
        measured : (batch, 1, x, y[, z]) Tensor, optional
            1 on the grid, 0 on the padding; by default all voxels are measured.

        Returns
        -------
        (batch, channel, x, y[, z]) Tensor of float32
        """
        mask = measured if self.masks_border else None
        features = masked(self.convolutions[0](masked(observed, mask)).relu(), mask)
        for convolution, norm in zip(self.convolutions[1:-1], self.norms, strict=True):
            features = convolution(features)
            features = norm(features, mask) if isinstance(norm, MaskedBatchNorm) else norm(features)
            features = masked(features.relu(), mask)
        noise: Tensor = self.convolutions[-1](features)
        return observed - noise.float()


def _norm(config: DnCNNConfig, dimension: int) -> nn.Module:
    if config.normalisation == "none":
        return nn.Identity()
    return (
        MaskedBatchNorm(config.width) if config.border == "masked" else BATCH_NORMS[dimension](config.width)
    )
