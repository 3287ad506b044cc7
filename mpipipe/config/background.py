"""Empty-frame background: how a series is synthesised where no measured one is given."""

from typing import Literal

from pydantic import Field

from mpipipe.config.base import Section
from mpipipe.config.interval import PositiveInterval


class BackgroundConfig(Section):
    """Section ``background``: the series of empty frames that all noise is cut from.

    Levels are relative to the mean noise level of the scanner. A cut is scaled to a given standard deviation
    afterwards, so only the ratios of white part, drift and jumps within a component shape restoration.
    """

    file: str | None = Field(
        None,
        description="Measured empty frames (.npy or HDF5) in place of the synthetic series; null "
        "synthesises.",
    )
    num_frames: int = Field(
        4000,
        ge=2,
        le=1_000_000,
        description="[assumption] Empty frames in a 2-D series; at least the voxels of a grid.",
    )
    num_frames_3d: int = Field(
        40_000,
        ge=2,
        le=10_000_000,
        description="[assumption] Empty frames in a 3-D series; at least the voxels of a grid.",
    )
    frequencies_3d: int = Field(
        64,
        ge=1,
        description="[assumption] Frequencies of a synthetic 3-D series, spread over the band; a component takes the "
        "nearest below, since 26929 frequencies of as many frames as a 3-D grid has voxels are gigabytes.",
    )
    white_level: float = Field(1.0, ge=0, description="[assumption] Standard deviation of the white part.")
    drift_level: float = Field(
        0.3,
        ge=0,
        description="[assumption] Standard deviation of the slow drift, relative to the white level.",
    )
    drift_spread: float = Field(
        0.5,
        ge=0,
        le=3,
        description="[assumption] Spread of the drift level over components (std of its logarithm).",
    )
    drift_model: Literal["mean_reverting", "random_walk"] = Field(
        "mean_reverting",
        description="[assumption] Drift reverts to zero, or walks freely with the same steps.",
    )
    drift_frames: PositiveInterval = Field(
        (50.0, 500.0),
        description="[assumption] Correlation length of the drift in frames, log-uniform over components.",
    )
    jumps_per_frame: float = Field(
        0.001,
        ge=0,
        le=1,
        description="[assumption] Probability of a jump per frame; all of a channel jump together.",
    )
    jump_level: float = Field(
        0.5, ge=0, description="[assumption] Standard deviation of a jump, relative to the white level."
    )
    corner_fraction: float = Field(
        0.05,
        gt=0,
        le=1,
        description="[assumption] Corner of the low-frequency rise, as a fraction of the band.",
    )
    low_frequency_exponent: float = Field(
        1.0,
        ge=0,
        le=4,
        description="[assumption] Noise power rises as (corner/frequency)^exponent below the corner.",
    )
    channel_spread: float = Field(
        0.2,
        ge=0,
        le=3,
        description="[assumption] Spread of the noise level over channels (std of its logarithm).",
    )
    frequency_spread: float = Field(
        0.1,
        ge=0,
        le=3,
        description="[assumption] Spread of the noise level over frequencies (std of its logarithm).",
    )
