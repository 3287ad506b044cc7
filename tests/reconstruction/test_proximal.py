import numpy as np
import pytest

from mpipipe.reconstruction.proximal import onto_ball, shrink

RNG = np.random.default_rng(0)


def test_shrink_in_closed_form():
    found = shrink(np.array([-2.0, -0.1, 0.0, 0.3, 1.0, 2.5]), 0.5)
    np.testing.assert_allclose(found, [0, 0, 0, 0, 0.5, 2.0])


def test_shrink_minimises_its_objective_with_the_margin_of_strong_convexity():
    """½‖x − v‖² + t‖x‖₁ grows from its minimum by ½‖x − u‖² at least, over x ≥ 0."""
    v, t = RNG.normal(size=40), 0.4

    def objective(x):
        return 0.5 * np.sum((x - v) ** 2, axis=-1) + t * np.abs(x).sum(axis=-1)

    u = shrink(v, t)
    others = np.maximum(u + RNG.normal(size=(500, 40)) * 10.0 ** RNG.uniform(-4, 1, (500, 1)), 0)
    margin = objective(others) - objective(u) - 0.5 * np.sum((others - u) ** 2, axis=1)
    assert u.min() >= 0
    assert margin.min() > -1e-12


def test_ball_keeps_what_is_inside_and_scales_what_is_outside():
    v = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    found = onto_ball(v, np.array([1.0, 1.0, 1.0, 0.0, 0.0]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.3, 0.4], [0, 0], [0, 0], [0, 0]], atol=1e-15)


def test_ball_point_is_the_nearest():
    """(v − p)·(w − p) ≤ 0 for every w of the ball is what makes p the projection."""
    v, radius = RNG.normal(size=(6, 12)), RNG.uniform(0.5, 5, 6)
    p = onto_ball(v, radius)
    assert np.all(np.linalg.norm(p, axis=1) <= radius * (1 + 1e-14))
    w = RNG.normal(size=(400, 6, 12))
    w *= (radius * RNG.random((400, 6)) / np.linalg.norm(w, axis=2))[..., None]
    assert np.max(np.sum((v - p) * (w - p), axis=2)) < 1e-12


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_precision_is_kept(kind):
    v = np.ones((2, 3), kind)
    assert shrink(v, 0.5).dtype == kind
    assert onto_ball(v, np.ones(2, kind)).dtype == kind
