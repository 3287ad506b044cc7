"""How a network is trained (Tsanda 2025, section 3.3), and which one."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from mpipipe.config.base import Section
from mpipipe.config.interval import PositiveInterval, within
from mpipipe.config.networks import DnCNNConfig, NetworkConfig


def _fractions(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(not 0 < v <= 1 for v in values) or any(a >= b for a, b in pairwise(values)):
        raise ValueError(f"found {list(values)}, expected increasing fractions of the steps in (0, 1]")
    return values


Fractions = Annotated[tuple[float, ...], AfterValidator(_fractions)]


class MissingConfig(Section):
    """Voxels that a training sample lost."""

    ratio: Annotated[PositiveInterval, within(0.001, 0.9, "of the voxels")] = Field(
        (0.02, 0.2), description="[assumption] Missing over all voxels of a block, uniform."
    )
    blocks: tuple[int, int] = Field(
        (1, 3), description="[assumption] Fewest and most blocks that are merged; the paper merges several."
    )

    @field_validator("blocks")
    @classmethod
    def _ordered(cls, blocks: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= blocks[0] <= blocks[1] <= 64:
            raise ValueError(f"found {list(blocks)}, expected 1 <= fewest <= most <= 64")
        return blocks


class DegradationConfig(Section):
    """What is drawn for each training sample."""

    sigma_range: PositiveInterval = Field(
        (0.01, 0.5), description="[assumption] Standard deviation of the complex noise at max|s| = 1."
    )
    sigma_distribution: Literal["uniform", "log_uniform"] = Field(
        "log_uniform", description="[assumption] Distribution of the standard deviation."
    )
    noise_free: float = Field(
        0.0, ge=0, le=1, description="[assumption] Fraction of the samples that get no noise."
    )
    missing: MissingConfig | None = Field(None, description="Missing voxels, for inpainting; null for none.")
    scale_range: PositiveInterval = Field(
        (0.5, 1.0),
        description="[assumption] Random scale of the ground truth before noise is added, uniform; σ is "
        "not scaled.",
    )
    phase: Literal["random", "aligned"] = Field(
        "random",
        description="Random global phase as published, or the noisy image turned so that its best single "
        "phase is real.",
    )
    patch: int = Field(
        32, ge=1, le=512, description="[assumption] Patch size in measured voxels along each axis."
    )
    patch_step: int = Field(
        0,
        ge=0,
        description="0: every patch has the full size. Else batches gather grids of similar size, and "
        "their patch is "
        "the largest of them rounded up to a multiple of this many voxels.",
    )
    crop: int = Field(
        0,
        ge=0,
        le=512,
        description="[assumption] Measured voxels along each axis of a random part that is trained on, after "
        "normalisation; 0 trains on whole grids.",
    )


class TrainConfig(Section):
    """One entry of section ``train``: architecture, samples, optimisation."""

    network: NetworkConfig = Field(default_factory=DnCNNConfig)
    degradation: DegradationConfig = Field(default_factory=DegradationConfig)
    steps: int = Field(2000, ge=1, description="Optimiser steps.")
    batch: int = Field(64, ge=1, le=65536, description="[assumption] Components in a batch.")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="[assumption] Peak learning rate of Adam.")
    schedule: Literal["multi_step", "cosine"] = Field(
        "multi_step",
        description="Learning rate drops at milestones as published, or along half a cosine to zero.",
    )
    milestones: Fractions = Field(
        (0.2, 0.4, 0.6, 0.8),
        description="[assumption] Drops of the learning rate, as fractions of the steps.",
    )
    gamma: float = Field(
        0.5, gt=0, le=1, description="[assumption] Factor of the learning rate at each drop."
    )
    warmup: float = Field(
        0.0, ge=0, lt=1, description="[assumption] Fraction of the steps over which the learning rate rises."
    )
    loss_weighting: Literal["none", "inverse_sigma"] = Field(
        "none",
        description="Weight of a sample in the L1 loss: one, or one over the noise level in its scaled "
        "image.",
    )
    ema_decay: float = Field(
        0.999, ge=0, lt=1, description="[assumption] Decay of the exponential moving average of the weights."
    )
    clip_norm: float = Field(
        1.0, ge=0, description="[assumption] Largest norm of the gradient; 0 does not clip."
    )
    precision: Literal["32", "bf16"] = Field(
        "bf16", description="Arithmetic of the network: single precision, or mixed with bfloat16."
    )
    buffer_chunks: int = Field(
        64,
        ge=1,
        description="[assumption] Chunks of components in the shuffle buffer, drawn from the whole split.",
    )
    workers: int = Field(
        0,
        ge=0,
        le=64,
        description="Processes that prepare batches; 0 prepares them in line, or on a thread where the steps are taken on a GPU.",
    )
    validate_every: int = Field(
        0, ge=0, description="Steps between validations; 0 validates at the end only."
    )
    checkpoint_every: int = Field(500, ge=1, description="Steps between checkpoints.")
    residual: Literal["none", "spline", "sloped_spline"] = Field(
        "none",
        description="What the network's output is added to: nothing as published, or the cubic spline through the "
        "measured voxels, which behind the last of them holds its value or continues its slope.",
    )
    missing_weight: float = Field(
        1.0,
        gt=0,
        description="[assumption] Weight of missing voxels in the loss, relative to measured ones.",
    )
    compile: bool = Field(
        False, description="Compile the network (torch.compile): minutes once, faster steps on a GPU."
    )
    repeats: int = Field(
        1, ge=1, le=16, description="Trainings with different seeds; each is scored, and their spread shown."
    )
    seed: int = Field(0, ge=0, description="Added to the seed that is derived for the network.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.degradation.noise_free and self.loss_weighting == "inverse_sigma":
            raise ValueError("found loss_weighting inverse_sigma with noise_free samples, expected none")
        if self.residual != "none" and getattr(self.network, "factor", 1) == 1:
            raise ValueError(
                f"found residual {self.residual} for {self.network.name}, expected a network that upsamples"
            )
        return self
