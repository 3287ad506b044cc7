import numpy as np
import pytest
from scipy.spatial import cKDTree

from mpipipe.config.gridding import GriddingConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.local_polynomial import fill_distance_m, fit_weights

REACH = np.array([1.0, 1.0])


def scattered(seed, count=400):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (count, 2))
    return points, rng.uniform(0.1, 2, count), rng.uniform(-1, 1, (50, 2))


def monomials(offset, degree):
    x, y = offset[..., 0], offset[..., 1]
    return np.stack([x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=-1)


def weighted_least_squares(points, precision, centre, radius, degree, power):
    """The row of one centre from its definition, by the pseudo-inverse of the weighted design matrix."""
    distance = np.hypot(*(points - centre).T) / radius
    root = np.sqrt(precision * np.clip(1 - distance**2, 0, None) ** power)
    return (np.linalg.pinv(root[:, None] * monomials((points - centre) / radius, degree)) * root)[0]


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("kernel, power", [("epanechnikov", 1), ("biweight", 2)])
def test_rows_are_weighted_least_squares(degree, kernel, power):
    points, precision, centres = scattered(0)
    matrix = fit_weights(points, precision, centres, 0.4, GriddingConfig(degree=degree, kernel=kernel))
    expected = [weighted_least_squares(points, precision, centre, 0.4, degree, power) for centre in centres]
    assert matrix.dtype == np.float32 and matrix.indices.dtype == np.int32
    np.testing.assert_allclose(matrix.toarray(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("degree", [1, 2])
def test_polynomials_of_the_degree_are_reproduced_and_the_next_is_not(degree):
    points, precision, centres = scattered(1)
    matrix = fit_weights(points, precision, centres, 0.4, GriddingConfig(degree=degree))
    np.testing.assert_allclose(matrix @ monomials(points, degree), monomials(centres, degree), atol=1e-6)
    assert np.abs(matrix @ points[:, 0] ** (degree + 1) - centres[:, 0] ** (degree + 1)).max() > 1e-3


def test_order_of_the_samples_does_not_matter():
    points, precision, centres = scattered(2)
    values = np.sin(3 * points[:, 0]) + points[:, 1]
    order = np.random.default_rng(0).permutation(len(points))
    first = fit_weights(points, precision, centres, 0.4, GriddingConfig()) @ values
    second = fit_weights(points[order], precision[order], centres, 0.4, GriddingConfig()) @ values[order]
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-6)


def test_a_common_factor_of_the_precision_and_the_unit_of_length_do_not_matter():
    points, precision, centres = scattered(3)
    first = fit_weights(points, precision, centres, 0.4, GriddingConfig())
    second = fit_weights(1e-3 * points, 1e6 * precision, 1e-3 * centres, 0.4e-3, GriddingConfig())
    np.testing.assert_allclose(first.toarray(), second.toarray(), rtol=0, atol=1e-6)


def test_samples_at_the_radius_and_beyond_take_no_part():
    points, precision, centres = scattered(4)
    matrix = fit_weights(points, precision, centres, 0.4, GriddingConfig()).tocoo()
    near = np.hypot(*(points[:, None] - centres).T) < 0.4
    np.testing.assert_array_equal(np.bincount(matrix.row, minlength=len(centres)), near.sum(axis=1))
    assert near[matrix.row, matrix.col].all()


LINE = np.stack([np.linspace(-1, 1, 41), np.zeros(41)], axis=1)
TWO_LINES = np.concatenate([LINE, LINE]) + np.repeat([[0, -0.1], [0, 0.1]], 41, axis=0)
ONE_SIDE = np.stack(np.meshgrid(np.linspace(0.3, 1, 30), np.linspace(-1, 1, 60)), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize(
    "points, degree, inside, nearest",
    [
        (LINE[19:21], 1, 2, 0),
        (LINE, 1, 19, 0),
        (TWO_LINES, 2, 38, 100),
        (ONE_SIDE, 2, r"\d+", "300.5"),
        (LINE + 3, 1, 0, "3606"),
    ],
)
def test_samples_that_do_not_determine_the_fit_are_an_error(points, degree, inside, nearest):
    found = rf"{inside} samples inside around the pixel \(0, 0\) mm and the nearest {nearest} mm away"
    with pytest.raises(InputError, match=rf"radius_mm: found 500, with {found}"):
        fit_weights(points, np.ones(len(points)), np.zeros((1, 2)), 0.5, GriddingConfig(degree=degree))


def test_the_largest_hole_is_named():
    points, precision, _ = scattered(6, 2000)
    points = points[
        (np.hypot(points[:, 0] - 0.5, points[:, 1]) > 0.3)
        & (np.hypot(points[:, 0] + 0.5, points[:, 1]) > 0.4)
    ]
    centres = np.array([[0.5, 0], [0, 0.5], [-0.5, 0]])
    with pytest.raises(
        InputError, match=r"0 samples inside around the pixel \(-500, 0\) mm and the nearest 4\d\d"
    ):
        fit_weights(points, precision[: len(points)], centres, 0.2, GriddingConfig())


def test_two_lines_determine_a_linear_fit():
    matrix = fit_weights(TWO_LINES, np.ones(82), np.zeros((1, 2)), 0.5, GriddingConfig(degree=1))
    np.testing.assert_allclose(matrix @ (1 + TWO_LINES @ (2, 3)), [1], atol=1e-6)


def test_fill_distance_of_a_lattice_is_half_its_diagonal():
    axis = np.linspace(-1, 1, 21)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(fill_distance_m(points, REACH), 0.1 / np.sqrt(2), rtol=1e-9)


def test_fill_distance_is_that_of_a_search():
    points, _, _ = scattered(5, 3000)
    axis = np.linspace(-0.9, 0.9, 1500)
    probes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    searched = cKDTree(points).query(probes)[0].max()
    found = fill_distance_m(points, np.array([0.9, 0.9]))
    assert searched <= found <= searched + 1.8 / 1499


@pytest.mark.parametrize("points", [LINE, LINE[:2], LINE[:, ::-1]])
def test_fill_distance_of_a_line_is_an_error(points):
    with pytest.raises(InputError, match=rf"trajectory: found {len(points)} samples along one line"):
        fill_distance_m(points, REACH)
