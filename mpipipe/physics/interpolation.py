"""Compiled cubic B-spline interpolation of the moment table.

A voxel's samples are taken in short batches that stay in the fastest cache, in three loops: cells and weights
(vectorised over samples), the sixteen nodes of a cell (each row of four holds both functions side by side: one vector,
see `mpipipe.physics.spline_cell`), and the moment (vectorised again). Loops release the interpreter, so voxels run in
threads.
"""

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop, part
from mpipipe.physics.spline_cell import sum_cell

FloatArray = npt.NDArray[np.float64]

BATCH = 128


@loop(fastmath=True)
def block_moments(
    coefficients: FloatArray,
    axes: FloatArray,
    margin: int,
    alpha: FloatArray,
    easy_axis: FloatArray,
    offset: FloatArray,
    field: FloatArray,
    out: FloatArray,
) -> None:
    """Write the mean moment of every voxel of a block for the fields ``offset + field``.

    Parameters
    ----------
    coefficients : (alpha, b3, b12, function) ndarray of float64
        B-spline coefficients of f and h; a single layer along alpha is taken as it is.
    axes : (axis, 2) ndarray of float64
        Step and stretch of alpha, b3, b12.
    margin : int
        Nodes below zero of each axis.
    alpha : (voxel,) ndarray of float64
        Anisotropy energy over thermal energy.
    easy_axis, offset : (voxel, 3) ndarray of float64
        Unit vectors and dimensionless selection field.
    field : (3, time) ndarray of float64
        Dimensionless drive field.
    out : (voxel, 3, time) ndarray of float64
        Moment over saturation.
    """
    layer = coefficients[0]
    scratch = np.empty_like(layer)
    reach = np.empty(3)
    for i in range(3):
        reach[i] = np.abs(field[i]).max()
    for voxel in range(len(alpha)):
        if len(coefficients) > 1:
            low, high, width = _window(axes, margin, easy_axis[voxel], offset[voxel], reach, scratch.shape)
            _collapse(coefficients, axes[0], margin, alpha[voxel], low, high, width, scratch)
            layer = scratch
        _moments(layer, axes, margin, easy_axis[voxel], offset[voxel], field, out[voxel])


@part(fastmath=True)
def _window(
    axes: FloatArray,
    margin: int,
    axis: FloatArray,
    offset: FloatArray,
    reach: FloatArray,
    shape: tuple[int, int, int],
) -> tuple[int, int, int]:
    """Return the rows and the number of columns that a voxel's fields can touch."""
    centre = abs(offset[0] * axis[0] + offset[1] * axis[1] + offset[2] * axis[2])
    spread = reach[0] * abs(axis[0]) + reach[1] * abs(axis[1]) + reach[2] * abs(axis[2])
    across = np.sqrt(max((offset**2).sum() - centre**2, 0.0)) + np.sqrt((reach**2).sum())
    near, far = max(centre - spread, 0.0), centre + spread
    low = int(near / (axes[1, 0] * (1 + near / axes[1, 1]))) + margin - 2
    high = int(far / (axes[1, 0] * (1 + far / axes[1, 1]))) + margin + 4
    width = int(across / (axes[2, 0] * (1 + across / axes[2, 1]))) + margin + 4
    return max(low, 0), min(high, shape[0]), min(width, shape[1])


@part(fastmath=True)
def _collapse(
    coefficients: FloatArray,
    axis: FloatArray,
    margin: int,
    alpha: float,
    low: int,
    high: int,
    width: int,
    out: FloatArray,
) -> None:
    """Interpolate rows `low` to `high` and the first `width` columns of the table along alpha."""
    u = alpha / (axis[0] * (1 + alpha / axis[1])) + margin
    cell = int(u)
    u -= cell
    w0, w1, w2, w3 = (1 - u) ** 3, 4 - 6 * u**2 + 3 * u**3, 1 + 3 * u + 3 * u**2 - 3 * u**3, u**3
    layer, line = out.size, out.shape[1] * out.shape[2]
    flat, target = coefficients.reshape(-1), out.reshape(-1)
    for row in range(low, high):
        first = row * line
        base = (cell - 1) * layer + first
        c0, c1 = flat[base : base + line], flat[base + layer : base + layer + line]
        c2, c3 = (
            flat[base + 2 * layer : base + 2 * layer + line],
            flat[base + 3 * layer : base + 3 * layer + line],
        )
        t = target[first : first + line]
        for i in range(2 * width):
            t[i] = w0 * c0[i] + w1 * c1[i] + w2 * c2[i] + w3 * c3[i]


@part(fastmath=True)
def _moments(
    coefficients: FloatArray,
    axes: FloatArray,
    margin: int,
    axis: FloatArray,
    offset: FloatArray,
    field: FloatArray,
    out: FloatArray,
) -> None:
    """Write the mean moment at one voxel, batch by batch."""
    row = 2 * coefficients.shape[1]
    flat = coefficients.reshape(-1)
    along, rest = np.empty(BATCH), np.empty(BATCH)
    weights = np.empty((4, BATCH))
    cell, sums = np.empty(BATCH, np.int64), np.empty((BATCH, 2))
    samples = field.shape[1]
    for start in range(0, samples, BATCH):
        count = min(BATCH, samples - start)
        _locate(axes, margin, row, axis, offset, field, start, count, along, rest, weights, cell)
        for j in range(count):
            sum_cell(flat, cell[j], row, weights, rest, j, sums)
        _combine(axis, offset, field, start, count, along, sums, out)


@part(fastmath=True)
def _locate(
    axes: FloatArray,
    margin: int,
    row: int,
    axis: FloatArray,
    offset: FloatArray,
    field: FloatArray,
    start: int,
    count: int,
    along: FloatArray,
    rest: FloatArray,
    weights: FloatArray,
    cell: npt.NDArray[np.int64],
) -> None:
    """Find each sample's cell, its weights along b3 and its place in the cell along b12."""
    n0, n1, n2 = axis[0], axis[1], axis[2]
    o0, o1, o2 = offset[0], offset[1], offset[2]
    per_u, curve_u, per_v, curve_v = 1 / axes[1, 0], 1 / axes[1, 1], 1 / axes[2, 0], 1 / axes[2, 1]
    stop = start + count
    # Slices, whose index cannot be negative, so that they are loaded in one piece and not gathered.
    field_x, field_y, field_z = field[0, start:stop], field[1, start:stop], field[2, start:stop]
    for j in range(count):
        x, y, z = o0 + field_x[j], o1 + field_y[j], o2 + field_z[j]
        b3 = x * n0 + y * n1 + z * n2
        # The difference from the axis, not b^2 - b3^2: near the axis the squares cancel.
        p0, p1, p2 = x - b3 * n0, y - b3 * n1, z - b3 * n2
        b12 = np.sqrt(p0 * p0 + p1 * p1 + p2 * p2)
        size = abs(b3)
        # One division for both, as divisions set the pace here.
        below_u, below_v = 1 + size * curve_u, 1 + b12 * curve_v
        over = 1 / (below_u * below_v)
        u = size * per_u * below_v * over + margin
        v = b12 * per_v * below_u * over + margin
        cell_u, cell_v = np.int32(u), np.int32(v)
        u -= cell_u
        rest[j] = v - cell_v
        along[j] = b3
        cell[j] = (cell_u - 1) * row + (cell_v - 1) * 2
        u2 = u * u
        u3 = u2 * u
        weights[0, j] = 1 - 3 * u + 3 * u2 - u3
        weights[1, j] = 4 - 6 * u2 + 3 * u3
        weights[2, j] = 1 + 3 * u + 3 * u2 - 3 * u3
        weights[3, j] = u3


@part(fastmath=True)
def _combine(
    axis: FloatArray,
    offset: FloatArray,
    field: FloatArray,
    start: int,
    count: int,
    along: FloatArray,
    sums: FloatArray,
    out: FloatArray,
) -> None:
    """Form ``f b + h b3 n``; `sums` ``(sample, 2)`` holds f and h."""
    n0, n1, n2 = axis[0], axis[1], axis[2]
    o0, o1, o2 = offset[0], offset[1], offset[2]
    stop = start + count
    field_x, field_y, field_z = field[0, start:stop], field[1, start:stop], field[2, start:stop]
    out_x, out_y, out_z = out[0, start:stop], out[1, start:stop], out[2, start:stop]
    for j in range(count):
        slope, rest = sums[j, 0], sums[j, 1] * along[j]
        out_x[j] = slope * (o0 + field_x[j]) + rest * n0
        out_y[j] = slope * (o1 + field_y[j]) + rest * n1
        out_z[j] = slope * (o2 + field_z[j]) + rest * n2
