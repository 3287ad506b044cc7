"""The vector instructions of a cell against the sum that they stand for."""

import numba
import numpy as np
import pytest
from scipy.interpolate import BSpline

from mpipipe.physics.spline_cell import sum_cell


@numba.njit
def summed(coefficients, cell, row, weights, rest, sums):
    for sample in range(len(cell)):
        sum_cell(coefficients, cell[sample], row, weights, rest, sample, sums)


@pytest.mark.parametrize("columns", [4, 7, 60])
def test_a_cell_is_the_sum_over_its_sixteen_nodes(columns):
    rng = np.random.default_rng(columns)
    nodes = rng.normal(size=(9, columns, 2))
    row, column = rng.integers(0, 6, 50), rng.integers(0, columns - 3, 50)
    weights, rest, sums = rng.normal(size=(4, 50)), rng.random(50), np.empty((50, 2))
    summed(nodes.reshape(-1), 2 * (row * columns + column), 2 * columns, weights, rest, sums)
    kernel = BSpline.basis_element(np.arange(-2.0, 3.0), extrapolate=False)
    for n in range(50):
        cell = nodes[row[n] : row[n] + 4, column[n] : column[n] + 4]
        # The four kernels lie at -1, 0, 1 and 2 of the place in the cell; the factor 1/6 is left out.
        across = 6 * kernel(rest[n] - np.arange(-1, 3))
        expected = np.einsum("r,c,rcf->f", weights[:, n], across, cell)
        np.testing.assert_allclose(sums[n], expected, rtol=0, atol=1e-13)
