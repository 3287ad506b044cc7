"""Compiled loops that make the moment table: its quadrature and its spline coefficients."""

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop

FloatArray = npt.NDArray[np.float64]

TOGETHER = 4
"""Quadrature nodes come in such numbers; weights of further ones are zero."""


@loop(fastmath=True)
def integrate(
    density: FloatArray, cosh: FloatArray, sinh: FloatArray, bessel_0: FloatArray, bessel_1: FloatArray
) -> FloatArray:
    """Sum the quadrature of f and h of one anisotropy from its factors.

    Parameters
    ----------
    density : (node,) ndarray of float64
        Weight and anisotropy factor.
    cosh, sinh : (b3, node) ndarray of float64
        Factors of the field along the axis: ``cosh(b3 t)`` and ``t sinh(b3 t) / b3``.
    bessel_0, bessel_1 : (node, b12) ndarray of float64
        Factors of the field across the axis: ``I0(b12 s)`` and ``s I1(b12 s) / b12``.

    Returns
    -------
    (b3, b12, function) ndarray of float64
        f and h.
    """
    nodes, columns = bessel_0.shape
    values = np.empty((len(cosh), columns, 2))
    partition, along, across = np.empty(columns), np.empty(columns), np.empty(columns)
    for row in range(len(cosh)):
        partition[:] = 0
        along[:] = 0
        across[:] = 0
        # Four nodes a pass, as loads and stores of the sums would set the pace with one.
        for n in range(0, nodes, TOGETHER):
            d0, d1, d2, d3 = density[n], density[n + 1], density[n + 2], density[n + 3]
            c0, c1, c2, c3 = (
                d0 * cosh[row, n],
                d1 * cosh[row, n + 1],
                d2 * cosh[row, n + 2],
                d3 * cosh[row, n + 3],
            )
            s0, s1, s2, s3 = (
                d0 * sinh[row, n],
                d1 * sinh[row, n + 1],
                d2 * sinh[row, n + 2],
                d3 * sinh[row, n + 3],
            )
            p0, p1, p2, p3 = bessel_0[n], bessel_0[n + 1], bessel_0[n + 2], bessel_0[n + 3]
            q0, q1, q2, q3 = bessel_1[n], bessel_1[n + 1], bessel_1[n + 2], bessel_1[n + 3]
            for i in range(columns):
                partition[i] += c0 * p0[i] + c1 * p1[i] + c2 * p2[i] + c3 * p3[i]
                along[i] += s0 * p0[i] + s1 * p1[i] + s2 * p2[i] + s3 * p3[i]
                across[i] += c0 * q0[i] + c1 * q1[i] + c2 * q2[i] + c3 * q3[i]
        for i in range(columns):
            over = 1 / partition[i]
            f = across[i] * over
            values[row, i, 0] = f
            values[row, i, 1] = along[i] * over - f
    return values


@loop(fastmath=True)
def solve_spline(lines: FloatArray) -> None:
    """Replace values by cubic B-spline coefficients along the middle axis, in place.

    Solves ``c_(j-1) + 4 c_j + c_(j+1) = v_j``, the kernel's factor 1/6 left out, with not-a-knot ends: the third
    derivative continues over the second node. That gives ``c_1 = (8 v_1 - v_0 - v_2) / 36`` and the same at the other
    end, so that a tridiagonal system remains between them.

    Parameters
    ----------
    lines : (outer, node, inner) ndarray of float64
        Values, at least five nodes; coefficients afterwards.
    """
    outer, count, inner = lines.shape
    factor = np.zeros(count)
    for j in range(2, count - 2):
        factor[j] = 1 / (4 - factor[j - 1])
    for o in range(outer):
        line = lines[o]
        for i in range(inner):
            first, last = line[1, i], line[count - 2, i]
            line[1, i] = (8 * first - line[0, i] - line[2, i]) / 36
            line[count - 2, i] = (8 * last - line[count - 1, i] - line[count - 3, i]) / 36
            line[0, i], line[count - 1, i] = first - 4 * line[1, i], last - 4 * line[count - 2, i]
        for j in range(2, count - 2):
            for i in range(inner):
                line[j, i] = (line[j, i] - line[j - 1, i]) * factor[j]
        for j in range(count - 3, 1, -1):
            for i in range(inner):
                line[j, i] -= factor[j] * line[j + 1, i]
        for i in range(inner):
            line[0, i] -= line[2, i]
            line[count - 1, i] -= line[count - 3, i]
