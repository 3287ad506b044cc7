"""Settings of the classical methods that remove noise from signals, and the values that tuning tries."""

from itertools import product
from typing import Annotated, Any, Literal

from pydantic import Field

from mpipipe.config.base import Section

FilterName = Literal[
    "Averaged periods",
    "Folded period",
    "Band-pass",
    "Wavelets",
    "Wiener",
    "Wiener (folded)",
    "Wiener (subspace)",
]
WaveletName = Literal["haar", "db4", "db8", "sym4", "sym8", "sym12", "coif3", "coif5"]
Thresholding = Literal["soft", "hard"]

Harmonics = Annotated[int, Field(ge=1)]
HalfWidth = Annotated[int, Field(ge=0)]
Level = Annotated[int, Field(ge=1, le=20)]
Shifts = Annotated[int, Field(ge=1, le=64)]
Rank = Annotated[int, Field(ge=1)]
Factor = Annotated[float, Field(ge=0)]


class BandPassConfig(Section):
    """Frequencies around harmonics of the drive frequency, all others removed."""

    harmonics: Harmonics = Field(
        10, description="Multiples of the drive frequency that pass, from the first on."
    )
    half_width: HalfWidth = Field(
        10, description="Frequencies of the period that pass on each side of a multiple."
    )
    fold: bool = Field(True, description="Fold the period first.")


class WaveletConfig(Section):
    """Shrinkage of wavelet coefficients (Donoho and Johnstone 1994)."""

    wavelet: WaveletName = Field("sym8", description="Wavelet.")
    level: Level = Field(4, description="Levels, or as many as the period has room for.")
    factor: Factor = Field(
        3.0, description="Threshold over the noise level that the finest details tell; 0 changes nothing."
    )
    threshold: Thresholding = Field("soft", description="Soft or hard thresholding.")
    shifts: Shifts = Field(
        8, description="Cyclic shifts of the period that are averaged (Coifman and Donoho 1995)."
    )
    fold: bool = Field(True, description="Fold the period first.")


class WienerFilterConfig(Section):
    """Linear estimate of least mean square error, a gain a frequency or a principal component."""

    noise_factor: Factor = Field(1.0, description="Factor of the noise in the gain S/(S + f N).")


class SubspaceConfig(WienerFilterConfig):
    """The linear estimate in the strongest principal components."""

    rank: Rank = Field(50, description="Principal components, or as many as there are.")


class FoldConfig(Section):
    """Folding alone, which has no settings."""


FilterSettings = FoldConfig | BandPassConfig | WaveletConfig | WienerFilterConfig | SubspaceConfig
SETTINGS: dict[FilterName, type[FilterSettings]] = {
    "Folded period": FoldConfig,
    "Band-pass": BandPassConfig,
    "Wavelets": WaveletConfig,
    "Wiener": WienerFilterConfig,
    "Wiener (folded)": WienerFilterConfig,
    "Wiener (subspace)": SubspaceConfig,
}
"""Settings of the methods of one signal; some have none."""

Flags = Annotated[tuple[bool, ...], Field(min_length=1)]
Factors = Annotated[tuple[Factor, ...], Field(min_length=1)]
HALF_WIDTHS = (0, 1, 2, 3, 5, 8, 12, 16, 24, 32, 48, 64, 96)
NOISE_FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)


class BandPassSearch(Section):
    """Values for `BandPassConfig`."""

    harmonics: Annotated[tuple[Harmonics, ...], Field(min_length=1)] = (3, 4, 5, 6, 7, 8, 10, 12, 15, 20)
    half_width: Annotated[tuple[HalfWidth, ...], Field(min_length=1)] = HALF_WIDTHS
    fold: Flags = (False, True)


class WaveletSearch(Section):
    """Values for `WaveletConfig`; every one takes a while, and folding first was better in each trial."""

    wavelet: Annotated[tuple[WaveletName, ...], Field(min_length=1)] = ("haar", "sym8")
    level: Annotated[tuple[Level, ...], Field(min_length=1)] = (2, 3, 4, 5)
    factor: Factors = (1.0, 2.0, 3.0, 4.0, 6.0, 9.0)
    threshold: Annotated[tuple[Thresholding, ...], Field(min_length=1)] = ("soft", "hard")
    shifts: Annotated[tuple[Shifts, ...], Field(min_length=1)] = (8,)
    fold: Flags = (True,)


class WienerFilterSearch(Section):
    """Values for `WienerFilterConfig`."""

    noise_factor: Factors = NOISE_FACTORS


class SubspaceSearch(WienerFilterSearch):
    """Values for `SubspaceConfig`."""

    rank: Annotated[tuple[Rank, ...], Field(min_length=1)] = (10, 15, 20, 30, 40, 50, 70, 100, 150, 200, 300)


class FilterSearch(Section):
    """Values that tuning tries, every combination of those that a method has."""

    band_pass: BandPassSearch = Field(default_factory=BandPassSearch, description="Of Band-pass.")
    wavelets: WaveletSearch = Field(default_factory=WaveletSearch, description="Of Wavelets.")
    wiener: WienerFilterSearch = Field(
        default_factory=WienerFilterSearch, description="Of Wiener and Wiener (folded)."
    )
    subspace: SubspaceSearch = Field(default_factory=SubspaceSearch, description="Of Wiener (subspace).")

    def values(self, name: FilterName) -> dict[str, tuple[Any, ...]]:
        """Return the values of each setting that a method has, by the name of the setting."""
        sections: dict[FilterName, Section] = {
            "Band-pass": self.band_pass,
            "Wavelets": self.wavelets,
            "Wiener": self.wiener,
            "Wiener (folded)": self.wiener,
            "Wiener (subspace)": self.subspace,
        }
        return sections[name].model_dump() if name in sections else {}

    def candidates(self, name: FilterName) -> list[dict[str, Any]]:
        """Return every combination of the values of a method; one without settings for a method that has none."""
        values = self.values(name)
        return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
