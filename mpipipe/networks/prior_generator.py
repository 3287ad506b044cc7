"""Generators of the deep image prior: untrained U-Nets, one an image, that are evaluated together."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from mpipipe.config.image_prior import GeneratorConfig
from mpipipe.networks.resampling import nearest

SLOPE = 0.2


class PriorGenerators(nn.Module):
    """U-Nets with a fixed random input, whose weights are fitted to one signal each.

    All start with the same weights and input, which follow from a seed, and share no weight afterwards: grouped
    convolutions with one group an image evaluate them at once, so an image does not depend on its batch. The
    encoder halves the grid (rounded up) from level to level, the decoder doubles it and joins the encoder's
    features. Features are normalised over the voxels of their own image; a softplus keeps the output positive.
    """

    def __init__(self, config: GeneratorConfig, grid: tuple[int, int], images: int, seed: int) -> None:
        """Draw weights and input; the global random state stays as it is.

        Parameters
        ----------
        config : GeneratorConfig
            Widths of the levels, channels of the input.
        grid : (x, y)
            Voxels along each axis.
        images : int
            Number of networks.
        seed : int
            Seed of weights and input.
        """
        super().__init__()
        self.images = images
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            source = torch.rand(1, config.inputs, *grid)
            widths = config.widths
            self.first = _Layer(images, config.inputs, widths[0], stride=1)
            self.encoder = nn.ModuleList(_Layer(images, a, b, stride=2) for a, b in pairwise(widths))
            self.decoder = nn.ModuleList(
                _Layer(images, a + b, b, stride=1) for a, b in pairwise(reversed(widths))
            )
            self.last = _Convolutions(images, widths[0], 1, 1, 1)
        self.register_buffer("source", source)
        self.source: Tensor

    def forward(self) -> Tensor:
        """Return the images ``(image, x, y)``, float32 and positive."""
        levels = [self.first(self.source.expand(self.images, -1, -1, -1))]
        for layer in self.encoder:
            levels.append(layer(levels[-1]))
        features = levels.pop()
        for layer in self.decoder:
            fine = levels.pop()
            coarse = nearest(features, 2)[..., : fine.shape[2], : fine.shape[3]]
            features = layer(torch.cat([coarse, fine], 1))
        return functional.softplus(self.last(features)[:, 0])


class _Layer(nn.Module):
    """Convolution, normalisation over the voxels, leaky ReLU."""

    def __init__(self, images: int, inputs: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        self.convolution = _Convolutions(images, inputs, outputs, 3, stride)
        self.scale = nn.Parameter(torch.ones(images * outputs))
        self.shift = nn.Parameter(torch.zeros(images * outputs))

    def forward(self, features: Tensor) -> Tensor:
        convolved = self.convolution(features)
        flat = convolved.reshape(1, -1, *convolved.shape[2:])
        # With a batch of one, batch normalisation is over the voxels of each feature of each image.
        normal = functional.batch_norm(flat, None, None, self.scale, self.shift, training=True)
        return functional.leaky_relu(normal, SLOPE).view_as(convolved)


class _Convolutions(nn.Module):
    """A convolution ``(image, inputs, x, y) -> (image, outputs, x, y)`` with other weights for each image."""

    def __init__(self, images: int, inputs: int, outputs: int, side: int, stride: int) -> None:
        super().__init__()
        start = nn.Conv2d(inputs, outputs, side).state_dict()
        self.weight = nn.Parameter(start["weight"].repeat(images, 1, 1, 1))
        self.bias = nn.Parameter(start["bias"].repeat(images))
        self.images, self.stride, self.padding = images, stride, side // 2

    def forward(self, features: Tensor) -> Tensor:
        flat = features.reshape(1, -1, *features.shape[2:])
        made = functional.conv2d(flat, self.weight, self.bias, self.stride, self.padding, 1, self.images)
        return made.view(self.images, -1, *made.shape[2:])
