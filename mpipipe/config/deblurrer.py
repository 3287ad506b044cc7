"""The deblurring network, its loss and its training (Ergun et al., IJMPI 8 Suppl 1, 2203016, 2022, section II.II)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.config.optimisation import Optimisation


class ResNetConfig(Section):
    """Architecture of a residual generator; published are 9 blocks, width and dropout are those of pGAN's generator."""

    name: Literal["ResNet"] = Field("ResNet", description="Architecture.")
    width: int = Field(
        64,
        ge=1,
        le=1024,
        description="[assumption] Features at full resolution; the residual blocks have four times as many.",
    )
    blocks: int = Field(9, ge=1, le=64, description="Number of residual blocks.")
    dropout: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="[assumption] Probability that a feature is dropped in training, between the convolutions of a block.",
    )
    normalisation: Literal["instance", "none"] = Field(
        "instance",
        description="[assumption] Normalisation of features over each image, as in pGAN, or none, with initial weights that "
        "need none. Normalised features depend on how much of an image holds tracer.",
    )


class DataConsistentConfig(Section):
    """Named variant: residual generators in stages, each given what the known blur leaves unexplained."""

    name: Literal["DataConsistent"] = Field(description="Architecture.")
    generator: ResNetConfig = Field(default_factory=ResNetConfig, description="Network of each stage.")
    stages: int = Field(2, ge=1, le=16, description="Number of stages.")
    regularizations: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (0.1, 0.01, 0.001),
        min_length=1,
        description="Wiener filters that each stage sees: noise over signal power, relative to the largest of the kernels.",
    )


DeblurrerConfig = Annotated[
    ResNetConfig | DataConsistentConfig,
    Field(discriminator="name", description="Deblurring network and its size."),
]


class PerceptualConfig(Section):
    """The loss: pixel-wise L1 norm plus L1 norm between features, of equal weights as published."""

    source: Literal["filter_bank", "vgg16"] = Field(
        "filter_bank",
        description="Features: two fixed random convolutions, which need no download, or VGG16's up to relu1_2 as "
        "published.",
    )
    weights: str | None = Field(
        None, description="Path of the filters of VGG16; null for those that are drawn."
    )
    channels: int = Field(
        64, ge=1, le=1024, description="Features of the fixed random convolutions; VGG16 has 64."
    )
    seed: int = Field(0, ge=0, description="Seed of the fixed random convolutions.")
    pixel_weight: float = Field(1.0, ge=0, description="Weight of the pixel-wise term.")
    perceptual_weight: float = Field(
        1.0, ge=0, description="Weight of the term between features; 0 computes none."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.source == "vgg16" and self.weights is None:
            raise ValueError("weights: found null, expected the path of VGG16's filters for source vgg16")
        if self.pixel_weight + self.perceptual_weight == 0:
            raise ValueError("found a weight of 0 for both terms, expected a positive one")
        return self

    @property
    def described(self) -> str:
        """Which features the loss compares, for tables and manifests."""
        if not self.perceptual_weight:
            return "none"
        if self.source == "vgg16":
            return "VGG16 relu1_2 (ImageNet)"
        return f"fixed random filters ({self.channels} channels, seed {self.seed})"


class DeblurrerTraining(Optimisation):
    """Training of a network from two collinear images to the particle distribution."""

    network: DeblurrerConfig = Field(default_factory=ResNetConfig)
    perceptual: PerceptualConfig = Field(default_factory=PerceptualConfig)
    augment: bool = Field(
        False,
        description="[assumption] Mirror and transpose pairs at random, as the acquisition allows; not published.",
    )
    steps: int = Field(
        3750, ge=1, description="Optimiser steps; 10 epochs of 3000 measurements in batches of 8."
    )
    batch: int = Field(8, ge=1, le=65536, description="[assumption] Pairs in a batch.")
    learning_rate: float = Field(2e-4, gt=0, le=1, description="[assumption] Peak learning rate of Adam.")
    validate_every: int = Field(
        375,
        ge=1,
        description="Steps between validations; the weights that are best at one of them are kept.",
    )
