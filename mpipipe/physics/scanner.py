"""Scanner: selection field, drive fields, and the frequencies that they give."""

from math import lcm
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from mpipipe.config.base import Section

Triple = tuple[float, float, float]


class Scanner(Section):
    """Scanner with a linear selection field and sinusoidal drive fields along x, y and z.

    The field at position r and time t is ``B_i = G_i r_i + A_i c(2 pi f_i t + phase_i)`` with
    ``f_i = base_frequency / divider_i`` and c the cosine or the sine. An axis with zero amplitude is not driven; the
    driven axes make the scanner 1-D, 2-D or 3-D. A Cartesian trajectory is a Lissajous trajectory whose dividers are
    integer multiples of each other. Magnetic fields are flux densities, mu0 H.
    """

    gradient_T_per_m: Triple = Field(
        (-1.0, -1.0, 2.0), description="Selection-field gradient along x, y, z in T/m."
    )
    drive_amplitude_mT: Triple = Field(
        (12.0, 12.0, 0.0), description="Drive-field amplitude along x, y, z in mT."
    )
    divider: tuple[int, int, int] = Field(
        (102, 96, 99), description="Base frequency over drive frequency, along x, y, z."
    )
    base_frequency_Hz: float = Field(
        2.5e6, gt=0, description="Base frequency, also the sampling rate, in Hz."
    )
    phase_rad: Triple = Field((0.0, 0.0, 0.0), description="Phase of the drive field along x, y, z in rad.")
    waveform: Literal["cosine", "sine"] = Field("cosine", description="Drive field at phase zero.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if min(self.divider) < 1:
            raise ValueError(f"divider: found {list(self.divider)}, expected integers of at least 1")
        if min(self.drive_amplitude_mT) < 0 or max(self.drive_amplitude_mT) == 0:
            found = list(self.drive_amplitude_mT)
            raise ValueError(
                f"drive_amplitude_mT: found {found}, expected no negative and at least one positive value"
            )
        return self

    @property
    def active(self) -> tuple[int, ...]:
        """Indices of the driven axes."""
        return tuple(axis for axis in range(3) if self.drive_amplitude_mT[axis] > 0)

    @property
    def dimension(self) -> int:
        """Number of driven axes."""
        return len(self.active)

    @property
    def samples(self) -> int:
        """Ticks of the base frequency in a period: least common multiple of the active dividers."""
        return lcm(*(self.divider[axis] for axis in self.active))

    @property
    def frequencies(self) -> int:
        """Number of frequencies of a real signal that is sampled at the base frequency, ``samples // 2 + 1``."""
        return self.samples // 2 + 1

    @property
    def period_s(self) -> float:
        """Period of the trajectory in s."""
        return self.samples / self.base_frequency_Hz

    @property
    def drive_frequency_Hz(self) -> Triple:
        """Drive frequency along x, y, z in Hz."""
        x, y, z = (self.base_frequency_Hz / divider for divider in self.divider)
        return (x, y, z)

    @property
    def harmonic(self) -> tuple[int, int, int]:
        """Frequency index of the drive frequency along x, y, z; 0 where the axis is not driven."""
        x, y, z = (self.samples // d if axis in self.active else 0 for axis, d in enumerate(self.divider))
        return (x, y, z)

    def frequency_Hz(self, index: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the frequency in Hz of a frequency index, ``k / period``."""
        return np.asarray(index, dtype=np.float64) * (self.base_frequency_Hz / self.samples)
