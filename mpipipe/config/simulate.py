"""How system matrices are simulated and stored."""

from typing import Literal

from pydantic import Field

from mpipipe.config.base import Section


class SimulateConfig(Section):
    """Section ``simulate``: chunked, sharded system matrices, one job a part."""

    keep_above: float = Field(
        1e-4,
        gt=0,
        lt=1,
        description="Components below this fraction of their channel's strongest are dropped.",
    )
    components_per_matrix: int | None = Field(
        None,
        ge=1,
        description="Random subset of the kept components that is stored a matrix; null stores all.",
    )
    fluid_convention: Literal["selection_field", "position"] = Field(
        "selection_field",
        description="[assumption] Easy axis and anisotropy of fluid particles follow the selection field or the position.",
    )
    oversampling: int = Field(
        1, ge=1, le=64, description="Time samples relative to one a tick of the base frequency."
    )
    matrices_per_part: int = Field(
        40, ge=1, description="2-D system matrices in a part; one job writes one part."
    )
    matrices_per_part_3d: int = Field(6, ge=1, description="3-D system matrices in a part.")
    components_per_chunk: int = Field(
        64, ge=1, description="Components in a Zarr chunk, the unit that is read."
    )
    chunks_per_shard: int = Field(512, ge=1, description="Chunks in a Zarr shard, the unit that is written.")
