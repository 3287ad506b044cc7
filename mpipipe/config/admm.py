"""Settings of the solvers that alternate between a prior and the data: ADMM and plug-and-play."""

from typing import Literal

from pydantic import Field

from mpipipe.config.reconstruct import RowSelection

PenaltyName = Literal["l1", "tv", "l1_tv"]


class ConstrainedConfig(RowSelection):
    """What every solver of ``min R(x), ‖Ax − b‖ ≤ ε, x ≥ 0`` by ADMM shares."""

    iterations: int = Field(200, ge=1, le=1_000_000, description="Iterations (Peng 2024: 200).")
    scale: float = Field(
        10.0,
        gt=0,
        description="[assumption] Largest singular value that matrix and signal are rescaled to; decides how "
        "fast the data constraint is met, not the limit.",
    )
    noise_factor: float = Field(
        1.0, ge=0, description="Radius ε of the data constraint over the norm of the noise (Peng 2024: 1)."
    )


class AdmmConfig(ConstrainedConfig):
    """ADMM with an L1 norm, a total variation, or both; row selection is applied by the front door."""

    penalty: PenaltyName = Field(
        "l1_tv",
        description="R(x): 'l1' ‖x‖₁, 'tv' TV(x), 'l1_tv' α TV(x) + (1 − α) ‖x‖₁ with α the ``tv_share``.",
    )
    mu: float = Field(
        100.0,
        gt=0,
        description="Penalty parameter μ: thresholds are 1/μ of the peak of the starting image; decides the "
        "speed, not the limit.",
    )
    tv_share: float = Field(
        0.8, ge=0, le=1, description="Share α of the total variation in 'l1_tv' (Peng 2024: 0.5 to 0.8)."
    )
    tv_iterations: int = Field(
        10, ge=1, description="Iterations of each proximal map of the total variation."
    )


class AdmmL1Config(AdmmConfig):
    """ADMM with the L1 norm."""

    penalty: Literal["l1"] = Field("l1", description="Fixed by the method.")


class AdmmTvConfig(AdmmConfig):
    """ADMM with the total variation."""

    penalty: Literal["tv"] = Field("tv", description="Fixed by the method.")


class AdmmL1TvConfig(AdmmConfig):
    """ADMM with the L1 norm and the total variation."""

    penalty: Literal["l1_tv"] = Field("l1_tv", description="Fixed by the method.")


class PlugAndPlayConfig(ConstrainedConfig):
    """ADMM with a denoiser in place of a proximal map (PP-MPI)."""

    iterations: int = Field(20, ge=1, le=1_000_000, description="Iterations (Peng 2024: 10 to 70).")
