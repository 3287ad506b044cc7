"""Settings of the classical methods that sharpen collinear images, and the values that tuning tries."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section

Values = Annotated[tuple[float, ...], Field(min_length=1)]
Counts = Annotated[tuple[int, ...], Field(min_length=1)]
DirectionsName = Literal["local", "diagonal"]


class BlurConfig(Section):
    """Forward model that the methods invert."""

    directions: DirectionsName = Field(
        "local",
        description="[assumption] Direction of motion in the kernel: 'local', that of the trajectory at each pixel, or "
        "'diagonal', 45° and 135° everywhere.",
    )
    sub_samples: int = Field(
        4,
        ge=1,
        le=32,
        description="[assumption] Points along each axis that the kernel is averaged over, within the pixel of a source.",
    )


class WienerConfig(Section):
    """Linear minimum-mean-square-error estimate with the power spectrum S(k) = 1/|k|^q."""

    regularization: float = Field(
        1e-4,
        gt=0,
        description="λ: noise over signal at one cycle per mm, relative to the largest eigenvalue of HᵀH.",
    )
    prior_exponent: float = Field(
        2.0, ge=0, le=4, description="q of the prior S(k) = 1/|k|^q, k in cycles per mm; 0 is a white prior."
    )
    iterations: int = Field(400, ge=1, description="[assumption] Most conjugate-gradient iterations.")
    tolerance: float = Field(
        1e-5,
        gt=0,
        lt=1,
        description="[assumption] Preconditioned residual of the normal equations, relative to that of zero, that ends "
        "them; images are then within 2 %.",
    )


class RichardsonLucyConfig(Section):
    """Richardson–Lucy iteration over both images; the number of iterations regularises."""

    iterations: int = Field(50, ge=1, description="Iterations.")
    accelerated: bool = Field(
        True, description="[assumption] Extrapolate as Biggs and Andrews do; False is the plain iteration."
    )


class VariationConfig(Section):
    """Least squares with a total variation, under positivity."""

    weight: float = Field(
        1e-3,
        gt=0,
        description="Weight of the total variation, relative to the maximum of the back projection Hᵀy.",
    )
    penalty: float = Field(
        2e-3,
        gt=0,
        description="[assumption] Penalty parameter ρ of ADMM, relative to the largest eigenvalue of HᵀH; decides the "
        "speed, not the limit.",
    )
    iterations: int = Field(300, ge=1, description="[assumption] Iterations.")
    inner_iterations: int = Field(
        10, ge=1, description="[assumption] Iterations of each proximal map of the total variation."
    )


class DeconvolutionConfig(Section):
    """Settings of the methods; those in the search are tuned, the others hold."""

    blur: BlurConfig = Field(default_factory=BlurConfig)
    wiener: WienerConfig = Field(default_factory=WienerConfig)
    richardson_lucy: RichardsonLucyConfig = Field(default_factory=RichardsonLucyConfig)
    tv: VariationConfig = Field(default_factory=VariationConfig)


class DeconvolutionSearch(Section):
    """Values that tuning tries, every combination of those that a method has."""

    wiener_regularization: Values = Field(
        (1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
        description="λ of Wiener.",
    )
    wiener_prior_exponent: Values = Field((0.0, 2.0), description="q of the prior of Wiener.")
    richardson_lucy_iterations: Counts = Field(
        (5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000),
        description="Iterations of Richardson-Lucy, increasing: all are seen in one run.",
    )
    tv_weight: Values = Field(
        (1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2), description="Weight of TV."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        counts = self.richardson_lucy_iterations
        if counts[0] < 1 or list(counts) != sorted(set(counts)):
            raise ValueError(
                f"richardson_lucy_iterations: found {list(counts)}, expected increasing numbers from at least 1"
            )
        return self
