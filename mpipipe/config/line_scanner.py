"""The 1-D scanner whose inverse perceptrons learn (Chae 2017, section III.1)."""

from typing import Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner


class LineScanner(Section):
    """Drive along x alone, isotropic particles of several sizes, voxels on a line, and the harmonics that are kept.

    With a cosine drive and moments in equilibrium all harmonics have one phase, so each is one real number.
    """

    scanner: Scanner = Field(
        default_factory=lambda: Scanner(
            gradient_T_per_m=(2, -1, -1),
            drive_amplitude_mT=(32, 0, 0),
            divider=(4096, 1, 1),
            base_frequency_Hz=81.92e6,
        ),
        description="Driven along x by a cosine at base frequency over divider, 20 kHz. A period has as many samples as "
        "the divider says; 4096 keep aliases of 50 nm particles below rounding.",
    )
    particle: Particle = Field(
        default_factory=lambda: Particle(core_diameter_nm=40, saturation_A_per_m=477465, temperature_K=293),
        description="Isotropic; saturation 0.6 T/mu0, 293 K [assumption]. Its diameter is that of the reference set.",
    )
    grid: Grid = Field(
        default_factory=lambda: Grid(shape=(129,), field_of_view_mm=(32.25,)),
        description="Voxels of 0.25 mm whose centres reach from -16 to 16 mm.",
    )
    diameters_nm: tuple[float, ...] = Field(
        (20, 25, 30, 35, 40, 45, 50), min_length=1, description="Core diameters that are compared, in nm."
    )
    harmonics: int = Field(200, ge=1, description="Harmonics 1 to this one are the inputs.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        scanner, samples = self.scanner, self.scanner.samples
        if scanner.active != (0,) or scanner.waveform != "cosine" or scanner.phase_rad[0]:
            raise ValueError(
                f"scanner: found drive_amplitude_mT {list(scanner.drive_amplitude_mT)}, {scanner.waveform}, phase_rad "
                f"{list(scanner.phase_rad)}, expected a cosine of phase 0 along x alone"
            )
        if not scanner.gradient_T_per_m[0]:
            raise ValueError("scanner: found gradient_T_per_m 0 along x, expected another value")
        if len(self.grid.shape) != 1:
            raise ValueError(f"grid: found shape {list(self.grid.shape)}, expected one axis")
        if self.particle.anisotropy_J_per_m3:
            found = self.particle.anisotropy_J_per_m3
            raise ValueError(f"particle: found anisotropy_J_per_m3 {found}, expected 0")
        if min(self.diameters_nm) <= 0:
            raise ValueError(f"diameters_nm: found {list(self.diameters_nm)}, expected positive values")
        if 2 * self.harmonics >= samples:
            raise ValueError(
                f"harmonics: found {self.harmonics}, expected fewer than half the {samples} samples of a period"
            )
        return self
