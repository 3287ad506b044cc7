"""Voxels on two sides of a plane whose signals follow from each other, so that half of a grid is simulated.

Let the plane through the origin, across one axis, mirror the grid and its particles. A voxel at r and its image r' see
mirrored selection fields. Half a period later the drive field is mirrored too, if it goes through an odd number of
cycles along that axis and even ones along the others, as one axis of a Lissajous trajectory often does. So with T the
period and M the reflection, ``m(r', t) = M m(r, t - T/2)``, and the coefficients of channel c are::

    S_k(r') = M_cc (-1)^k S_k(r)

Across an axis that is not driven the drive field is its own image: there is no delay, and no factor ``(-1)^k``.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from mpipipe.physics.excitation import Excitation
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner

SAME = 1e-12
"""Largest difference of two images, relative; more than rounding makes of them."""


@dataclass(frozen=True)
class Mirror:
    """A plane across an axis, in the middle of a grid.

    Attributes
    ----------
    shape : tuple of int
        Grid.
    axis : int
        Axis that the plane is perpendicular to.
    delayed : bool
        Images follow half a period later.
    """

    shape: tuple[int, ...]
    axis: int
    delayed: bool

    @classmethod
    def of(cls, scanner: Scanner, excitation: Excitation, grid: Grid) -> Self | None:
        """Return the first plane that mirrors fields and particles of a grid, None where there is none.

        Relaxed moments are left out, as their lag is not seen from the fields of two moments alone.
        """
        if excitation.relaxation is not None:
            return None
        for axis, count in enumerate(grid.shape):
            delayed = axis in scanner.active
            turns = not delayed or (excitation.samples % 2 == 0 and _turns_alone(scanner, axis))
            if count > 1 and turns and _is_mirrored(excitation, grid.shape, axis):
                return cls(grid.shape, axis, delayed)
        return None

    @property
    def voxels(self) -> npt.NDArray[np.intp]:
        """Numbers of the voxels on one side and in the plane."""
        numbers = np.arange(np.prod(self.shape)).reshape(self.shape)
        return np.take(numbers, range(-(-self.shape[self.axis] // 2)), self.axis).ravel()

    def unfold(
        self,
        values: npt.NDArray[np.complex64],
        channel: npt.NDArray[np.integer],
        frequency: npt.NDArray[np.integer],
    ) -> npt.NDArray[np.complex64]:
        """Return components at all voxels from those on one side.

        Parameters
        ----------
        values : (component, voxel) ndarray of complex64
            Components at `voxels`.
        channel, frequency : (component,) ndarray of int
            Receive channel and frequency index of each.

        Returns
        -------
        (component, voxel) ndarray of complex64
            Components at all voxels of the grid.
        """
        size = self.shape[self.axis]
        side = [-(-size // 2) if axis == self.axis else count for axis, count in enumerate(self.shape)]
        ahead = (slice(None),) * (1 + self.axis)
        given = values.reshape(-1, *side)
        out = np.empty((len(values), *self.shape), np.complex64)
        out[(*ahead, slice(0, side[self.axis]))] = given
        flipped = given[(*ahead, slice(0, size // 2))][(*ahead, slice(None, None, -1))]
        odd = (channel == self.axis) ^ (self.delayed & (frequency % 2 == 1))
        sign = np.where(odd, np.float32(-1), np.float32(1)).reshape(-1, *(1,) * len(self.shape))
        np.multiply(flipped, sign, out=out[(*ahead, slice(side[self.axis], size))])
        return out.reshape(len(values), -1)


def _turns_alone(scanner: Scanner, axis: int) -> bool:
    """Return whether half a period later the drive field is reversed along one axis only."""
    return all(scanner.harmonic[other] % 2 == (other == axis) for other in scanner.active)


def _is_mirrored(excitation: Excitation, shape: tuple[int, ...], axis: int) -> bool:
    """Return whether selection field, anisotropy and easy axes are those of the images, reflected."""
    reflected = np.where(np.arange(3) == axis, -1.0, 1.0)

    def image(array: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.flip(array.reshape(*shape, *array.shape[1:]), axis).reshape(array.shape)

    offset, alpha, easy = excitation.offset, excitation.alpha_K, excitation.easy_axis
    # An easy axis has no sense, and none at all where there is no anisotropy.
    aligned = np.abs((image(easy) * reflected * easy).sum(axis=1))
    return bool(
        np.allclose(image(offset) * reflected, offset, rtol=0, atol=SAME * np.abs(offset).max())
        and np.allclose(image(alpha), alpha, rtol=SAME, atol=0)
        and np.all((aligned > 1 - SAME) | (alpha == 0))
    )
