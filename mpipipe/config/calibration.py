"""Calibrations of the reconstruction study: which scanner, which tracer, how noisy, how many rows are kept."""

from typing import Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner


def _tracer() -> Particle:
    return Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, kind="fluid")


class CalibrationConfig(Section):
    """One entry of section ``calibration``: a 2-D system matrix as a scanner would measure it."""

    scanner: Scanner = Field(default_factory=Scanner, description="Scanner.")
    particle: Particle = Field(default_factory=_tracer, description="[assumption] Tracer.")
    grid: Grid = Field(
        default_factory=lambda: Grid(shape=(19, 19), field_of_view_mm=(38.0, 38.0)),
        description="Calibration grid, two axes.",
    )
    components: int = Field(
        839, ge=1, description="Rows that are kept, those of the highest signal-to-noise ratio."
    )
    file: str | None = Field(
        None,
        description="A measured calibration of yours (MDF v2) in place of the simulated one; its phantoms are left out.",
    )
    z_slice: int | None = Field(
        None,
        ge=0,
        description="Slice of a measured 3-D calibration, counted from 0; Peng 2024 took the tenth.",
    )
    harmonics: tuple[int, int] | None = Field(
        None,
        description="First and last harmonic of the lowest drive frequency that rows lie around, half of it to each side; "
        "null keeps all frequencies.",
    )
    keep_above: float = Field(
        1e-4,
        gt=0,
        lt=1,
        description="Components below this fraction of their channel's strongest are not simulated: noise hides them.",
    )
    matrix_noise: float = Field(
        0.00012,
        gt=0,
        description="[assumption] Mean σ of the calibration's complex noise over the largest value of the matrix; the "
        "default puts the threshold of the 839 rows near the paper's SNR of 1.5.",
    )
    empty_frames: int = Field(
        362, ge=2, le=1_000_000, description="Empty frames that the noise is measured by."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.grid.shape) != 2:
            raise ValueError(f"grid: found {len(self.grid.shape)} axes, expected 2")
        if self.harmonics is not None and not 1 <= self.harmonics[0] <= self.harmonics[1]:
            raise ValueError(
                f"harmonics: found {list(self.harmonics)}, expected [first, last] with 1 <= first <= last"
            )
        return self


def default_calibrations() -> dict[str, CalibrationConfig]:
    """Return the two calibrations of Peng 2024, section 3.1, by name.

    ``openmpi``: preclinical scanner of the Open MPI data, 19 x 19 positions, 839 rows. ``inhouse``: 1.7 T/m along x and y,
    25 kHz, 11 x 11 positions, harmonics 1 to 13, 139 rows. Of the latter the second drive frequency (26.04 kHz, which
    closes a Lissajous curve of 0.96 ms) and the amplitude (18.7 mT, which scans the field of view to its edge) are an
    [assumption].
    """
    inhouse = Scanner(
        gradient_T_per_m=(1.7, 1.7, -3.4), drive_amplitude_mT=(18.7, 18.7, 0.0), divider=(100, 96, 99)
    )
    return {
        "openmpi": CalibrationConfig(),
        "inhouse": CalibrationConfig(
            scanner=inhouse,
            grid=Grid(shape=(11, 11), field_of_view_mm=(22.0, 22.0)),
            components=139,
            harmonics=(1, 13),
        ),
    }
