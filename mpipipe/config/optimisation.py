"""How a network is optimised, whatever it is trained on."""

from typing import Literal

from pydantic import Field

from mpipipe.config.base import Section


class Optimisation(Section):
    """Steps, learning rate, averaging and checkpoints of a training with Adam."""

    steps: int = Field(2000, ge=1, description="Optimiser steps.")
    batch: int = Field(64, ge=1, le=65536, description="[assumption] Images in a batch.")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Peak learning rate of Adam.")
    schedule: Literal["constant", "cosine", "step"] = Field(
        "cosine",
        description="[assumption] Learning rate: constant, along half a cosine to zero, or reduced in steps.",
    )
    step_fraction: float = Field(
        0.2,
        gt=0,
        le=1,
        description="Steps between reductions of the learning rate, as a fraction of all; PP-MPI: 30 of 150 epochs.",
    )
    gamma: float = Field(
        0.5, gt=0, le=1, description="Factor of the learning rate at each reduction; PP-MPI: 0.5."
    )
    warmup: float = Field(
        0.0, ge=0, lt=1, description="[assumption] Fraction of the steps over which the learning rate rises."
    )
    ema_decay: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="[assumption] Decay of the exponential moving average of the weights; 0 takes the last.",
    )
    clip_norm: float = Field(
        1.0, ge=0, description="[assumption] Largest norm of the gradient; 0 does not clip."
    )
    precision: Literal["32", "bf16"] = Field(
        "bf16", description="Arithmetic of the training: single precision, or mixed with bfloat16."
    )
    validate_every: int = Field(
        200,
        ge=1,
        description="Steps between validations; the weights that are best at one of them are kept.",
    )
    checkpoint_every: int = Field(500, ge=1, description="Steps between checkpoints.")
    repeats: int = Field(
        1, ge=1, le=16, description="Trainings with different seeds; each is scored, and their spread shown."
    )
    seed: int = Field(0, ge=0, description="Added to the seed that is derived for the network.")
