"""Compiled sampling of a tensor map along a trajectory by cubic B-splines.

Neighbouring samples of a trajectory lie in neighbouring cells, so the nodes they read stay in the fast cache; a sample
reads sixteen nodes of three maps, four in a row at a time.
"""

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop

Float32Array = npt.NDArray[np.float32]

SUPPORT = 4
"""Nodes along an axis that a cubic B-spline reaches."""


def spline_weights(fraction: npt.NDArray[np.float64]) -> Float32Array:
    """Return the weights of the four nodes around each point, the cubic B-spline at their distances.

    Parameters
    ----------
    fraction : (point,) ndarray of float64
        Distance from the second of the four nodes in units of their spacing, 0 to 1.

    Returns
    -------
    (point, 4) ndarray of float32
        Weights; each row adds up to 1.
    """
    t, rest = fraction, 1 - fraction
    weights = rest**3, 4 - 3 * t**2 * (1 + rest), 4 - 3 * rest**2 * (1 + t), t**3
    return np.stack(weights, axis=1, dtype=np.float32, casting="same_kind") / np.float32(6)


@loop(fastmath=True)
def sample_products(
    maps: Float32Array,
    stride: int,
    first: npt.NDArray[np.int64],
    weight_x: Float32Array,
    weight_y: Float32Array,
    vector: Float32Array,
    out: Float32Array,
) -> None:  # pragma: no cover - compiled
    """Write the product of a symmetric 2 x 2 tensor map and a vector at every point.

    Parameters
    ----------
    maps : (3, node) ndarray of float32
        Spline coefficients of the xx, xy and yy entries; nodes along y are neighbours, those along x `stride` apart.
    stride : int
        Number of nodes along y.
    first : (point,) ndarray of int64
        First of the sixteen nodes of a point.
    weight_x, weight_y : (point, 4) ndarray of float32
        Weights of the four nodes along each axis.
    vector : (2, point) ndarray of float32
        Vector that the tensor is applied to.
    out : (2, point) ndarray of float32
        Product.
    """
    map_xx, map_xy, map_yy = maps[0], maps[1], maps[2]
    nothing = np.float32(0)
    for n in range(first.size):
        xx, xy, yy = nothing, nothing, nothing
        for i in range(SUPPORT):
            start = first[n] + i * stride
            row_xx = map_xx[start : start + SUPPORT]
            row_xy = map_xy[start : start + SUPPORT]
            row_yy = map_yy[start : start + SUPPORT]
            sum_xx, sum_xy, sum_yy = nothing, nothing, nothing
            for k in range(SUPPORT):
                weight = weight_y[n, k]
                sum_xx += weight * row_xx[k]
                sum_xy += weight * row_xy[k]
                sum_yy += weight * row_yy[k]
            xx += weight_x[n, i] * sum_xx
            xy += weight_x[n, i] * sum_xy
            yy += weight_x[n, i] * sum_yy
        out[0, n] = xx * vector[0, n] + xy * vector[1, n]
        out[1, n] = xy * vector[0, n] + yy * vector[1, n]
