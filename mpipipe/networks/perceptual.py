"""Fixed features of images, and the loss between those of an estimate and of the truth (Johnson et al., ECCV 2016)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mpipipe.config.deblurrer import PerceptualConfig
from mpipipe.errors import InputError

SIDE = 3
SCENES, SCENE_SIDE = 16, 64
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
VGG16_SHAPES = {
    "features.0.weight": (64, 3, SIDE, SIDE),
    "features.0.bias": (64,),
    "features.2.weight": (64, 64, SIDE, SIDE),
    "features.2.bias": (64,),
}
"""The two convolutions before relu1_2, by their names in torchvision's VGG16."""


class FixedFeatures(nn.Module):
    """Two 3 × 3 convolutions, each with ReLU, at full resolution, that no training changes.

    The filters are no parameters and no part of a saved state: they follow from a seed or a file.
    """

    def __init__(self, first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> None:
        """Take the filters.

        Parameters
        ----------
        first, second : (Tensor, Tensor) of float32
            Weights (feature, channel, 3, 3) and biases (feature,) of each convolution.
        """
        super().__init__()
        named = {"weight1": first[0], "bias1": first[1], "weight2": second[0], "bias2": second[1]}
        for name, values in named.items():
            self.register_buffer(name, values.detach().float().clone(), persistent=False)
        self.weight1: Tensor
        self.bias1: Tensor
        self.weight2: Tensor
        self.bias2: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Return the features.

        Parameters
        ----------
        images : (batch, x, y) Tensor of float32
            Images, of order 1.

        Returns
        -------
        (batch, channel, x, y) Tensor
            Features after the second ReLU, at least 0.
        """
        channels = self._channels(images[:, None])
        first = functional.conv2d(channels, self.weight1, self.bias1, padding=1).relu()
        second: Tensor = functional.conv2d(first, self.weight2, self.bias2, padding=1).relu()
        return second

    def _channels(self, images: Tensor) -> Tensor:
        """Return the channels that the first convolution sees of images ``(batch, 1, x, y)``."""
        return images


class FixedFilterBank(FixedFeatures):
    """Random orthonormal filters at the place of VGG16's first two convolutions: no published weights are needed.

    Random filters with a nonlinearity keep what the pixel-wise norm ignores: whether neighbouring errors have the
    structure of an edge. There are no biases, so features are as many times larger as their images. Their unit is
    chosen such that the mean absolute difference of features is that of pixels, over pairs of random images with the
    spectral amplitude 1/f of natural scenes (Field, JOSA A 4, 2379, 1987): the two terms of the loss are of one order
    there, and equal weights mean what they say.
    """

    def __init__(self, channels: int = 64, seed: int = 0) -> None:
        """Draw the filters.

        Parameters
        ----------
        channels : int
            Features of both convolutions.
        seed : int
            Seed of the filters; the global random state stays as it is.
        """
        generator = torch.Generator().manual_seed(seed)
        none = torch.zeros(channels)
        first, second = (_orthonormal(channels, seen, generator) for seen in (1, channels))
        super().__init__((first, none), (second, none))
        scenes = _natural_scenes(generator)
        one, other = scenes.chunk(2)
        self.weight2 *= (one - other).abs().mean() / (self(one) - self(other)).abs().mean()


class Vgg16Relu12(FixedFeatures):
    """Features of VGG16 after its second layer, relu1_2 (Simonyan and Zisserman, ICLR 2015), trained on ImageNet.

    A grey image between 0 and 1 is repeated as red, green and blue, and normalised as the network's training images
    were. The features keep the unit that they have there, as published.
    """

    def __init__(self, filters: dict[str, Tensor]) -> None:
        """Take the filters.

        Parameters
        ----------
        filters : dict of Tensor
            As `mpipipe.storage.perceptual_weights.read_vgg16_filters` gives them.

        Raises
        ------
        InputError
            When one is missing or has another shape.
        """
        check_vgg16_filters("VGG16", filters)
        weight1, bias1, weight2, bias2 = (filters[name] for name in VGG16_SHAPES)
        super().__init__((weight1, bias1), (weight2, bias2))
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def _channels(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.std


class PerceptualLoss(nn.Module):
    """``w₁ mean |ŷ − y| + w₂ mean |φ(ŷ) − φ(y)|`` (Ergun 2022, section II.II), with fixed features φ."""

    def __init__(
        self, features: FixedFeatures, pixel_weight: float = 1.0, perceptual_weight: float = 1.0
    ) -> None:
        """Take the features and the weights of the two terms.

        Parameters
        ----------
        features : FixedFeatures
            φ.
        pixel_weight, perceptual_weight : float
            w₁ and w₂, at least 0.
        """
        super().__init__()
        self.features = features
        self.pixel_weight, self.perceptual_weight = pixel_weight, perceptual_weight

    def forward(self, estimate: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of estimates ``(batch, x, y)``, a scalar of float32."""
        loss: Tensor = self.pixel_weight * (estimate - truth).abs().mean()
        if not self.perceptual_weight:
            return loss
        with torch.no_grad():
            target = self.features(truth)
        distance: Tensor = (self.features(estimate) - target).abs().mean(dtype=torch.float32)
        return loss + self.perceptual_weight * distance


def build_features(config: PerceptualConfig, vgg16: dict[str, Tensor] | None = None) -> FixedFeatures:
    """Return the features that a configuration names.

    Parameters
    ----------
    config : PerceptualConfig
        Which features.
    vgg16 : dict of Tensor, optional
        Filters of VGG16, needed for them alone.

    Raises
    ------
    InputError
        When VGG16 is named and its filters are not given or do not fit.
    """
    if config.source == "filter_bank":
        return FixedFilterBank(config.channels, config.seed)
    if vgg16 is None:
        raise InputError(
            "perceptual.source: found vgg16 without its filters, expected those read from `weights`"
        )
    return Vgg16Relu12(vgg16)


def check_vgg16_filters(name: str, filters: dict[str, Tensor]) -> None:
    """Refuse filters that are not those of VGG16's first two convolutions.

    Raises
    ------
    InputError
        When one is missing, has another shape, or is not finite.
    """
    for key, shape in VGG16_SHAPES.items():
        values = filters.get(key)
        if values is None:
            raise InputError(f"{name}: found no {key}, expected the weights of torchvision's VGG16")
        if tuple(values.shape) != shape:
            raise InputError(f"{name}: found {key} of shape {tuple(values.shape)}, expected {shape}")
        if not values.is_floating_point() or not values.isfinite().all():
            raise InputError(
                f"{name}: found {key} with values of {values.dtype} not finite, expected finite floats"
            )


def _orthonormal(features: int, seen: int, generator: torch.Generator) -> Tensor:
    """Return filters (feature, channel, 3, 3), orthonormal, or a tight frame where they outnumber their pixels."""
    flat = torch.empty(features, seen * SIDE**2)
    nn.init.orthogonal_(flat, generator=generator)
    return flat.view(features, seen, SIDE, SIDE)


def _natural_scenes(generator: torch.Generator) -> Tensor:
    """Return random images (image, x, y) between 0 and 1 with the spectral amplitude 1/f."""
    frequency = torch.fft.fftfreq(SCENE_SIDE)
    radius = torch.hypot(frequency[:, None], frequency[: SCENE_SIDE // 2 + 1].abs())
    amplitude = torch.where(radius > 0, 1 / radius, 0)
    white = torch.randn(2 * SCENES, SCENE_SIDE, SCENE_SIDE, generator=generator)
    scenes = torch.fft.irfft2(torch.fft.rfft2(white) * amplitude, s=white.shape[1:])
    low, high = scenes.amin((1, 2), keepdim=True), scenes.amax((1, 2), keepdim=True)
    scaled: Tensor = (scenes - low) / (high - low)
    return scaled
