"""The coded calibration scene: how large it is, and the channels that hold its tracer."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.config.interval import PositiveInterval, within

VesselPhantomName = Literal["lambda", "fork", "background"]


class CodedSceneConfig(Section):
    """Section ``coded_scene``: what the deblurring networks learn from (Ergun 2022, section II.I).

    The paper gives the size and shows "continuous channels with varying particle concentrations and thicknesses" that
    do not fork; everything else is an assumption, chosen against the blur of 1.45 mm along and 3.3 mm across a scan.
    """

    kind: Literal["channels", "retina"] = Field(
        "channels",
        description="Scene: drawn channels without forks, like the paper's, or the forking vessels of a retina.",
    )
    size_mm: float = Field(71.4, gt=0, le=1000, description="Edge of the square scene, in mm.")
    width_mm: PositiveInterval = Field(
        (0.4, 2.0), description="[assumption] Smallest and largest width of a channel, in mm."
    )
    concentration: Annotated[PositiveInterval, within(0, 1, "(relative)")] = Field(
        (0.2, 1.0),
        description="[assumption] Smallest and largest tracer concentration in a channel, relative to the scene's unit.",
    )
    channels: int = Field(
        18,
        ge=1,
        le=1000,
        description="[assumption] Channels along an edge of the scene, on average; kind channels.",
    )
    gap_mm: float = Field(
        0.5,
        ge=0,
        description="[assumption] Least empty space between two channels, which are narrower than width_mm where they are "
        "pressed together; channels less than twice as far apart leave half of their distance empty. Kind channels. In mm.",
    )
    variation_mm: float = Field(
        10.0,
        gt=0,
        description="[assumption] Length over which width and concentration of a channel change, in mm; kind channels.",
    )
    bends: int = Field(
        8,
        ge=0,
        le=100,
        description="[assumption] Sine waves that bend the channels, one after another; kind channels.",
    )
    bend_wavelength_mm: PositiveInterval = Field(
        (20.0, 50.0),
        description="[assumption] Wavelength of a bend, uniform in this interval; kind channels. In mm.",
    )
    bend_slope: float = Field(
        0.5,
        ge=0,
        le=2,
        description="[assumption] Largest slope of a bend: 2π amplitude / wavelength; kind channels.",
    )
    widening: float = Field(
        2.5,
        gt=0,
        le=10,
        description="[assumption] Width of a vessel over that in the photograph, which fills the scene; the result is "
        "kept within width_mm. Kind retina.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        spacing = self.size_mm / self.channels
        if self.gap_mm + self.width_mm[0] >= spacing:
            raise ValueError(
                f"channels: found {self.channels}, {spacing:g} mm apart, expected room for {self.width_mm[0]:g} mm "
                f"(width_mm) and {self.gap_mm:g} mm (gap_mm)"
            )
        return self
