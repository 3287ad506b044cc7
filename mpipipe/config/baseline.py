"""Classical restoration methods: how they are tuned on the validation split."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from mpipipe.config.base import Section


def _increasing(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or values[0] < 0 or any(a >= b for a, b in pairwise(values)):
        raise ValueError(f"found {list(values)}, expected non-negative values in increasing order")
    return values


Increasing = Annotated[tuple[float, ...], AfterValidator(_increasing)]


CLASSICAL_METHODS: tuple[str, ...] = (
    "DCT-F",
    "DCT-F (multiplier 3)",
    "DCT-F (one phase)",
    "Bicubic",
    "Bicubic (shifted grid)",
    "Bicubic (DCT-F first)",
    "Tricubic",
    "Tricubic (shifted grid)",
    "Tricubic (DCT-F first)",
    "Biharmonic",
    "Biharmonic (then DCT-F)",
)


class BaselineConfig(Section):
    """Section ``baseline``: tuning of the classical methods."""

    multipliers: Increasing = Field(
        (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.7, 2.0, 3.0, 4.0),
        description="[assumption] Grid of DCT-F's threshold over σ that is searched; the paper's value is "
        "not in its text.",
    )
    fixed_multiplier: float = Field(
        3.0, ge=0, description="[assumption] Threshold over σ of the untuned filter `DCT-F (multiplier 3)`."
    )
    sigmas: Increasing = Field(
        (0.001, 0.03, 0.06, 0.1, 0.2, 0.3, 0.5),
        description="Noise standard deviations that the multiplier is tuned for.",
    )
    components: int = Field(
        2000, ge=1, description="[assumption] 2-D components of the validation split that are tuned on."
    )
    components_3d: int = Field(
        150, ge=1, description="[assumption] 3-D components of the validation split that are tuned on."
    )
