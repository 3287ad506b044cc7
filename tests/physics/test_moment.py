"""Mean moment against independent truths: the sphere integral, limits, symmetry, and the gradient of ln Z."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.spatial.transform import Rotation

from mpipipe.errors import InputError
from mpipipe.physics.magnetization import langevin, mean_moment, moment_by_quadrature, moment_components
from mpipipe.physics.particle import Particle

fields = st.tuples(*[st.floats(-60, 60) for _ in range(3)]).map(np.array)
alphas = st.floats(0, 20)


def particle(diameter: float = 20, anisotropy: float = 3000, axis: tuple[float, ...] = (1, 0, 0)) -> Particle:
    return Particle(
        core_diameter_nm=diameter, anisotropy_J_per_m3=anisotropy, kind="immobilised", easy_axis=axis
    )


def on_the_sphere(alpha: float, b3: float, b12: float) -> tuple[float, float]:
    """Integrate over the unit sphere in angles, with no Bessel function and no symmetry used."""

    def integral(factor):
        return dblquad(
            lambda phi, theta: (
                factor(theta, phi)
                * np.exp(
                    alpha * (np.cos(theta) ** 2 - 1)
                    + b3 * np.cos(theta)
                    + b12 * np.sin(theta) * np.cos(phi)
                    - np.hypot(b3, b12)
                )
                * np.sin(theta)
            ),
            0,
            np.pi,
            0,
            2 * np.pi,
            epsabs=1e-12,
            epsrel=1e-11,
        )[0]

    z = integral(lambda theta, phi: 1.0)
    along = integral(lambda theta, phi: np.cos(theta))
    across = integral(lambda theta, phi: np.sin(theta) * np.cos(phi))
    return along / z, across / z


@pytest.mark.parametrize(("alpha", "b3", "b12"), [(8, 4, 6), (0.5, -2, 1), (15, 0.3, 9)])
def test_integral_over_the_sphere(alpha: float, b3: float, b12: float) -> None:
    np.testing.assert_allclose(moment_components(alpha, b3, b12), on_the_sphere(alpha, b3, b12), atol=1e-9)


def test_series_value_of_maass() -> None:
    # Series in Laguerre polynomials and Bessel functions, 60 digits (Maass et al. 2024).
    np.testing.assert_allclose(moment_components(8, 4, 6), (0.886624, 0.309612), atol=5e-7)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 8.0, 20.2])
def test_48_nodes_agree_with_400(alpha: float) -> None:
    b3, b12 = np.meshgrid(np.linspace(-77, 77, 41), np.linspace(0, 77, 31))
    inside = np.hypot(b3, b12) <= 77
    found = moment_components(alpha, b3[inside], b12[inside])
    np.testing.assert_allclose(
        found, moment_components(alpha, b3[inside], b12[inside], nodes=400), atol=1e-12
    )


@given(fields)
def test_without_anisotropy_it_is_the_langevin_function(b: np.ndarray) -> None:
    size = float(np.linalg.norm(b))
    expected = langevin(size) * b / size if size else np.zeros(3)
    found = moment_by_quadrature(b, 0.0, np.array([0.6, 0.0, 0.8]))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_langevin_function() -> None:
    x = np.array([1e-8, 1e-3, 0.29, 0.31, 2.0805, 50.0])
    np.testing.assert_allclose(langevin(x[:2]), x[:2] / 3, rtol=1e-6)
    np.testing.assert_allclose(langevin(x[2:]), 1 / np.tanh(x[2:]) - 1 / x[2:], rtol=1e-13)
    np.testing.assert_allclose(langevin(-x), -langevin(x))


@given(fields, alphas, st.integers(0, 2**31))
@settings(max_examples=50)
def test_rotating_field_and_axis_rotates_the_moment(b: np.ndarray, alpha: float, seed: int) -> None:
    turn = Rotation.random(rng=seed)
    axis = np.array([0.0, 0.6, 0.8])
    found = moment_by_quadrature(turn.apply(b), alpha, turn.apply(axis))
    np.testing.assert_allclose(found, turn.apply(moment_by_quadrature(b, alpha, axis)), atol=1e-11)


@given(fields, alphas)
def test_parity_and_bounds(b: np.ndarray, alpha: float) -> None:
    axis = np.array([0.0, 0.6, 0.8])
    found = moment_by_quadrature(b, alpha, axis)
    np.testing.assert_allclose(moment_by_quadrature(-b, alpha, axis), -found, atol=1e-12)
    np.testing.assert_allclose(moment_by_quadrature(b, alpha, -axis), found, atol=1e-12)
    assert np.linalg.norm(found) < 1 and found @ b >= -1e-12


def test_it_is_the_gradient_of_the_logarithm_of_the_partition_function() -> None:
    axis, alpha, b = np.array([0.0, 0.6, 0.8]), 6.0, np.array([1.5, -2.0, 0.7])

    def log_z(b: np.ndarray) -> float:
        t, w = np.polynomial.legendre.leggauss(200)
        phi = 2 * np.pi * np.arange(128) / 128
        x = np.stack(
            [np.outer(np.sqrt(1 - t**2), f(phi)) for f in (np.cos, np.sin)] + [np.outer(t, phi**0)], -1
        )
        return float(np.log((w[:, None] * np.exp(alpha * (x @ axis) ** 2 + x @ b)).sum()))

    step = 1e-5
    slope = [(log_z(b + step * e) - log_z(b - step * e)) / (2 * step) for e in np.eye(3)]
    np.testing.assert_allclose(moment_by_quadrature(b, alpha, axis), slope, atol=1e-9)


@pytest.mark.parametrize("diameter", [15, 20, 25])
@pytest.mark.parametrize("anisotropy", [0, 1250, 10_000])
def test_the_table_agrees_with_quadrature(diameter: float, anisotropy: float) -> None:
    rng = np.random.default_rng(0)
    field = rng.uniform(-50, 50, size=(4000, 3))
    tracer = particle(diameter, anisotropy, (0.6, 0.0, 0.8))
    found, reference = (mean_moment(field, tracer, method) for method in ("table", "quadrature"))
    np.testing.assert_allclose(found, reference, atol=2e-5)


def test_bad_fields_are_one_line() -> None:
    for field, expected in (([1.0, 2.0], "expected (..., 3)"), ([np.nan, 0, 0], "not finite")):
        with pytest.raises(InputError) as caught:
            mean_moment(field, particle())
        assert expected in str(caught.value) and "field_mT: found" in str(caught.value)
    with pytest.raises(InputError, match="method: found 'spline'"):
        mean_moment([0, 0, 1], particle(), "spline")  # type: ignore[arg-type]
