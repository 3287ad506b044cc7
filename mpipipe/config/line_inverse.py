"""Settings of the classical inverses of a 1-D system matrix, and the values that tuning tries."""

from typing import Annotated, Literal

from pydantic import Field

from mpipipe.config.base import Section

LineInverseName = Literal["Truncated SVD", "Tikhonov"]

Rank = Annotated[int, Field(ge=1)]
Regularization = Annotated[float, Field(ge=0)]
Flags = Annotated[tuple[bool, ...], Field(min_length=1)]
Means = Annotated[tuple[float, ...], Field(min_length=1)]

PARAMETERS = (
    0.0,
    *(float(f"{digit}e{power}") for power in range(-15, -4) for digit in (1, 3)),
    *(float(f"{digit}e{power}") for power in range(-4, 0) for digit in (1, 1.5, 2, 3, 5, 7)),
    1.0,
)


class LineInverseConfig(Section):
    """What every inverse knows of scenes, so that it knows as much as a network that was trained on them."""

    prior_mean: float = Field(
        0.0, description="Value m that voxels are drawn to: c = m + inverse of (u − S m)."
    )
    clip: bool = Field(
        True, description="Clip estimates to [0, 1]: never worse where the truth lies there, as 0 and 1 do."
    )


class TruncatedSvdConfig(LineInverseConfig):
    """Pseudo-inverse of the strongest singular values."""

    rank: Rank = Field(129, description="Singular values that are used, or as many as there are.")


class TikhonovConfig(LineInverseConfig):
    """Least squares with the squared norm as penalty."""

    regularization: Regularization = Field(
        0.0, description="λ, relative to the largest singular value: those below are damped."
    )


LineInverseSettings = TruncatedSvdConfig | TikhonovConfig


class LineInverseSearch(Section):
    """Values that tuning tries, every combination of those that a method has.

    Without noise an ill-conditioned matrix wants parameters down to the rounding error; noise wants a fine step from 1e-4 on.
    """

    rank: Annotated[tuple[Rank, ...], Field(min_length=1)] = Field(
        tuple(range(1, 130, 2)), description="Of the truncated SVD."
    )
    regularization: Annotated[tuple[Regularization, ...], Field(min_length=1)] = Field(
        PARAMETERS,
        description="λ of Tikhonov, relative to the largest singular value; 0 is the pseudo-inverse.",
    )
    prior_mean: Means = Field(
        (0.0, 0.5), description="Of both; 0.5 is the mean of voxels that are 0 or 1 with equal probability."
    )
    clip: Flags = Field((False, True), description="Of both.")
