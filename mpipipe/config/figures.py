"""How figures are drawn."""

from pydantic import Field

from mpipipe.config.base import Section


class FiguresConfig(Section):
    """Section ``figures``."""

    dpi: int = Field(200, ge=50, le=1200, description="Resolution of PNG figures, in dots per inch.")
    example_components: int = Field(
        3, ge=1, le=16, description="Example components in a panel; at most `evaluate.examples` are there."
    )
    error_maps: bool = Field(
        True, description="Draw the modulus of the error below each restored example component."
    )
    image_columns: int = Field(5, ge=1, le=12, description="Reconstructed images side by side in a panel.")
