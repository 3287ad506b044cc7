"""Signals of the denoising study: which coil records them, and the noise of a period."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner


class PeriodNoise(Section):
    """White noise and, where asked for, interference at multiples of the first drive frequency."""

    snr_db: float = Field(
        5.0,
        description="White noise: 10 log10 of the mean square of each signal over the noise's variance, in dB.",
    )
    sir_db: float | None = Field(
        None,
        description="Interference: 10 log10 of the mean square of each signal over that of all tones together, in dB; "
        "null adds none.",
    )
    harmonics: tuple[int, ...] = Field(
        (3, 5, 7),
        min_length=1,
        description="[assumption] Tones of the interference, as multiples of the first drive frequency.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        found = list(self.harmonics)
        if min(found) < 1 or len(set(found)) < len(found):
            raise ValueError(f"harmonics: found {found}, expected distinct integers of at least 1")
        return self


class PeriodAcquisition(Section):
    """Scanner, tracer, pixels and the one receive coil; by default those of x-space imaging (Cartesian trajectory).

    The paper states gradients, particle, frequencies and a field of view of 101 x 101; the drive amplitude of 20 mT and
    pixels of 1 mm are an [assumption].
    """

    scanner: Scanner = Field(
        default_factory=lambda: Scanner(
            gradient_T_per_m=(0.4, 0.4, -0.8),
            drive_amplitude_mT=(20, 20, 0),
            divider=(99, 4950, 1),
            base_frequency_Hz=2.475e6,
            waveform="cosine",
        ),
        description="Sampled at the base frequency. Cosines without phases, which every signal's oddness rests on.",
    )
    particle: Particle = Field(default_factory=lambda: Particle(core_diameter_nm=30))
    grid: Grid = Field(default_factory=lambda: Grid(shape=(101, 101), field_of_view_mm=(101, 101)))
    coil: Literal["x", "y"] = Field("x", description="[assumption] Receive coil.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        waveform, phases = self.scanner.waveform, list(self.scanner.phase_rad)
        if waveform != "cosine" or any(phases):
            raise ValueError(
                f"scanner: found waveform {waveform} with phase_rad {phases}, expected cosine with phases of 0, for "
                "signals that are odd about half a period"
            )
        return self
