"""How a network is trained (Tsanda 2025, section 3.3), and which one."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mpipipe.config.base import Section
from mpipipe.config.interval import PositiveInterval


class DnCNNConfig(Section):
    """Architecture of a DnCNN; published are depth 17, width 64, batch normalisation and zero borders."""

    name: Literal["DnCNN"] = Field("DnCNN", description="Architecture.")
    depth: int = Field(17, ge=2, le=64, description="Number of convolutions.")
    width: int = Field(64, ge=1, le=1024, description="Number of features.")
    normalisation: Literal["batch", "none"] = Field(
        "batch",
        description="Batch normalisation as published, or none; statistics are taken over valid voxels.",
    )
    border: Literal["zeros", "masked"] = Field(
        "zeros",
        description="Features beyond the grid: free within the zero-padded patch, or set to zero after "
        "each layer.",
    )


def _fractions(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(not 0 < v <= 1 for v in values) or any(a >= b for a, b in pairwise(values)):
        raise ValueError(f"found {list(values)}, expected increasing fractions of the steps in (0, 1]")
    return values


Fractions = Annotated[tuple[float, ...], AfterValidator(_fractions)]


class DegradationConfig(Section):
    """What is drawn for each training sample."""

    sigma_range: PositiveInterval = Field(
        (0.01, 0.5), description="[assumption] Standard deviation of the complex noise at max|s| = 1."
    )
    sigma_distribution: Literal["uniform", "log_uniform"] = Field(
        "log_uniform", description="[assumption] Distribution of the standard deviation."
    )
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
    patch: int = Field(32, ge=1, le=512, description="[assumption] Patch size in voxels along each axis.")
    patch_step: int = Field(
        0,
        ge=0,
        description="0: every patch has the full size. Else batches gather grids of similar size, and "
        "their patch is "
        "the largest of them rounded up to a multiple of this many voxels.",
    )


class TrainConfig(Section):
    """One entry of section ``train``: architecture, samples, optimisation."""

    network: DnCNNConfig = Field(default_factory=DnCNNConfig)
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
        0, ge=0, le=64, description="Processes that prepare batches; 0 prepares them in line."
    )
    validate_every: int = Field(
        0, ge=0, description="Steps between validations; 0 validates at the end only."
    )
    checkpoint_every: int = Field(500, ge=1, description="Steps between checkpoints.")
    seed: int = Field(0, ge=0, description="Added to the seed that is derived for the network.")
