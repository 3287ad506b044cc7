"""Phantoms from handwritten digits: where the digits come from, and how they are laid on a grid."""

from math import ceil, sqrt
from typing import Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.config.interval import Interval


class DigitsConfig(Section):
    """Section ``digits``: training, validation and test phantoms of the reconstruction study (Peng 2024, section 3.1)."""

    source: Literal["digits", "mnist"] = Field(
        "digits",
        description="Handwritten digits: the 1797 of scikit-learn, 8 x 8, or a user's MNIST file, 28 x 28.",
    )
    mnist_images: str | None = Field(
        None, description="Path of MNIST's images, IDX format, gzip or not; needed by source mnist."
    )
    mnist_sha256: str | None = Field(
        None,
        pattern="^[0-9a-fA-F]{64}$",
        description="SHA-256 that the file must have; null checks nothing.",
    )
    crop: int = Field(
        15, ge=2, le=1024, description="Edge of the middle part of a digit that is kept, in pixels."
    )
    canvas: int = Field(
        28,
        ge=2,
        le=4096,
        description="[assumption] Edge of the square that the part is placed in, in pixels; it becomes the whole grid.",
    )
    rotation_deg: Interval = Field(
        (-180.0, 180.0), description="[assumption] Rotation, uniform in this interval, in degrees."
    )
    fractions: tuple[float, float, float] = Field(
        (0.8, 0.1, 0.1),
        description="Shares of the source digits that training, validation and test phantoms are made from.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.source == "mnist" and self.mnist_images is None:
            raise ValueError("mnist_images: found null, expected the path of an IDX file for source mnist")
        smallest = ceil(sqrt(2) * (self.crop + 1))
        if self.canvas < smallest:
            raise ValueError(
                f"canvas: found {self.canvas}, expected at least {smallest}, which holds {self.crop} pixels at any angle"
            )
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(
                f"fractions: found {list(self.fractions)}, expected three positive shares of sum 1"
            )
        return self
