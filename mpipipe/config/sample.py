"""What is drawn for each system matrix: particle, scanner and calibration (Tsanda 2025, Table 1)."""

from typing import Annotated, Literal

from pydantic import Field

from mpipipe.config.base import Section
from mpipipe.config.interval import Interval, PositiveInterval, within


class ParticleRanges(Section):
    """Ranges of the particle parameters."""

    core_diameter_nm: Annotated[PositiveInterval, within(1, 100, "nm")] = Field(
        (15.0, 25.0), description="Core diameter; its cube is drawn uniformly (Tsanda 2025)."
    )
    anisotropy_J_per_m3: PositiveInterval = Field(
        (100.0, 10_000.0),
        description="[assumption] Anisotropy constant, log-uniform; the paper's interval is not in its text.",
    )
    fluid_probability: float = Field(
        0.5, ge=0, le=1, description="[assumption] Probability of a fluid particle; else it is immobilised."
    )
    gamma: Interval = Field(
        (0.3, 1.3),
        description="Exponent of the spatial modulation of fluid particles, uniform (Tsanda 2025).",
    )
    temperature_K: float = Field(293.0, gt=0, le=1000, description="Temperature (Tsanda 2025).")
    saturation_A_per_m: float = Field(474_000.0, gt=0, description="Saturation magnetization (Tsanda 2025).")


class ScannerRanges(Section):
    """Ranges of the scanner parameters."""

    drive_amplitude_mT: Annotated[PositiveInterval, within(0.1, 100, "mT")] = Field(
        (5.0, 14.0), description="Drive-field amplitude per axis, uniform (Tsanda 2025)."
    )
    gradient_xy_T_per_m: Annotated[PositiveInterval, within(0.01, 20, "T/m")] = Field(
        (0.1, 1.5), description="Gradients along x and y, uniform; the one along z is minus their sum."
    )
    base_frequency_Hz: float = Field(2.5e6, gt=0, description="Base frequency that the dividers divide.")
    divider: tuple[int, int, int] = Field(
        (102, 96, 99), description="Dividers of the drive fields along x, y, z."
    )


class CalibrationRanges(Section):
    """Ranges of the calibration grid."""

    field_of_view_scale: PositiveInterval = Field(
        (1.0, 1.5),
        description="[assumption] Calibration field of view over drive-field field of view, uniform.",
    )
    pixels_per_fwhm: PositiveInterval = Field(
        (3.0, 7.0), description="[assumption] Grid points per full width at half maximum, uniform."
    )
    grid_size: tuple[int, int] = Field((12, 30), description="Smallest and largest grid size of an axis.")


class Ensemble(Section):
    """Dimension of an ensemble and the number of its system matrices in each split."""

    dimension: Literal[2, 3] = Field(2, description="2 or 3: Lissajous in the xy-plane or in space.")
    train: int = Field(200, ge=1, description="Number of system matrices to train on.")
    val: int = Field(40, ge=1, description="Number of system matrices to tune on.")
    test: int = Field(100, ge=2, description="Number of system matrices to report on.")
    refinement: float = Field(
        1.0,
        ge=1,
        le=8,
        description="[assumption] Factor of the grid points per full width at half maximum and of the limits of the "
        "grid, for larger calibration grids of the same field.",
    )

    def grid_limits(self, calibration: CalibrationRanges) -> tuple[int, int]:
        """Return the smallest and the largest number of voxels along an axis."""
        low, high = (round(limit * self.refinement) for limit in calibration.grid_size)
        return low, high


class SampleConfig(Section):
    """Section ``sample``: parameter tables, one row a system matrix."""

    particle: ParticleRanges = Field(default_factory=ParticleRanges)
    scanner: ScannerRanges = Field(default_factory=ScannerRanges)
    calibration: CalibrationRanges = Field(default_factory=CalibrationRanges)
    ensembles: dict[str, Ensemble] = Field(
        default_factory=lambda: {"lissajous_2d": Ensemble()}, description="Ensembles by name."
    )
