"""What is common to all scores on the test split."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from mpipipe.config.base import Section


def _increasing(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or values[0] <= 0 or any(low >= high for low, high in pairwise(values)):
        raise ValueError(f"found {list(values)}, expected positive values in increasing order")
    return values


Edges = Annotated[tuple[float, ...], Field(min_length=2), AfterValidator(_increasing)]


class EvaluateConfig(Section):
    """Section ``evaluate``: bins of the grid size, and which examples are kept for figures."""

    size_bin_edges: Edges = Field(
        (12.0, 18.0, 24.0, 30.0),
        description="Edges of the bins of the average grid size, in voxels (Tsanda 2025, Tables 3 and 5); "
        "a bin is open below and closed above, and the first is closed at both ends [assumption].",
    )
    examples: int = Field(6, ge=1, le=64, description="Example components that are kept for figures.")
