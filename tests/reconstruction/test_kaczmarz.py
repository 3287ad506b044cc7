import numpy as np
import pytest
import scipy.optimize

from mpipipe.reconstruction.kaczmarz import KaczmarzState, solve, sweep
from mpipipe.reconstruction.kaczmarz_system import lay_out
from mpipipe.reconstruction.kernel_layout import group, ungroup
from tests.reconstruction.kaczmarz_case import FREE, config
from tests.reconstruction.systems import random_system, tikhonov


def sweep_by_definition(A, b, regularization, sweeps, *, real, positive):
    """The iteration of the docstring, row by row, in complex arithmetic."""
    x, v = np.zeros(A.shape[1], complex), np.zeros(len(A), complex)
    for _ in range(sweeps):
        for m, row in enumerate(A):
            if not row.any():
                continue
            alpha = (b[m] - row @ x - np.sqrt(regularization) * v[m]) / (
                np.vdot(row, row).real + regularization
            )
            x += alpha * row.conj()
            v[m] += np.sqrt(regularization) * alpha
        x = x.real + 0j if real else x
        x = np.maximum(x.real, 0) + 1j * x.imag if positive else x
    return x


@pytest.mark.parametrize("components, voxels", [(24, 10), (10, 24)])
@pytest.mark.parametrize("row_order", ["natural", "random"])
def test_converges_to_the_tikhonov_solution(components, voxels, row_order):
    A, b = random_system(1, components, voxels)
    found = solve(A, b, config(iterations=2000, regularization=5.0, row_order=row_order, **FREE))
    np.testing.assert_allclose(found.image, tikhonov(A, b, 5.0), rtol=0, atol=1e-10)


def test_relative_lambda_is_scaled_by_the_energy_a_voxel():
    A, b = random_system(2)
    energy = np.linalg.norm(A) ** 2 / A.shape[1]
    found = solve(A, b, config(iterations=2000, regularization=0.3, normalization="relative", **FREE))
    np.testing.assert_allclose(found.image, tikhonov(A, b, 0.3 * energy), rtol=0, atol=1e-10)


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("regularization", [0.0, 2.0])
@pytest.mark.parametrize("dtype, tolerance", [(np.complex128, 1e-12), (np.complex64, 2e-5)])
def test_follows_its_definition(real, positive, regularization, dtype, tolerance):
    A, b = random_system(3, 17, 33, dtype)
    found = solve(A, b, config(regularization=regularization, iterations=7, real=real, positive=positive))
    expected = sweep_by_definition(
        A.astype(complex), b.astype(complex), regularization, 7, real=real, positive=positive
    )
    np.testing.assert_allclose(found.image, expected, rtol=0, atol=tolerance * np.abs(expected).max())
    assert np.iscomplexobj(found.image) is not real
    assert found.image.real.dtype == np.empty(0, dtype).real.dtype


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 8, 9, 31])
@pytest.mark.parametrize("voxels", [1, 7, 16, 33, 450])
@pytest.mark.parametrize("regularization", [0.0, 3.0])
@pytest.mark.parametrize("dtype, tolerance", [(np.complex128, 1e-10), (np.complex64, 1e-4)])
def test_blocks_of_rows_are_the_rows_one_by_one(rows, voxels, regularization, dtype, tolerance):
    """Sizes around the 4 or 8 rows of a block, the 8 or 16 voxels of a chunk and the 24 chunks of a strip."""
    A, b = random_system(rows, rows, voxels, dtype)
    A[::6] = 0
    A[-1] = A[0] + 1  # a single row is not all zeros
    found = solve(A, b, config(regularization=regularization, iterations=4, positive=False))
    expected = sweep_by_definition(
        A.astype(complex), b.astype(complex), regularization, 4, real=True, positive=False
    )
    np.testing.assert_allclose(found.image, expected.real, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("regularization", [0.0, 1e-6])
def test_blocks_of_unlike_and_of_nearly_parallel_rows(regularization):
    """Rows of norms from 1e-8 to 1, each second one all but a multiple of the row before."""
    A, b = random_system(18, 32, 40)
    rng = np.random.default_rng(0)
    A[1::2] = A[::2] * np.exp(2j * np.pi * rng.random((16, 1))) + 1e-5 * A[1::2]
    factor = 10.0 ** rng.uniform(-8, 0, 32)
    A, b = A * factor[:, None], b * factor
    found = solve(A, b, config(regularization=regularization, iterations=4, **FREE))
    expected = sweep_by_definition(A, b, regularization, 4, real=False, positive=False)
    np.testing.assert_allclose(found.image, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("regularization", [0.0, 2.0])
def test_random_order_is_the_definition_on_permuted_rows(regularization):
    A, b = random_system(19, 27, 12)
    chosen = config(regularization=regularization, iterations=5, row_order="random", seed=5)
    order = lay_out(A, np.ones(len(A)), chosen).index
    np.testing.assert_array_equal(np.sort(order), np.arange(27))
    assert (order != np.arange(27)).any()
    expected = sweep_by_definition(A[order], b[order], regularization, 5, real=True, positive=True)
    np.testing.assert_allclose(solve(A, b, chosen).image, expected.real, rtol=0, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_positive_image_is_the_nnls_solution_of_a_consistent_system(seed):
    A, _ = random_system(seed, 24, 10)
    truth = np.maximum(np.random.default_rng(seed).normal(size=10), 0)
    stack = np.vstack([A.real, A.imag]), np.concatenate([(A @ truth).real, (A @ truth).imag])
    reference, _ = scipy.optimize.nnls(*stack)
    found = solve(A, A @ truth, config(regularization=0, iterations=3000))
    np.testing.assert_allclose(found.image, reference, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_positive_image_is_near_the_constrained_minimum_of_an_inconsistent_system(seed):
    """With λ > 0 the projected iteration is no exact minimiser: at most 2 % of the way from it to nothing."""
    A, b = random_system(seed, 40, 8)
    weight = 1e-3 * np.linalg.norm(A) ** 2 / 8
    stack = np.vstack([A.real, A.imag, np.sqrt(weight) * np.eye(8)])
    target = np.concatenate([b.real, b.imag, np.zeros(8)])
    reference = scipy.optimize.lsq_linear(stack, target, bounds=(0, np.inf)).x
    found = solve(A, b, config(regularization=weight, iterations=3000)).image
    assert found.min() >= 0
    objective = [np.sum((stack @ x - target) ** 2) for x in (reference, found, np.zeros(8))]
    assert objective[0] <= objective[1] * (1 + 1e-12)
    assert objective[1] - objective[0] < 0.02 * (objective[2] - objective[0])


def test_zero_weight_is_a_dropped_row():
    A, b = random_system(4)
    weights = np.random.default_rng(0).random(len(A)) * (np.arange(len(A)) % 3 > 0)
    kept = weights > 0
    whole = solve(A, b, config(), weights=weights)
    reduced = solve(A[kept], b[kept], config(), weights=weights[kept])
    np.testing.assert_array_equal(whole.image, reduced.image)
    assert whole.relative_residual == reduced.relative_residual


@pytest.mark.parametrize("normalization", ["absolute", "relative"])
def test_weights_are_a_scaled_system(normalization):
    A, b = random_system(5)
    weights = np.random.default_rng(1).uniform(0.1, 3, len(A))
    weighted = solve(A, b, config(normalization=normalization), weights=weights)
    scaled = solve(A * weights[:, None], b * weights, config(normalization=normalization))
    np.testing.assert_allclose(weighted.image, scaled.image, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(weighted.relative_residual, scaled.relative_residual, rtol=1e-12)


def test_row_norm_weighting_is_its_weights():
    A, b = random_system(6)
    named = solve(A, b, config(weighting="row_norm"))
    given_weights = solve(A, b, config(), weights=1 / np.linalg.norm(A, axis=1))
    np.testing.assert_allclose(named.image, given_weights.image, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_batch_is_its_single_signals(dtype, workers):
    A, b = random_system(7, dtype=dtype, batch=19)
    together = solve(A, b, config(iterations=9), workers=workers)
    alone = [solve(A, one, config(iterations=9)) for one in b]
    np.testing.assert_array_equal(together.image, [one.image for one in alone])
    np.testing.assert_allclose(
        together.relative_residual, [one.relative_residual for one in alone], rtol=1e-5
    )


def test_tiles_and_strips_change_no_bit():
    A, b = random_system(20, 21, 900, np.complex64, batch=37)
    images = [solve(A, b, config(iterations=3), workers=workers).image for workers in (1, 2, 5)]
    images.append(
        np.concatenate([solve(A, part, config(iterations=3)).image for part in (b[:1], b[1:30], b[30:])])
    )
    for other in images[1:]:
        np.testing.assert_array_equal(images[0], other)


def test_random_order_repeats_with_its_seed():
    A, b = random_system(8)
    images = [solve(A, b, config(iterations=2, row_order="random", seed=s)).image for s in (3, 3, 4)]
    np.testing.assert_array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])
    assert not np.array_equal(images[0], solve(A, b, config(iterations=2)).image)


def test_sweeps_can_be_continued():
    A, b = random_system(9)
    system = lay_out(A, np.ones(len(A)), config())
    scaled, _ = system.signals(b[None])
    whole, parts = KaczmarzState.zeros(system, 1), KaczmarzState.zeros(system, 1)
    sweep(system, scaled, whole, config(iterations=7))
    for sweeps in (3, 4):
        sweep(system, scaled, parts, config(iterations=sweeps))
    np.testing.assert_array_equal(whole.image, parts.image)
    np.testing.assert_array_equal(whole.dual, parts.dual)


@pytest.mark.parametrize("shape", [(1, 2, 1), (3, 2, 16), (2, 2, 39), (0, 2, 5), (2, 2, 0)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_groups_are_the_planes_padded_with_zeros(shape, kind):
    planes = np.random.default_rng(0).normal(size=shape).astype(kind)
    groups = group(planes, 8)
    assert groups.shape == (shape[0], -(-shape[2] // 8), 2, 8)
    assert groups.size == 0 or groups.ctypes.data % 64 == 0
    for place in np.ndindex(*groups.shape):
        batch, chunk, plane, lane = place
        inside = 8 * chunk + lane < shape[2]
        assert groups[place] == (planes[batch, plane, 8 * chunk + lane] if inside else 0)
    np.testing.assert_array_equal(ungroup(groups, shape[2]), planes)


def test_scaled_operator_is_the_matrix():
    A, b = random_system(10, 12, 5, np.complex64)
    system = lay_out(A, np.ones(12), config())
    x = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)
    applied = system.apply(x) * system.scale
    expected = (x[:, 0] + 1j * x[:, 1]) @ A.T
    np.testing.assert_allclose(applied[:, 0] + 1j * applied[:, 1], expected, rtol=1e-5, atol=1e-5)
    planes, divisor = system.signals(b[None])
    np.testing.assert_array_equal((planes[0, 0] + 1j * planes[0, 1]) * divisor, b)


def test_scaled_operator_has_its_adjoint_in_single_precision():
    """<Ax, y> = <x, Aᴴy>, where Aᴴ is made of the very rows that the updates add."""
    A, _ = random_system(11, 40, 30, np.complex64)
    system = lay_out(A, np.ones(40), config())
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(1, 2, 30)).astype(np.float32), rng.normal(size=(2, 40)).astype(np.float32)
    Ax = system.apply(x)[0]
    rows = system.rows[:, 0] + 1j * system.rows[:, 1]
    adjoint = rows.conj().T @ (y[0] + 1j * y[1])
    left = np.vdot(Ax[0] + 1j * Ax[1], y[0] + 1j * y[1])
    right = np.vdot(x[0, 0] + 1j * x[0, 1], adjoint)
    np.testing.assert_allclose(left, right, rtol=1e-5)


def test_relative_residual_is_what_it_says():
    A, b = random_system(12, batch=3)
    found = solve(A, b, config(iterations=5))
    expected = np.linalg.norm(found.image @ A.T - b, axis=1) / np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(found.relative_residual, expected, rtol=1e-12)
    assert found.iterations == 5
