import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.reconstruction.total_variation import shrink_variation, total_variation

SHAPES = [(7, 9), (1, 8), (8, 1), (2, 2), (19, 19)]


def differences(x, y):
    """The forward differences as a matrix (2, x*y, x*y), entry by entry."""
    D = np.zeros((2, x * y, x * y))
    for i in range(x):
        for j in range(y):
            here = i * y + j
            for axis, (inside, there) in enumerate(((i + 1 < x, here + y), (j + 1 < y, here + 1))):
                if inside:
                    D[axis, here, there], D[axis, here, here] = 1, -1
    return D


def variation_by_definition(image):
    D = differences(*image.shape)
    return np.sqrt(np.sum((D @ image.ravel()) ** 2, axis=0)).sum()


def test_variation_in_closed_form():
    constant, edge, ramp, point = np.full((6, 5), 3.0), np.zeros((6, 5)), np.zeros((6, 5)), np.zeros((6, 5))
    edge[2:], point[3, 2] = 2.0, 1.0
    ramp += np.arange(6)[:, None]
    found = total_variation(np.stack([constant, edge, ramp, point]))
    np.testing.assert_allclose(found, [0, 2 * 5, 5 * 5, 2 + np.sqrt(2)])


@pytest.mark.parametrize("shape", SHAPES)
def test_variation_is_its_definition(shape):
    images = np.random.default_rng(0).normal(size=(3, *shape))
    np.testing.assert_allclose(total_variation(images), [variation_by_definition(one) for one in images])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weight", [0.05, 0.5])
def test_proximal_map_closes_its_duality_gap(shape, weight):
    """Any feasible dual bounds the minimum from below by ½‖v‖² − ½‖max(v − w Dᵀp, 0)‖²: no other solver is needed."""
    v = np.random.default_rng(1).normal(0.3, 1, (2, *shape))
    images, duals = shrink_variation(v, weight, 20_000)
    D = differences(*shape)
    for u, p, point in zip(images, duals, v, strict=True):
        assert u.min() >= 0
        assert np.max(np.sum(p**2, axis=0)) <= 1 + 1e-12
        primal = 0.5 * np.sum((u - point) ** 2) + weight * variation_by_definition(u)
        pushed = point.ravel() - weight * np.einsum("anm,an->m", D, p.reshape(2, -1))
        dual = 0.5 * np.sum(point**2) - 0.5 * np.sum(np.maximum(pushed, 0) ** 2)
        assert dual <= primal * (1 + 1e-12)
        assert primal - dual < 1e-7 * primal


def test_proximal_map_has_the_margin_of_strong_convexity():
    rng = np.random.default_rng(2)
    v, weight = rng.normal(0.3, 1, (8, 8)), 0.3

    def objective(images):
        return 0.5 * np.sum((images - v) ** 2, axis=(1, 2)) + weight * total_variation(images)

    u = shrink_variation(v[None], weight, 20_000)[0]
    others = np.maximum(u + rng.normal(size=(500, 8, 8)) * 10.0 ** rng.uniform(-3, 1, (500, 1, 1)), 0)
    margin = objective(others) - objective(u) - 0.5 * np.sum((others - u) ** 2, axis=(1, 2))
    assert margin.min() > -1e-7


def test_an_edge_loses_height_by_the_width_of_its_sides():
    v = np.full((10, 6), 1.0)
    v[4:] = 3.0
    u, _ = shrink_variation(v[None], 0.6, 5000)
    np.testing.assert_allclose(u[0, :4], 1 + 0.6 / 4, atol=1e-6)
    np.testing.assert_allclose(u[0, 4:], 3 - 0.6 / 6, atol=1e-6)
    np.testing.assert_allclose(
        shrink_variation(v.T[None], 0.6, 5000)[0][0], u[0].T, atol=1e-6
    )  # fmt: skip


def test_a_great_weight_leaves_the_mean_and_a_negative_mean_leaves_nothing():
    v = np.random.default_rng(3).normal(size=(2, 5, 6))
    v -= v.mean(axis=(1, 2), keepdims=True) - np.array([0.7, -0.7])[:, None, None]
    u, _ = shrink_variation(v, 100.0, 5000)
    np.testing.assert_allclose(u, np.broadcast_to([[[0.7]], [[0.0]]], u.shape), atol=1e-6)


def test_iterations_can_go_on_from_the_dual_variables():
    """Ten calls of ten iterations come nearer to the answer than one, and leave what they are given as it is."""
    v = np.random.default_rng(4).normal(0.5, 1, (1, 12, 12))
    answer, _ = shrink_variation(v, 0.4, 20_000)
    image, dual = shrink_variation(v, 0.4, 10)
    first, kept = np.abs(image - answer).max(), dual.copy()
    _, later = shrink_variation(v, 0.4, 10, dual)
    np.testing.assert_array_equal(dual, kept)
    for _ in range(9):
        image, later = shrink_variation(v, 0.4, 10, later)
    assert np.abs(image - answer).max() < 0.1 * first


@pytest.mark.parametrize("kind, tolerance", [(np.float32, 2e-6), (np.float64, 1e-12)])
def test_a_batch_is_its_single_images_in_its_precision(kind, tolerance):
    v = np.random.default_rng(5).normal(0.3, 1, (5, 9, 7))
    whole = shrink_variation(v.astype(kind), 0.3, 10)
    for n, one in enumerate(v.astype(kind)):
        for together, alone in zip(whole, shrink_variation(one[None], 0.3, 10), strict=True):
            assert together.dtype == kind
            np.testing.assert_array_equal(together[n], alone[0])
    np.testing.assert_allclose(whole[0], shrink_variation(v, 0.3, 10)[0], rtol=0, atol=tolerance)


def test_points_may_be_a_view():
    v = np.random.default_rng(6).normal(0.3, 1, (3, 10, 8))
    np.testing.assert_array_equal(
        shrink_variation(v[:, ::2], 0.3, 10)[0], shrink_variation(v[:, ::2].copy(), 0.3, 10)[0]
    )


def test_images_of_three_dimensions_are_refused():
    with pytest.raises(InputError, match=r"grid: found images of shape \(4, 5, 6\), expected \(x, y\)"):
        shrink_variation(np.zeros((2, 4, 5, 6)), 1.0, 1)
