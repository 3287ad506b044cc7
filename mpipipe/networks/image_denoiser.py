"""The denoiser of PP-MPI: a small RDN on images that are not negative (Askin et al., MLMIR 2022)."""

from torch import Tensor, nn

from mpipipe.config.networks import RDNConfig
from mpipipe.config.reconstructors import ImageDenoiserConfig
from mpipipe.networks.rdn import RDN


class ImageDenoiser(nn.Module):
    """RDN with one channel, a skip from the input and a final ReLU; the default has 58,393 parameters."""

    def __init__(self, config: ImageDenoiserConfig) -> None:
        """Build the network.

        Parameters
        ----------
        config : ImageDenoiserConfig
            Blocks, layers, width and growth.
        """
        super().__init__()
        sizes = RDNConfig(
            blocks=config.blocks, layers=config.layers, width=config.width, growth=config.growth
        )
        self.rdn = RDN(sizes, dimension=2, channels=1)

    def forward(self, noisy: Tensor) -> Tensor:
        """Return the denoised image, not negative.

        Parameters
        ----------
        noisy : (batch, 1, x, y) Tensor of float32
            Image, scaled to [0, 1] before the noise.

        Returns
        -------
        (batch, 1, x, y) Tensor of float32
        """
        image: Tensor = self.rdn(noisy)
        return image.relu()
