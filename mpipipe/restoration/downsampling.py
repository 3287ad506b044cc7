"""Regular down-sampling of a calibration grid: every k-th voxel along each axis is measured (Tsanda 2025, eq. 9)."""

from typing import Any

import numpy.typing as npt

from mpipipe.errors import InputError


def measured_grid(grid: tuple[int, ...], factor: int) -> tuple[int, ...]:
    """Return the grid of the measured voxels: ``ceil(n / factor)`` along each axis."""
    return tuple(-(-size // factor) for size in grid)


def downsample(image: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """Keep every `factor`-th voxel of ``(component, x, y[, z])`` along each axis, from the first on.

    The voxels behind the last measured one, up to ``factor - 1`` of them, can only be extrapolated.
    """
    return image[(slice(None), *(slice(None, None, factor),) * (image.ndim - 1))]


def factor_between(observed: tuple[int, ...], grid: tuple[int, ...], factors: tuple[int, ...]) -> int:
    """Return the first of `factors` by which `grid` is down-sampled to `observed`.

    Raises
    ------
    InputError
        When there is none.
    """
    for factor in factors:
        if measured_grid(grid, factor) == observed:
            return factor
    raise InputError(
        f"grid: found {observed} measured voxels for {grid}, expected every k-th along each axis, "
        f"k one of {', '.join(map(str, factors))}"
    )
