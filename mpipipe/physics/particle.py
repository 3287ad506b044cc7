"""Particle: magnetic core, temperature, and uniaxial anisotropy."""

from math import pi
from typing import Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section

BOLTZMANN_J_PER_K = 1.380649e-23


class Particle(Section):
    """Magnetic nanoparticle in thermal equilibrium (Maass et al. 2024, equilibrium model with anisotropy).

    An immobilised particle has one easy axis and one anisotropy constant. A fluid particle turns its easy axis along
    the selection field, and its anisotropy grows with it; see :func:`mpipipe.physics.anisotropy.local_anisotropy`.
    """

    core_diameter_nm: float = Field(20.0, gt=0, le=200, description="Diameter of the magnetic core in nm.")
    anisotropy_J_per_m3: float = Field(
        0.0, ge=0, le=1e6, description="Anisotropy constant, for a fluid particle the largest, in J/m^3."
    )
    kind: Literal["immobilised", "fluid"] = Field(
        "immobilised", description="Fixed or field-dependent easy axis."
    )
    easy_axis: tuple[float, float, float] = Field(
        (1.0, 0.0, 0.0),
        description="Easy axis of an immobilised particle, any length; fluid: used at the origin only.",
    )
    gamma: float = Field(1.0, gt=0, le=10, description="Exponent of a fluid particle's anisotropy.")
    temperature_K: float = Field(293.0, gt=0, description="Temperature in K.")
    saturation_A_per_m: float = Field(
        474000.0, gt=0, description="Saturation magnetization of the core in A/m."
    )
    convention: Literal["selection_field", "position"] = Field(
        "selection_field", description="[assumption] What a fluid particle's easy axis and anisotropy follow."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not any(self.easy_axis):
            raise ValueError(f"easy_axis: found {list(self.easy_axis)}, expected a vector that is not zero")
        return self

    @property
    def volume_m3(self) -> float:
        """Volume of the core, ``pi D^3 / 6``."""
        return pi * (self.core_diameter_nm * 1e-9) ** 3 / 6

    @property
    def moment_A_m2(self) -> float:
        """Magnetic moment at saturation, ``Ms V``."""
        return self.saturation_A_per_m * self.volume_m3

    @property
    def thermal_energy_J(self) -> float:
        """Thermal energy ``kB T``."""
        return BOLTZMANN_J_PER_K * self.temperature_K

    @property
    def beta_per_T(self) -> float:
        """Field scale ``beta = m / (kB T)``; the dimensionless field is ``b = beta B``."""
        return self.moment_A_m2 / self.thermal_energy_J

    @property
    def alpha_K(self) -> float:
        """Anisotropy energy over thermal energy, ``K V / (kB T)``."""
        return self.anisotropy_J_per_m3 * self.volume_m3 / self.thermal_energy_J
