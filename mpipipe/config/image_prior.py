"""Settings of the deep image prior."""

from typing import Annotated

from pydantic import Field

from mpipipe.config.base import Section

Width = Annotated[int, Field(ge=1, le=512)]


class GeneratorConfig(Section):
    """Architecture of the untrained network, a U-Net."""

    widths: tuple[Width, ...] = Field(
        (16, 32),
        min_length=1,
        max_length=5,
        description="[assumption] Features of each level; every level but the first halves the grid.",
    )
    inputs: int = Field(8, ge=1, le=512, description="[assumption] Channels of the fixed random input.")


class DeepImagePriorConfig(Section):
    """Deep image prior (Dittmer et al. 2020); iterations and learning rate are those of Peng 2024, section 3.2."""

    generator: GeneratorConfig = Field(default_factory=GeneratorConfig)
    iterations: int = Field(4000, ge=1, le=1_000_000, description="Steps of Adam; fewer stop early.")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Learning rate of Adam.")
    seed: int = Field(0, ge=0, description="Seed of the initial weights and of the input.")
    images_at_once: int = Field(
        16, ge=1, le=4096, description="Images that are fitted together; it does not change them."
    )
