"""A user's own simulation: scanner, particle, grid, noise, and what is measured."""

from typing import Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner


class PhantomScan(Section):
    """Measurement of a phantom."""

    name: str = Field(
        "resolution", description="Phantom: snake, resolution, spiral or nested_rectangles (docs/data.md)."
    )
    refinement: int = Field(
        2, ge=2, le=8, description="Voxels of the simulated grid in one of the calibration, along each axis."
    )
    noise: float = Field(
        1e-3,
        ge=0,
        le=10,
        description="Standard deviation of the complex noise over the signal's largest modulus.",
    )


class Simulation(Section):
    """Content of the file that `mpipipe simulate` reads."""

    scanner: Scanner = Field(default_factory=Scanner)
    particle: Particle = Field(
        default_factory=lambda: Particle(
            core_diameter_nm=20, anisotropy_J_per_m3=1250, kind="fluid", easy_axis=(1, 0, 0)
        )
    )
    grid: Grid = Field(default_factory=lambda: Grid(shape=(30, 30), field_of_view_mm=(30, 30)))
    noise: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Standard deviation of the calibration's complex noise over the matrix's largest modulus; 0 is none.",
    )
    phantom: PhantomScan | None = Field(
        None, description="What the measurement shows; none given means no measurement."
    )
    seed: int = Field(0, ge=0, description="Seed of the noise.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.phantom is not None and len(self.grid.shape) < 2:
            raise ValueError(
                f"phantom: found a grid of {len(self.grid.shape)} axis, expected two or three for a phantom"
            )
        return self
