"""Simulated measurements of phantoms: what is measured, with which scanner, on which grid, with how much noise."""

from typing import Literal

from pydantic import Field

from mpipipe.config.base import Section
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner

PhantomName = Literal["snake", "resolution", "spiral", "nested_rectangles"]


class Setup(Section):
    """A phantom in a scanner, calibrated on a grid."""

    phantom: PhantomName = Field("snake", description="Phantom, a key of `mpipipe.scenes.phantoms.PHANTOMS`.")
    concentration: float = Field(
        1.0,
        gt=0,
        description="[assumption] Tracer concentration inside the phantom, relative to the calibration sample.",
    )
    scanner: Scanner = Field(
        default_factory=lambda: Scanner(
            gradient_T_per_m=(-1.0, -1.0, 2.0), drive_amplitude_mT=(12.0, 12.0, 0.0), divider=(102, 96, 99)
        ),
        description="Scanner; the default is the preclinical one of the Open MPI data.",
    )
    particle: Particle = Field(
        default_factory=lambda: Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, kind="fluid"),
        description="[assumption] Tracer.",
    )
    grid: Grid = Field(
        default_factory=lambda: Grid(shape=(17, 15), field_of_view_mm=(34.0, 30.0)),
        description="Calibration grid; the default is the snake's of Tsanda 2025.",
    )
    refinement_factor: int = Field(
        3,
        ge=2,
        le=8,
        description="Voxels of the measured grid per voxel of the calibration grid, along each axis.",
    )
    components: int | None = Field(
        None,
        ge=1,
        description="Number of the calibration's strongest components that are kept, which bounds its memory; null keeps all.",
    )


class Scene(Setup):
    """One entry of section ``scene``: a setup, and how noisy its calibration and measurement are."""

    matrix_noise: float = Field(
        0.005,
        ge=0,
        description="[assumption] Mean σ of the calibration's complex noise over the largest value of the matrix.",
    )
    signal_noise: float = Field(
        0.0005, ge=0, description="[assumption] Mean σ of the measurement's noise over its largest component."
    )
