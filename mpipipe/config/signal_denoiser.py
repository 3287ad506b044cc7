"""Networks that denoise signals, and their training on noisy periods (self-supervised signal denoising, IJMPI)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.config.optimisation import Optimisation

LEVELS = 4
"""Encoder blocks, and decoder blocks, of the published network (section II.I)."""

Growth = Annotated[
    tuple[Annotated[int, Field(ge=1, le=64)], ...], Field(min_length=LEVELS, max_length=LEVELS)
]


class _SignalNetwork(Section):
    """What both U-Nets have in common."""

    width: int = Field(16, ge=1, le=1024, description="[assumption] Features C of the first map.")
    growth: Growth = Field(
        (1, 2, 4, 4),
        description="[assumption] Features after each of the four down-samplings, over the width.",
    )
    kernel: int = Field(9, ge=1, le=65, description="[assumption] Samples of a convolution's filter, odd.")
    stride: int = Field(
        1,
        ge=1,
        le=16,
        description="[assumption] Samples N0 of a signal over those N of the first map; the last layer undoes it.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel: found {self.kernel}, expected an odd number of samples")
        return self


class SignalUNetConfig(_SignalNetwork):
    """The published encoder and decoder; their sizes are in a figure without text."""

    name: Literal["SignalUNet"] = Field("SignalUNet", description="Architecture.")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="[assumption] Probability that a feature is dropped in training."
    )


class PlainSignalUNetConfig(_SignalNetwork):
    """A plain U-Net along time, for Noise2Noise and Recorrupted-to-Recorrupted."""

    name: Literal["PlainSignalUNet"] = Field(description="Architecture.")


class CycleUNetConfig(Section):
    """Named variant: the folded period as an image of drive cycles, corrected beside a linear estimate."""

    name: Literal["CycleUNet"] = Field(description="Architecture.")
    width: int = Field(32, ge=1, le=1024, description="Features of the finest images; doubled at each level.")
    levels: int = Field(2, ge=1, le=6, description="Down-samplings along cycles and samples.")
    rank: int = Field(
        100,
        ge=1,
        le=4096,
        description="Principal components of the noisy training signals that the linear estimate lies in.",
    )
    noise_factor: float = Field(1.0, ge=0, description="Factor f of the noise in the linear estimate's gain.")


SignalDenoiserConfig = Annotated[
    SignalUNetConfig | PlainSignalUNetConfig | CycleUNetConfig,
    Field(discriminator="name", description="Network from a noisy to a denoised signal, and its size."),
]


class SignalTraining(Optimisation):
    """Training of a network on noisy periods alone; the defaults are the published ones."""

    network: SignalDenoiserConfig = Field(default_factory=SignalUNetConfig)
    objective: Literal["noise2noise", "recorrupted"] = Field(
        "noise2noise",
        description="Target: the other period of the scene, or the same period with noise of the opposite sign.",
    )
    penalty: Literal["l1", "l2"] = Field(
        "l1", description="Mean absolute (eq. 3) or mean squared difference of estimate and target."
    )
    alpha: float = Field(0.05, ge=0, description="Weight of the symmetry of the gradient (eq. 5).")
    beta: float = Field(0.01, ge=0, description="Weight of the total variation (eq. 6).")
    recorruption: float = Field(
        0.5,
        gt=0,
        description="[assumption] Standard deviation r of the noise that a recorrupted input gets, over that of the "
        "measurement; 0.5 in the code of Recorrupted-to-Recorrupted.",
    )
    recorruptions: int = Field(
        8,
        ge=0,
        le=1000,
        description="[assumption] Recorrupted passes whose mean is the estimate; 0 passes the signal itself once.",
    )
    mirror: bool = Field(
        False,
        description="[assumption] Mirror pairs of periods about the middle of the period at random, with opposite sign, "
        "as the drive's symmetry allows; not published.",
    )
    steps: int = Field(
        20000, ge=1, description="[assumption] Optimiser steps; 10 epochs of 8000 signals in batches of 4."
    )
    batch: int = Field(4, ge=1, le=65536, description="Signals in a batch.")
    learning_rate: float = Field(1e-4, gt=0, le=1, description="Peak learning rate of Adam.")
    validate_every: int = Field(
        1000,
        ge=1,
        description="Steps between validations; the weights that are best at one of them are kept.",
    )
