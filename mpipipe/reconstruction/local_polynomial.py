"""Local polynomial regression of scattered samples as a sparse matrix: one row of weights a centre.

Around a centre c a polynomial is fitted to the samples ``f_j`` at ``r_j`` within a radius R,

``min over a of  sum_j  p_j K(|r_j - c| / R) (f_j - sum_k a_k phi_k((r_j - c) / R))^2``,

with the monomials ``phi`` up to the degree, a compact kernel K and the precision ``p_j`` (inverse variance) of a sample.
The value at the centre, ``a_0``, is linear in the samples, so its weights are a row of a matrix:
``w_j = p_j K_j phi(r_j)^T M^-1 e_0`` with the normal matrix ``M = sum_j p_j K_j phi phi^T``. Polynomials of the degree are
reproduced exactly (Fan and Gijbels, Local Polynomial Modelling and Its Applications, 1996; D. Levin, Math. Comp. 67
(1998) 1517: moving least squares).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.spatial import Delaunay, QhullError, cKDTree

from mpipipe.compiled.loops import loop, part
from mpipipe.config.gridding import GriddingConfig
from mpipipe.errors import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LARGEST_LEBESGUE = 10.0
"""Largest sum of absolute weights of a centre: 3 at the corners of a Lissajous field, thousands where M is near singular."""

MOST_CELLS = 1000
"""Largest number of cells along an axis in which the samples are sorted; a cell is at least a radius wide."""
_FLAT = "trajectory: found {} samples along one line, expected samples that spread over a plane"


def fill_distance_m(points_m: FloatArray, reach: FloatArray) -> float:
    """Return the largest distance of a position among the samples to its nearest sample, in m.

    That is the radius of the largest circle without a sample whose centre lies in the scanned rectangle; the
    circumcircles of the Delaunay triangles are the candidates. It depends on the trajectory and not on the pixels.

    Parameters
    ----------
    points_m : (sample, 2) ndarray of float64
        Positions of the samples.
    reach : (2,) ndarray of float64
        Half edges of the rectangle in m; it is centred at 0.

    Raises
    ------
    InputError
        The samples lie on one line.
    """
    try:
        corners = points_m[Delaunay(points_m).simplices]
    except (QhullError, ValueError) as error:
        raise InputError(_FLAT.format(len(points_m))) from error
    b, c = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    bb, cc = (b**2).sum(axis=1), (c**2).sum(axis=1)
    to_centre = np.stack([c[:, 1] * bb - b[:, 1] * cc, b[:, 0] * cc - c[:, 0] * bb], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # a flat triangle has its centre at infinity
        to_centre /= 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])[:, None]
    inside = (np.abs(corners[:, 0] + to_centre) < reach).all(axis=1)
    if not inside.any():
        raise InputError(_FLAT.format(len(points_m)))
    return float(np.hypot(to_centre[inside, 0], to_centre[inside, 1]).max())


def fit_weights(
    points_m: FloatArray,
    precision: FloatArray,
    centres_m: FloatArray,
    radius_m: float,
    config: GriddingConfig,
) -> Any:  # noqa: ANN401 - SciPy's sparse arrays are untyped
    """Return the sparse matrix that turns samples into fitted values at the centres.

    Parameters
    ----------
    points_m : (sample, 2) ndarray of float64
        Positions of the samples.
    precision : (sample,) ndarray of float64
        Inverse variance of each sample, up to a common factor.
    centres_m : (centre, 2) ndarray of float64
        Where the values are wanted.
    radius_m : float
        Samples closer than this take part.
    config : GriddingConfig
        Degree and kernel.

    Returns
    -------
    (centre, sample) csr_array of float32, indices int32
        Weights; every row sums to 1.

    Raises
    ------
    InputError
        The samples around a centre do not determine its polynomial: too few, all on one curve, or all on one side. The
        criterion is the sum of a row's absolute weights, its Lebesgue constant, by which errors of the samples grow.
    """
    scaled, centres = points_m / radius_m, centres_m / radius_m
    low = scaled.min(axis=0)
    side = max(1.0, float(np.ptp(scaled, axis=0).max()) / MOST_CELLS)
    cell = ((scaled - low) // side).astype(np.int64)
    cells = cell.max(axis=0) + 1
    number = cell[:, 0] * cells[1] + cell[:, 1]
    order = np.argsort(number, kind="stable")
    first = np.searchsorted(number[order], np.arange(cells.prod() + 1))
    near = (first, cells, ((centres - low) // side).astype(np.int64))
    points, relative = scaled[order], precision[order] / precision.max()
    row = np.concatenate([[0], np.cumsum(_count(points, *near, centres))])
    if row[-1] > np.iinfo(np.int32).max:
        raise InputError(
            f"radius_mm: found {1e3 * radius_m:.4g}, which makes {row[-1]} weights, expected at most 2^31"
        )
    power = {"epanechnikov": 1, "biweight": 2}[config.kernel]
    index, weight, lebesgue = _fit(points, relative, *near, centres, row, config.degree, power)
    _check(lebesgue, row, points_m, centres_m, radius_m)
    matrix = csr_array(
        (weight, order[index].astype(np.int32), row.astype(np.int32)), (len(centres), len(points))
    )
    matrix.sort_indices()  # along time, as the signals lie in memory
    return matrix


def _check(
    lebesgue: FloatArray, row: IntArray, points_m: FloatArray, centres_m: FloatArray, radius_m: float
) -> None:
    """Raise `InputError` for the largest hole among the centres whose polynomial is not determined."""
    failed = np.flatnonzero(lebesgue > LARGEST_LEBESGUE)
    if not len(failed):
        return
    nearest, _ = cKDTree(points_m).query(centres_m[failed])
    worst = failed[nearest.argmax()]
    x, y = 1e3 * centres_m[worst]
    raise InputError(
        f"radius_mm: found {1e3 * radius_m:.4g}, with {row[worst + 1] - row[worst]} samples inside around the pixel "
        f"({x:.4g}, {y:.4g}) mm and the nearest {1e3 * nearest.max():.4g} mm away, expected a radius with enough samples "
        "on all sides for a fit"
    )


@part()
def _stretch(first: IntArray, cells: IntArray, home: IntArray, step: int) -> tuple[int, int]:
    """Return the samples in the cells next to the home cell, in the column of cells that is `step` away along x."""
    x = home[0] + step
    low, high = max(home[1] - 1, 0), min(home[1] + 1, cells[1] - 1)
    if x < 0 or x >= cells[0] or low > high:
        return 0, 0
    return first[x * cells[1] + low], first[x * cells[1] + high + 1]


@loop()
def _count(
    points: FloatArray, first: IntArray, cells: IntArray, home: IntArray, centres: FloatArray
) -> IntArray:
    """Count the samples closer than 1 to each centre."""
    counts = np.zeros(len(centres), np.int64)
    for i in range(len(centres)):
        for step in range(-1, 2):
            start, stop = _stretch(first, cells, home[i], step)
            for j in range(start, stop):
                u, v = points[j, 0] - centres[i, 0], points[j, 1] - centres[i, 1]
                counts[i] += u * u + v * v < 1
    return counts


@loop()
def _fit(
    points: FloatArray,
    precision: FloatArray,
    first: IntArray,
    cells: IntArray,
    home: IntArray,
    centres: FloatArray,
    row: IntArray,
    degree: int,
    power: int,
) -> tuple[IntArray, npt.NDArray[np.float32], FloatArray]:
    """Return indices and weights of all rows, and the sum of each row's absolute weights: infinity if singular."""
    terms = (degree + 1) * (degree + 2) // 2
    index, weight = np.empty(row[-1], np.int64), np.empty(row[-1], np.float32)
    lebesgue = np.full(len(centres), np.inf)
    largest = (row[1:] - row[:-1]).max()
    phi, share = np.ones((largest, 6)), np.empty(largest)
    normal, solution = np.empty((terms, terms)), np.empty(terms)
    for i in range(len(centres)):
        count = 0
        for step in range(-1, 2):
            start, stop = _stretch(first, cells, home[i], step)
            for j in range(start, stop):
                u, v = points[j, 0] - centres[i, 0], points[j, 1] - centres[i, 1]
                square = u * u + v * v
                if square < 1:
                    index[row[i] + count] = j
                    phi[count, 1:] = u, v, u * u, u * v, v * v
                    share[count] = precision[j] * (1 - square) ** power
                    count += 1
        if not _solve(phi, share, count, normal, solution):
            continue
        lebesgue[i] = 0
        for k in range(count):
            value = 0.0
            for m in range(terms):
                value += phi[k, m] * solution[m]
            weight[row[i] + k] = value * share[k]
            lebesgue[i] += abs(value * share[k])
    return index, weight, lebesgue


@part()
def _solve(phi: FloatArray, share: FloatArray, count: int, normal: FloatArray, solution: FloatArray) -> bool:
    """Write the first column of the inverse normal matrix, by Cholesky factors; return whether there is one."""
    terms = len(solution)
    normal[:] = 0
    for k in range(count):
        for m in range(terms):
            part = share[k] * phi[k, m]
            for n in range(m + 1):
                normal[m, n] += part * phi[k, n]
    for m in range(terms):
        size = normal[m, m]
        for n in range(m + 1):
            for k in range(n):
                normal[m, n] -= normal[m, k] * normal[n, k]
            if n < m:
                normal[m, n] /= normal[n, n]
        if not normal[m, m] > 1e-12 * size:
            return False
        normal[m, m] = np.sqrt(normal[m, m])
    for m in range(terms):
        solution[m] = 1.0 if m == 0 else 0.0
        for n in range(m):
            solution[m] -= normal[m, n] * solution[n]
        solution[m] /= normal[m, m]
    for m in range(terms - 1, -1, -1):
        for n in range(m + 1, terms):
            solution[m] -= normal[n, m] * solution[n]
        solution[m] /= normal[m, m]
    return True
