"""Closed intervals as parameters are drawn from."""

from typing import Annotated

from pydantic import AfterValidator


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"found [{bounds[0]:g}, {bounds[1]:g}], expected [lower, upper] with lower <= upper")
    return bounds


def _positive(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] <= 0:
        raise ValueError(f"found a lower bound of {bounds[0]:g}, expected a positive one")
    return bounds


def within(low: float, high: float, unit: str) -> AfterValidator:
    """Return a validator that refuses an interval outside ``[low, high]``, the range that makes sense in `unit`."""

    def check(bounds: tuple[float, float]) -> tuple[float, float]:
        if bounds[0] < low or bounds[1] > high:
            raise ValueError(
                f"found [{bounds[0]:g}, {bounds[1]:g}] {unit}, expected values between {low:g} and {high:g} {unit}"
            )
        return bounds

    return AfterValidator(check)


Interval = Annotated[tuple[float, float], AfterValidator(_ordered)]
PositiveInterval = Annotated[tuple[float, float], AfterValidator(_ordered), AfterValidator(_positive)]
