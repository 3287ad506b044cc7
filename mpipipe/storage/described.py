"""What a part of an ensemble says of its matrices, checked against its arrays."""

from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from pydantic import ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError

from mpipipe.config.base import Section
from mpipipe.errors import InputError
from mpipipe.storage.layout import MATRIX_BYTES, check_values, open_array
from mpipipe.storage.location import Location


class MatrixDescription(Section):
    """One system matrix of a part, as the attributes of the Zarr group describe it.

    Attributes
    ----------
    matrix : int
        Row of the parameter table.
    components : int
        Number of its components.
    shape : tuple of int
        Its grid.
    scanner, particle, grid : dict
        What it was simulated with.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    matrix: int = Field(ge=0, lt=2**31)
    components: int = Field(ge=1)
    shape: tuple[PositiveInt, ...]
    scanner: dict[str, Any] = Field(default_factory=dict)
    particle: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, Any] = Field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """Scanner, particle and grid, those that the part names."""
        return self.model_dump(include={"scanner", "particle", "grid"}, exclude_unset=True)


DESCRIPTIONS = TypeAdapter(tuple[MatrixDescription, ...])


def described_matrices(
    place: Location, group: zarr.Group, array: "zarr.Array[Any]"
) -> tuple[MatrixDescription, ...]:
    """Return the matrices that the attributes describe, if they are those that the array has room for."""
    count, *grid = array.shape
    try:
        matrices = DESCRIPTIONS.validate_python(group.attrs["matrices"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("matrices", *first["loc"])))
        raise InputError(f"{place}: {where}: found {first['msg'].lower()}, expected a matrix") from None
    if sum(m.components for m in matrices) != count or len({m.matrix for m in matrices}) != len(matrices):
        raise InputError(
            f"{place}: found matrices that do not add up to {count} components, expected each once"
        )
    for m in matrices:
        if len(m.shape) != len(grid) or any(own > most for own, most in zip(m.shape, grid, strict=True)):
            raise InputError(
                f"{place}: matrix {m.matrix}: found grid {m.shape}, expected at most {tuple(grid)}"
            )
        check_values(place, f"matrix {m.matrix}", (m.components, *grid), array.dtype.itemsize, MATRIX_BYTES)
    if array.chunks[1:] != tuple(grid):
        raise InputError(
            f"{place}: found chunks of {array.chunks}, expected whole components of {tuple(grid)}"
        )
    return matrices


def read_index(place: Location, group: zarr.Group, name: str, count: int) -> npt.NDArray[np.int32]:
    """Return one index array of a part, one number a component, after checking what it claims."""
    array = open_array(place, group, name, "int32", (1,))
    if array.shape != (count,) or array.chunks != (count,) or array.shards:
        raise InputError(
            f"{place}: {name}: found {array.shape} in chunks of {array.chunks}, expected one chunk of {(count,)}"
        )
    index = np.asarray(array[:], np.int32)
    if index.min() < 0:
        raise InputError(f"{place}: {name}: found {index.min()}, expected no negative number")
    return index


def require_own_rows(
    place: Location, matrices: tuple[MatrixDescription, ...], matrix: npt.NDArray[np.int32]
) -> None:
    """Refuse a part whose components are not in the order of its matrices."""
    expected = np.repeat([m.matrix for m in matrices], [m.components for m in matrices])
    if not np.array_equal(matrix, expected):
        raise InputError(f"{place}: matrix: found rows of other matrices, expected those of the attributes")
