"""Calibration grid: where the delta sample of a system matrix stands."""

from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from mpipipe.config.base import Section


class Grid(Section):
    """Regular grid of voxels; a 1-D grid lies on the x-axis, a 2-D grid in the xy-plane.

    The position of a voxel is its centre, so the outermost positions are half a voxel inside the field of view.
    """

    shape: tuple[int, ...] = Field(
        ..., min_length=1, max_length=3, description="Number of voxels along each axis."
    )
    field_of_view_mm: tuple[float, ...] = Field(..., description="Edge lengths of the field of view in mm.")
    centre_mm: tuple[float, ...] = Field((0.0,), description="Centre in mm; one value stands for all axes.")

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, data: object) -> object:
        """Repeat a single centre along all axes."""
        if not isinstance(data, dict):
            return data
        centre = data.get("centre_mm", 0.0)
        values = [centre] if isinstance(centre, int | float) else list(centre)
        if len(values) == 1:
            values *= len(data.get("shape", (0,)))
        return {**data, "centre_mm": tuple(values)}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if min(self.shape) < 1:
            raise ValueError(f"shape: found {list(self.shape)}, expected sizes of at least 1")
        for name in ("field_of_view_mm", "centre_mm"):
            found = list(getattr(self, name))
            if len(found) != len(self.shape):
                raise ValueError(f"{name}: found {found}, expected {len(self.shape)} values as in shape")
        if min(self.field_of_view_mm) <= 0:
            raise ValueError(
                f"field_of_view_mm: found {list(self.field_of_view_mm)}, expected positive lengths"
            )
        return self

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return int(np.prod(self.shape))

    def axes_m(self) -> tuple[npt.NDArray[np.float64], ...]:
        """Return the voxel centres along each axis in m."""
        return tuple(
            1e-3 * (centre + length * ((np.arange(size) + 0.5) / size - 0.5))
            for size, length, centre in zip(self.shape, self.field_of_view_mm, self.centre_mm, strict=True)
        )

    def positions_m(self) -> npt.NDArray[np.float64]:
        """Return the voxel centres in m.

        Returns
        -------
        (x[, y, z], 3) ndarray of float64
            Coordinates beyond the dimension of the grid are 0.
        """
        positions = np.zeros((*self.shape, 3))
        for axis, values in enumerate(np.meshgrid(*self.axes_m(), indexing="ij")):
            positions[..., axis] = values
        return positions
