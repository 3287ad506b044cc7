"""The base of every section of ``params.yaml``."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Typed, immutable section of ``params.yaml`` that refuses unknown keys.

    Every field carries a default where one is sensible, bounds, and a description with its unit; the
    description of a pick that no source gives begins with ``[assumption]``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
