"""Where components come from while a method is prepared."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Components(Protocol):
    """Components of one or more system matrices, as storage returns them.

    Attributes
    ----------
    values : (component, x, y[, z]) ndarray of complex64
        Components at the origin of a common grid, NaN beyond their own.
    grid_shape : (component, axis) ndarray of int32
        Grid of each component.
    matrix, channel, frequency : (component,) ndarray of int32
        System matrix, receive channel and frequency index.
    """

    @property
    def values(self) -> npt.NDArray[np.complex64]: ...  # noqa: D102
    @property
    def grid_shape(self) -> npt.NDArray[np.int32]: ...  # noqa: D102
    @property
    def matrix(self) -> npt.NDArray[np.int32]: ...  # noqa: D102
    @property
    def channel(self) -> npt.NDArray[np.int32]: ...  # noqa: D102
    @property
    def frequency(self) -> npt.NDArray[np.int32]: ...  # noqa: D102


class ComponentSource(Protocol):
    """An ensemble's split, read chunk by chunk."""

    @property
    def num_chunks(self) -> int:
        """Number of chunks."""
        ...

    def read_chunk(self, index: int, /) -> Components:
        """Read one chunk."""
        ...


@dataclass(frozen=True)
class ComponentArrays:
    """Components gathered from several chunks; the fields are those of `Components`."""

    values: npt.NDArray[np.complex64]
    grid_shape: npt.NDArray[np.int32]
    matrix: npt.NDArray[np.int32]
    channel: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]


def concatenate(chunks: list[Components]) -> ComponentArrays:
    """Join chunks of one ensemble."""
    return ComponentArrays(
        values=np.concatenate([chunk.values for chunk in chunks]),
        grid_shape=np.concatenate([chunk.grid_shape for chunk in chunks]),
        matrix=np.concatenate([chunk.matrix for chunk in chunks]),
        channel=np.concatenate([chunk.channel for chunk in chunks]),
        frequency=np.concatenate([chunk.frequency for chunk in chunks]),
    )
