"""The restoration study (Tsanda 2025): which ensembles, methods and phantoms its tables and figures show."""

from pydantic import Field

from mpipipe.config.base import Section


class DenoisingConfig(Section):
    """Table ``denoising``."""

    ensembles: tuple[str, ...] = Field(("lissajous_2d",), description="Ensembles that the table reports on.")
    methods: tuple[str, ...] = Field(
        ("DCT-F", "DCT-F (multiplier 3)", "DCT-F (one phase)", "DnCNN", "DnCNN (phase-aligned)"),
        description="Methods in the order of the table.",
    )


class RestorationConfig(Section):
    """Section ``restoration``."""

    denoising: DenoisingConfig = Field(default_factory=DenoisingConfig)
    phantoms: tuple[str, ...] = Field(("snake",), description="Phantoms that are reconstructed.")
