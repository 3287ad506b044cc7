"""The mean moment against closed forms, the integral over the sphere, derivatives, and symmetries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.spatial.transform import Rotation

from mpipipe.errors import InputError
from mpipipe.physics.magnetization import langevin, mean_moment, moment_by_quadrature, moment_components
from mpipipe.physics.particle import Particle

METHODS = ["quadrature", "table"]
component = st.floats(-60, 60)
fields = st.tuples(component, component, component)
axes = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1))
particles = st.builds(
    Particle, core_diameter_nm=st.floats(15, 25), anisotropy_J_per_m3=st.floats(0, 1e4), easy_axis=axes
)


def sphere_average(alpha, b3, b12):
    """Mean of (z, x) under exp(alpha z^2 + b3 z + b12 x), by adaptive integration over both angles."""

    def weight(phi, t):
        x = np.sqrt(1 - t * t) * np.cos(phi)
        return np.exp(alpha * t * t + b3 * t + b12 * x - alpha - np.hypot(b3, b12))

    def mean(what):
        return dblquad(lambda p, t: what(p, t) * weight(p, t), -1, 1, 0, np.pi, epsabs=1e-13, epsrel=1e-11)[0]

    partition = mean(lambda p, t: 1.0)
    along, across = mean(lambda p, t: t), mean(lambda p, t: np.sqrt(1 - t * t) * np.cos(p))
    return along / partition, across / partition


@pytest.mark.parametrize("point", [(8, 4, 6), (0, 1.5, 2.5), (3, -2, 1), (1.5, 0.5, 0)])
def test_components_are_the_average_over_the_sphere(point):
    np.testing.assert_allclose(moment_components(*point), sphere_average(*point), rtol=1e-9, atol=1e-12)


def test_published_value():
    np.testing.assert_allclose(moment_components(8, 4, 6), (0.886624, 0.309612), atol=5e-7)


@pytest.mark.parametrize("x", [1e-8, 1e-3, 0.29, 0.31, 1.0, 7.0, 60.0, 800.0, -2.0, 0.0])
def test_langevin_function(x):
    # The mean of the cosine under exp(x cos), with the integrals taken by quadrature.
    t, weight = np.polynomial.legendre.leggauss(400)
    density = weight * np.exp(x * t - abs(x))
    np.testing.assert_allclose(langevin(x), (density @ t) / density.sum(), rtol=2e-12, atol=2e-16)


@pytest.mark.parametrize("method", METHODS)
def test_without_anisotropy_the_moment_is_langevin(method):
    particle = Particle(core_diameter_nm=22)
    field = np.random.default_rng(0).normal(scale=20, size=(200, 3))
    size = np.linalg.norm(field, axis=1)
    expected = (langevin(1e-3 * particle.beta_per_T * size) / size)[:, None] * field
    tolerance = {"quadrature": 1e-12, "table": 1e-7}[method]
    np.testing.assert_allclose(mean_moment(field, particle, method=method), expected, atol=tolerance)


def test_default_nodes_agree_with_400_over_the_documented_range():
    rng = np.random.default_rng(1)
    count = 3000
    diameter, anisotropy = rng.uniform(15, 25, count), rng.uniform(0, 1e4, count)
    volume = np.pi * (diameter * 1e-9) ** 3 / 6
    energy = 1.380649e-23 * 293
    direction = rng.normal(size=(count, 2))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    b = 474000 * volume / energy * 80e-3 * rng.uniform(0, 1, count) ** 0.5
    arguments = (anisotropy * volume / energy, b * direction[:, 0], b * np.abs(direction[:, 1]))
    for default, fine in zip(moment_components(*arguments), moment_components(*arguments, 400), strict=True):
        np.testing.assert_allclose(default, fine, atol=1e-12)


def test_moment_is_the_gradient_of_the_logarithm_of_the_partition_function():
    t, weight = np.polynomial.legendre.leggauss(200)
    turn = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    s = np.sqrt(1 - t * t)
    sphere = np.stack(
        [np.outer(s, np.cos(turn)), np.outer(s, np.sin(turn)), np.broadcast_to(t[:, None], (200, 128))], -1
    )

    def log_partition(b, alpha, axis):
        return np.log((weight[:, None] * np.exp(alpha * (sphere @ axis) ** 2 + sphere @ b)).sum())

    axis = np.array([2, -1, 3]) / np.sqrt(14)
    step = 1e-5
    for b in np.array([[0.0, 0, 0], [1, 2, -3], [5, -4, 2], [-0.2, 0.1, 0.05]]):
        for alpha in (0.0, 1.5, 6.0):
            gradient = [
                (log_partition(b + step * e, alpha, axis) - log_partition(b - step * e, alpha, axis))
                / (2 * step)
                for e in np.eye(3)
            ]
            np.testing.assert_allclose(moment_by_quadrature(b, alpha, axis), gradient, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(fields, particles, st.sampled_from(METHODS))
def test_moment_is_odd_and_below_saturation(field, particle, method):
    moment = mean_moment(field, particle, method=method)
    np.testing.assert_allclose(mean_moment(np.negative(field), particle, method=method), -moment, atol=1e-14)
    assert np.linalg.norm(moment) < 1
    assert moment @ np.array(field) >= -1e-9


@settings(deadline=None, max_examples=30)
@given(fields, particles, st.integers(0, 2**32 - 1), st.sampled_from(METHODS))
def test_moment_turns_with_field_and_axis(field, particle, seed, method):
    turn = Rotation.random(rng=np.random.default_rng(seed))
    turned = particle.model_copy(update={"easy_axis": tuple(turn.apply(particle.easy_axis))})
    np.testing.assert_allclose(
        mean_moment(turn.apply(field), turned, method=method),
        turn.apply(mean_moment(field, particle, method=method)),
        atol={"quadrature": 1e-12, "table": 1e-6}[method],
    )


@settings(deadline=None, max_examples=30)
@given(fields, particles)
def test_sign_of_the_easy_axis_does_not_matter(field, particle):
    other = particle.model_copy(update={"easy_axis": tuple(-c for c in particle.easy_axis)})
    np.testing.assert_allclose(mean_moment(field, other), mean_moment(field, particle), atol=1e-14)


def test_shapes_and_empty_input():
    particle = Particle()
    assert mean_moment(np.zeros((4, 5, 3)), particle).shape == (4, 5, 3)
    assert mean_moment(np.zeros((4, 5, 3)), particle, method="table").shape == (4, 5, 3)
    assert mean_moment(np.zeros((0, 3)), particle, method="table").shape == (0, 3)


@pytest.mark.parametrize(
    ("field", "method", "message"),
    [
        (np.zeros(2), "quadrature", r"field_mT: found shape \(2,\)"),
        (1.0, "quadrature", "field_mT: found shape"),
        ([np.nan, 0, 0], "table", "field_mT: found values that are not finite"),
        (np.zeros(3), "series", "method: found 'series'"),
    ],
)
def test_mistakes_are_one_line(field, method, message):
    with pytest.raises(InputError, match=message) as caught:
        mean_moment(field, Particle(), method=method)
    assert "\n" not in str(caught.value)
