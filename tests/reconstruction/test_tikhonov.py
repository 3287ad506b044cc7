import numpy as np
import pytest
from scipy.linalg import lstsq

from mpipipe.errors import InputError
from mpipipe.reconstruction.svd_inverse import SvdInverse
from tests.reconstruction.line_systems import line_system

PARAMETERS = (1e-4, 1e-2, 0.3, 5.0)


@pytest.fixture(scope="module")
def problem():
    S, _ = line_system(30, harmonics=60, voxels=33)
    rng = np.random.default_rng(0)
    scenes = rng.integers(0, 2, (6, 33))
    return S, scenes @ S.T + 0.01 * rng.standard_normal((6, 60))


@pytest.mark.parametrize("regularization", PARAMETERS)
def test_estimates_solve_the_normal_equations(problem, regularization):
    S, u = problem
    weight = (regularization * np.linalg.norm(S, 2)) ** 2
    c = SvdInverse.of(S).tikhonov(u, regularization)
    np.testing.assert_allclose(c @ (S.T @ S + weight * np.eye(33)), u @ S, atol=1e-11 * np.abs(u @ S).max())


@pytest.mark.parametrize("regularization", PARAMETERS)
def test_estimates_are_least_squares_of_the_stacked_system(problem, regularization):
    S, u = problem
    stacked = np.concatenate([S, regularization * np.linalg.norm(S, 2) * np.eye(33)])
    expected = lstsq(stacked, np.concatenate([u, np.zeros((6, 33))], axis=1).T)[0].T
    np.testing.assert_allclose(SvdInverse.of(S).tikhonov(u, regularization), expected, atol=1e-9)


def test_without_regularisation_it_is_the_pseudo_inverse(problem):
    S, u = problem
    inverse = SvdInverse.of(S)
    plain = inverse.tikhonov(u, 0)
    np.testing.assert_allclose(plain, u @ np.linalg.pinv(S).T, atol=1e-9)
    distances = [np.linalg.norm(inverse.tikhonov(u, value) - plain) for value in (1e-3, 1e-5, 1e-7)]
    assert distances[0] > 100 * distances[1] > 1e4 * distances[2]  # of second order in the parameter


def test_a_large_parameter_leaves_the_back_projection(problem):
    S, u = problem
    large = 1e6
    weight = (large * np.linalg.norm(S, 2)) ** 2
    np.testing.assert_allclose(
        SvdInverse.of(S).tikhonov(u, large) * weight, u @ S, atol=1e-9 * np.abs(u @ S).max()
    )


def test_residual_grows_and_norm_falls_with_the_parameter(problem):
    S, u = problem
    inverse = SvdInverse.of(S)
    estimates = [inverse.tikhonov(u, value) for value in np.logspace(-4, 1, 12)]
    residuals = np.array([np.linalg.norm(c @ S.T - u, axis=1) for c in estimates])
    norms = np.array([np.linalg.norm(c, axis=1) for c in estimates])
    assert (np.diff(residuals, axis=0) > 0).all() and (np.diff(norms, axis=0) < 0).all()


def test_the_parameter_has_no_unit(problem):
    S, u = problem
    np.testing.assert_allclose(
        SvdInverse.of(1e-9 * S).tikhonov(1e-9 * u, 0.01),
        SvdInverse.of(S).tikhonov(u, 0.01),
        rtol=1e-6,
        atol=1e-9,
    )


@pytest.mark.parametrize("regularization", [-1e-3, np.nan, np.inf])
def test_bad_parameters_are_refused(problem, regularization):
    with pytest.raises(InputError, match="regularization"):
        SvdInverse.of(problem[0]).tikhonov(problem[1], regularization)
