import numpy as np
import pytest
from scipy.linalg import lstsq

from mpipipe.errors import InputError
from mpipipe.reconstruction.svd_inverse import SvdInverse
from tests.reconstruction.line_systems import line_system

SHAPES = {"tall": (30, 17), "square": (17, 17), "wide": (12, 20)}


def problem(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(SHAPES[shape]), rng.standard_normal((5, SHAPES[shape][0]))


@pytest.mark.parametrize("shape", SHAPES)
def test_at_full_rank_the_inverse_meets_the_conditions_of_moore_and_penrose(shape):
    S, _ = problem(shape)
    rows, columns = S.shape
    X = SvdInverse.of(S).truncated(np.eye(rows), min(rows, columns)).T
    np.testing.assert_allclose(S @ X @ S, S, atol=1e-11)
    np.testing.assert_allclose(X @ S @ X, X, atol=1e-11)
    np.testing.assert_allclose(S @ X, (S @ X).T, atol=1e-11)
    np.testing.assert_allclose(X @ S, (X @ S).T, atol=1e-11)


@pytest.mark.parametrize("shape", SHAPES)
def test_at_full_rank_estimates_are_the_shortest_least_squares_solutions(shape):
    S, u = problem(shape)
    inverse = SvdInverse.of(S)
    np.testing.assert_allclose(inverse.truncated(u, inverse.rank), lstsq(S, u.T)[0].T, atol=1e-11)


@pytest.mark.parametrize("rank", [1, 4, 11])
def test_a_rank_below_is_least_squares_of_the_nearest_matrix_of_that_rank(rank):
    S, u = problem("tall")
    s = np.linalg.svd(S, compute_uv=False)
    # scipy leaves out what lies below cond times the largest singular value.
    expected = lstsq(S, u.T, cond=(s[rank - 1] + s[rank]) / 2 / s[0])[0].T
    np.testing.assert_allclose(SvdInverse.of(S).truncated(u, rank), expected, atol=1e-11)


def test_residual_falls_and_norm_grows_with_the_rank():
    S, u = problem("tall")
    inverse = SvdInverse.of(S)
    estimates = [inverse.truncated(u, rank) for rank in range(1, inverse.rank + 1)]
    residuals = np.array([np.linalg.norm(c @ S.T - u, axis=1) for c in estimates])
    norms = np.array([np.linalg.norm(c, axis=1) for c in estimates])
    assert (np.diff(residuals, axis=0) < 0).all() and (np.diff(norms, axis=0) > 0).all()


def test_each_singular_value_acts_on_its_own_direction():
    S = np.zeros((4, 3))
    S[[0, 1, 2], [0, 1, 2]] = 1, 8, 2  # U and V are unit vectors
    u = np.array([[3.0, 16, 10, 7]])
    inverse = SvdInverse.of(S)
    for rank, expected in enumerate(([0, 2, 0], [0, 2, 5], [3, 2, 5]), start=1):
        np.testing.assert_allclose(inverse.truncated(u, rank), [expected], atol=1e-14)
    assert inverse.condition == pytest.approx(8)


def test_singular_values_that_are_rounding_errors_are_left_out():
    rng = np.random.default_rng(1)
    S = rng.standard_normal((20, 4)) @ rng.standard_normal((4, 9))
    u = rng.standard_normal((3, 20))
    inverse = SvdInverse.of(S)
    assert inverse.rank == np.linalg.matrix_rank(S) == 4
    np.testing.assert_allclose(inverse.truncated(u, 9), lstsq(S, u.T, cond=1e-10)[0].T, atol=1e-11)


def test_scenes_come_back_from_spectra_without_noise():
    S, _ = line_system(40)
    scenes = np.random.default_rng(2).integers(0, 2, (20, S.shape[1]))
    inverse = SvdInverse.of(S)
    np.testing.assert_allclose(inverse.truncated(scenes @ S.T, 129), scenes, atol=1e-12)


@pytest.mark.parametrize(
    "matrix",
    [np.ones(3), np.zeros((3, 2)), np.ones((0, 2)), np.full((2, 2), np.nan), np.ones((2, 2), complex)],
)
def test_matrices_without_an_inverse_are_refused(matrix):
    with pytest.raises(InputError, match="matrix"):
        SvdInverse.of(matrix)


def test_bad_spectra_and_ranks_are_refused():
    inverse = SvdInverse.of(np.eye(3))
    with pytest.raises(InputError, match=r"spectra: found shape \(1, 4\), expected \(scene, 3\)"):
        inverse.truncated(np.ones((1, 4)), 1)
    with pytest.raises(InputError, match="rank: found 0"):
        inverse.truncated(np.ones((1, 3)), 0)
