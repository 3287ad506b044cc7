"""Compiled loops that lay components and background frames at their places, one item after the other.

Arrays have three spatial axes; a plane has a first one of length 1.
"""

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop

Complex = npt.NDArray[np.complex64]
Real = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]


@loop()
def mark(offset: Index, grid: Index, out: npt.NDArray[np.bool_]) -> None:
    """Set ``out`` ``(item, x, y, z)`` within the grids ``(item, axis)`` that start at ``offset``."""
    for item in range(len(out)):
        for x in range(grid[item, 0]):
            for y in range(grid[item, 1]):
                row = out[item, offset[item, 0] + x, offset[item, 1] + y]
                first = offset[item, 2]
                row[first : first + grid[item, 2]] = True


@loop()
def place_values(values: Complex, chosen: Index, offset: Index, grid: Index, out: Complex) -> None:
    """Copy the chosen of components ``(component, x, y, z)`` that start at the origin to their places in ``out``."""
    for item in range(len(out)):
        first, count = offset[item, 2], grid[item, 2]
        for x in range(grid[item, 0]):
            for y in range(grid[item, 1]):
                row = out[item, offset[item, 0] + x, offset[item, 1] + y]
                row[first : first + count] = values[chosen[item], x, y, :count]


@loop()
def place_frames(
    series: Complex, start: Index, offset: Index, grid: Index, out: Complex
) -> npt.NDArray[np.float64]:
    """Lay consecutive frames of ``series`` on each grid, x fastest, and return their energy ``(item,)``.

    The frames of an item begin at ``start`` in the series, which is flat.
    """
    energy = np.zeros(len(out))
    for item in range(len(out)):
        total = 0.0
        for x in range(grid[item, 0]):
            for y in range(grid[item, 1]):
                row = out[item, offset[item, 0] + x, offset[item, 1] + y]
                frame, step = start[item] + x + grid[item, 0] * y, grid[item, 0] * grid[item, 1]
                for z in range(grid[item, 2]):
                    value = series[frame + step * z]
                    row[offset[item, 2] + z] = value
                    total += np.float64(value.real) ** 2 + np.float64(value.imag) ** 2
        energy[item] = total
    return energy


@loop()
def cut_windows(images: Real, first: Index, out: Real) -> None:
    """Copy of each of ``images`` ``(item, channel, x, y, z)`` the window that begins at ``first`` ``(item, axis)``."""
    for item in range(len(out)):
        x, y, z = first[item]
        for channel in range(out.shape[1]):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    out[item, channel, i, j] = images[item, channel, x + i, y + j, z : z + out.shape[4]]
