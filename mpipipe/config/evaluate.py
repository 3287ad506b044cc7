"""How methods are scored on the test split."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from mpipipe.config.base import Section


def _increasing(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or values[0] <= 0 or any(low >= high for low, high in pairwise(values)):
        raise ValueError(f"found {list(values)}, expected positive values in increasing order")
    return values


Increasing = Annotated[tuple[float, ...], AfterValidator(_increasing)]
Edges = Annotated[tuple[float, ...], Field(min_length=2), AfterValidator(_increasing)]


class EvaluateConfig(Section):
    """Section ``evaluate``: noise levels, how much is scored, and which examples are kept for figures."""

    sigmas: Increasing = Field(
        (0.06, 0.1, 0.2, 0.3),
        description="Standard deviations of the complex noise at max|s| = 1 (Tsanda 2025, Table 2).",
    )
    components_per_matrix: int | None = Field(
        64,
        ge=1,
        description="[assumption] Random components of each system matrix that are scored; null scores all.",
    )
    size_bin_edges: Edges = Field(
        (12.0, 18.0, 24.0, 30.0),
        description="Edges of the bins of the average grid size, in voxels (Tsanda 2025, Tables 3 and 5); "
        "a bin is open below and closed above, and the first is closed at both ends [assumption].",
    )
    examples: int = Field(6, ge=1, le=64, description="Example components that are kept for figures.")
    example_sigma: float = Field(
        0.1, gt=0, description="[assumption] Standard deviation of the complex noise of the examples."
    )
