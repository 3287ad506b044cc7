from dataclasses import fields

import numpy as np
import pytest
import scipy.optimize
import xarray as xr

from mpipipe.config.admm import AdmmConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.admm import Penalty, assess, begin, estimate, run, solve
from mpipipe.reconstruction.factorisation import factorise, locate
from mpipipe.reconstruction.front import reconstruct
from mpipipe.reconstruction.splitting import BLOCK
from mpipipe.reconstruction.total_variation import shrink_variation
from tests.reconstruction.systems import random_system
from tests.reconstruction.test_total_variation import differences, variation_by_definition

PENALTIES = ("l1", "tv", "l1_tv")
GRID = (4, 3)


def config(**changes):
    return AdmmConfig(**{"mu": 10, "scale": 3, "iterations": 50, "tv_share": 0.6, **changes})


def problem(seed=0, components=20, dtype=np.complex128, batch=None):
    """A system on a 4 x 3 grid, signals of non-negative images with noise, and the norm of that noise."""
    A, _ = random_system(seed, components, 12, dtype)
    rng = np.random.default_rng(seed)
    lead = () if batch is None else (batch,)
    clean = rng.random((*lead, 12)) * (rng.random((*lead, 12)) > 0.4) @ A.T
    noise = 0.4 * (rng.normal(size=clean.shape) + 1j * rng.normal(size=clean.shape))
    return A, (clean + noise).astype(dtype), np.linalg.norm(noise, axis=-1)


def parts(A, b, noise_norm, settings, grid=GRID):
    """What a solve is made of: system, signals, penalty and the state before the first iteration."""
    system, penalty = factorise(A, settings.scale), Penalty.of(settings, grid)
    signals = locate(system, np.atleast_2d(b), np.atleast_1d(noise_norm), settings.noise_factor)
    return system, signals, penalty, begin(system, signals, penalty)


def stack(A):
    return np.concatenate([A.real, A.imag])


def lower_bound(A, b, radius, variation, sparsity, grid, tolerance=1e-5):
    """Minimum of a TV(x) + c ‖x‖₁ in the ball and over x ≥ 0, from below, by linear programs with ever more cuts.

    The constraint ‖Ax − b‖ ≤ ε and the bounds |∇x|ₙ ≤ tₙ are convex: each tangent is a valid inequality.
    """
    voxels, D, stacked, target = A.shape[1], differences(*grid), stack(A), stack(b)
    cost = np.concatenate([np.full(voxels, sparsity), np.full(voxels, variation)])
    rows, limits = [np.zeros(2 * voxels)], [0.0]
    for _ in range(1000):
        found = scipy.optimize.linprog(cost, np.array(rows), np.array(limits), bounds=(0, 1e3))
        x, t = found.x[:voxels], found.x[voxels:]
        residual, slopes = stacked @ x - target, D @ x
        norm, steepness = np.linalg.norm(residual), np.hypot(*slopes)
        steep = np.flatnonzero(steepness > t + tolerance) if variation else []
        if norm <= radius * (1 + tolerance) and not len(steep):
            return found.fun
        tangent = residual / norm
        rows.append(np.concatenate([tangent @ stacked, np.zeros(voxels)]))
        limits.append(radius + tangent @ target)
        for n in steep:
            rows.append(np.concatenate([slopes[:, n] / steepness[n] @ D[:, n], -np.eye(voxels)[n]]))
            limits.append(0.0)
    raise AssertionError("the cuts did not close in")


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("components", [20, 4])
def test_objective_is_the_convex_minimum(name, components):
    """From both sides: a feasible image, and linear programs that bound every feasible image from below."""
    A, b, noise_norm = problem(1, components)
    settings = config(penalty=name)
    system, signals, penalty, state = parts(A, b, noise_norm, settings)
    state = run(system, signals, state, penalty, 10, 2000)
    objective, violation = assess(system, signals, state, penalty)
    bound = lower_bound(A, b, noise_norm, penalty.variation, penalty.sparsity, GRID)
    image = estimate(state)[0] * signals.peak[0]
    assert image.min() >= 0
    assert violation[0] < 1e-5 * noise_norm
    np.testing.assert_allclose(np.linalg.norm(A @ image - b), noise_norm, rtol=1e-5)
    assert objective[0] == pytest.approx(bound, rel=1e-3)


@pytest.mark.parametrize("name", PENALTIES)
def test_mu_and_scale_do_not_move_the_limit(name):
    A, b, noise_norm = problem(2)
    found = [
        solve(
            A, b, config(penalty=name, mu=mu, scale=scale, iterations=5000), grid=GRID, noise_norm=noise_norm
        )
        for mu, scale in ((10, 3), (100, 10))
    ]
    for other in found[1:]:
        np.testing.assert_allclose(other.image, found[0].image, atol=1e-5 * found[0].image.max())


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("components", [20, 4])
def test_compressed_iteration_is_the_iteration_on_every_row(name, components):
    """The formulas of the docstring on all rows, with complex numbers and a solved linear system, step by step."""
    A, b, noise_norm = problem(3, components)
    settings = config(penalty=name)
    system, signals, penalty, state = parts(A, b, noise_norm, settings)
    k = penalty.splits
    scaled, peak = A * settings.scale / np.linalg.norm(stack(A), 2), signals.peak[0]
    y = b * settings.scale / np.linalg.norm(stack(A), 2) / peak
    radius = noise_norm * settings.scale / np.linalg.norm(stack(A), 2) / peak
    normal = (scaled.conj().T @ scaled).real
    ridge = 0.01 * np.trace(normal) / 12
    x = np.linalg.solve(normal + ridge * np.eye(12), (scaled.conj().T @ y).real)
    np.testing.assert_allclose(np.abs(x).max(), 1)
    z, d = np.stack([x] * k), np.zeros((k, 12))
    data, multiplier, dual = scaled @ x, np.zeros_like(y), np.zeros((1, 2, *GRID))
    for _ in range(25):
        pull = (z + d).sum(axis=0) + (scaled.conj().T @ (data + multiplier)).real
        x = np.linalg.solve(k * np.eye(12) + normal, pull)
        before = x - d
        z = np.maximum(before - penalty.sparsity / settings.mu, 0)
        if penalty.variation:
            image, dual = shrink_variation(before[:1].reshape(1, *GRID), penalty.variation / 10, 10, dual)
            z[0] = image.ravel()
        away = scaled @ x - multiplier - y
        data = y + away * min(1, radius / np.linalg.norm(away))
        d, multiplier = d + z - x, multiplier + data - scaled @ x
        state = run(system, signals, state, penalty, settings.mu, 1)
        np.testing.assert_allclose(state.splits[:, 0], z, rtol=0, atol=1e-12)
        np.testing.assert_allclose(state.multipliers[:, 0], d, rtol=0, atol=1e-12)
        inside = stack(data)[None] @ system.left
        np.testing.assert_allclose(state.data[0, :-1], inside[0], rtol=0, atol=1e-12 * settings.scale)


@pytest.mark.parametrize("components", [40, 5])
@pytest.mark.parametrize("dtype, tolerance", [(np.complex64, 1e-5), (np.complex128, 1e-12)])
def test_factors_are_the_matrix_and_its_adjoint(components, dtype, tolerance):
    """<Ax, y> = <x, Aᴴy> with both products taken from the factors, in the precision of the iteration."""
    A, _ = random_system(4, components, 12, dtype)
    system = factorise(A, 7.0)
    assert system.singular_values.dtype == system.right.dtype == A.real.dtype
    assert system.singular_values[0] == pytest.approx(7)
    rng = np.random.default_rng(0)
    x = rng.normal(size=12).astype(A.real.dtype)
    y = rng.normal(size=2 * components).astype(A.real.dtype)
    applied = system.left.astype(A.real.dtype) @ (system.singular_values * (x @ system.right)) * system.unit
    coordinates = (y @ system.left.astype(A.real.dtype)) * system.singular_values
    adjoint = coordinates @ system.right.T * system.unit
    size = np.linalg.norm(stack(A)) * np.linalg.norm(x) * np.linalg.norm(y)
    np.testing.assert_allclose(applied, stack(A @ x), rtol=0, atol=tolerance * np.linalg.norm(applied))
    np.testing.assert_allclose(applied @ y, x @ adjoint, rtol=0, atol=tolerance * size)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_run_can_be_stopped_and_continued(name):
    A, b, noise_norm = problem(5, dtype=np.complex64, batch=3)
    system, signals, penalty, state = parts(A, b, noise_norm, config(penalty=name))
    whole = run(system, signals, state, penalty, 10, 11)
    halves = run(system, signals, run(system, signals, state, penalty, 10, 4), penalty, 10, 7)
    for field in fields(whole):
        np.testing.assert_array_equal(getattr(whole, field.name), getattr(halves, field.name))
    assert not np.array_equal(whole.splits, state.splits)
    np.testing.assert_array_equal(state.splits, begin(system, signals, penalty).splits)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("dtype, tolerance", [(np.complex64, 2e-5), (np.complex128, 1e-12)])
def test_a_batch_is_its_single_signals(name, dtype, tolerance):
    A, b, noise_norm = problem(6, dtype=dtype, batch=BLOCK + 3)
    noise_norm = noise_norm * np.linspace(0.5, 1.5, len(b))
    whole = solve(A, b, config(penalty=name), grid=GRID, noise_norm=noise_norm)
    assert whole.image.dtype == np.empty(0, dtype).real.dtype
    for n in (0, 1, BLOCK - 1, BLOCK, BLOCK + 2):
        alone = solve(A, b[n], config(penalty=name), grid=GRID, noise_norm=noise_norm[n])
        np.testing.assert_allclose(whole.image[n], alone.image, rtol=0, atol=tolerance * alone.image.max())
        assert whole.relative_residual[n] == pytest.approx(alone.relative_residual, rel=tolerance)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("dtype, tolerance", [(np.complex64, 1e-5), (np.complex128, 1e-11)])
@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_units_of_matrix_and_signal_only_scale_the_image(name, dtype, tolerance, factor):
    A, b, noise_norm = problem(7, dtype=dtype)
    image = solve(A, b, config(penalty=name), grid=GRID, noise_norm=noise_norm).image
    close = {"rtol": 0, "atol": tolerance * image.max()}
    k = A.real.dtype.type(factor)
    both = solve(A * k, b * k, config(penalty=name), grid=GRID, noise_norm=noise_norm * factor)
    one = solve(A, b * k, config(penalty=name), grid=GRID, noise_norm=noise_norm * factor)
    np.testing.assert_allclose(both.image, image, **close)
    np.testing.assert_allclose(one.image / factor, image, **close)


def test_voxels_are_in_the_order_of_the_grid():
    """TV knows the grid: the image of a transposed grid is the transposed image."""
    A, b, noise_norm = problem(8)
    image = solve(A, b, config(penalty="tv"), grid=GRID, noise_norm=noise_norm).image.reshape(GRID)
    turned = A.reshape(-1, *GRID).transpose(0, 2, 1).reshape(A.shape)
    other = solve(turned, b, config(penalty="tv"), grid=GRID[::-1], noise_norm=noise_norm).image
    np.testing.assert_allclose(other.reshape(GRID[::-1]).T, image, atol=1e-12)
    flat = solve(A, b, config(penalty="tv"), grid=(12, 1), noise_norm=noise_norm).image.reshape(GRID)
    assert not np.allclose(flat, image, atol=1e-3)


def test_weights_are_a_scaled_system():
    A, b, noise_norm = problem(9)
    weights = np.random.default_rng(0).uniform(0, 2, len(A)) * (np.arange(len(A)) % 4 > 0)
    weighted = solve(A, b, config(), grid=GRID, noise_norm=noise_norm, weights=weights)
    scaled = solve(A * weights[:, None], b * weights, config(), grid=GRID, noise_norm=noise_norm)
    np.testing.assert_allclose(weighted.image, scaled.image, rtol=1e-12, atol=1e-14)
    assert weighted.relative_residual == pytest.approx(scaled.relative_residual)


def test_relative_residual_is_what_it_says():
    A, b, noise_norm = problem(10, batch=3)
    found = solve(A, b, config(iterations=5), grid=GRID, noise_norm=noise_norm)
    expected = np.linalg.norm(found.image @ A.T - b, axis=1) / np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(found.relative_residual, expected, rtol=1e-12)
    assert found.iterations == 5


def test_objective_and_violation_are_what_they_say():
    A, b, noise_norm = problem(11, batch=3)
    system, signals, penalty, state = parts(A, b, noise_norm, config(penalty="l1_tv", tv_share=0.7))
    state = run(system, signals, state, penalty, 10, 3)
    objective, violation = assess(system, signals, state, penalty)
    images = estimate(state) * signals.peak[:, None]
    variation = [variation_by_definition(one.reshape(GRID)) for one in images]
    np.testing.assert_allclose(objective, 0.7 * np.array(variation) + 0.3 * images.sum(axis=1))
    excess = np.linalg.norm(images @ A.T - b, axis=1) - noise_norm
    np.testing.assert_allclose(violation, np.maximum(excess, 0), atol=1e-10)


def test_noise_is_estimated_from_what_no_image_explains():
    A, b = random_system(12, 800, 12, batch=40)
    signals = locate(factorise(A, 1.0), b, None)
    system = factorise(A, 1.0)
    found = signals.radius * signals.peak * system.unit
    np.testing.assert_allclose(found.mean(), np.sqrt(2 * 800), rtol=0.01)
    np.testing.assert_allclose(found, np.sqrt(2 * 800), rtol=0.1)
    image = solve(A, b, config(), grid=GRID).image
    np.testing.assert_allclose(image, solve(A, b, config(), grid=GRID, noise_norm=found).image, atol=1e-9)


def test_noise_of_a_matrix_that_explains_everything_has_to_be_given():
    A, b, _ = problem(13, components=6)
    with pytest.raises(InputError, match="noise_norm: found none, and the matrix explains all of its 6"):
        solve(A, b, config(), grid=GRID)


@pytest.mark.parametrize("name", PENALTIES)
def test_rows_of_zeros_change_nothing(name):
    A, b, noise_norm = problem(14)
    A[::4], b[::4] = 0, 0
    kept = np.abs(A).sum(axis=1) > 0
    whole = solve(A, b, config(penalty=name), grid=GRID, noise_norm=noise_norm)
    part = solve(A[kept], b[kept], config(penalty=name), grid=GRID, noise_norm=noise_norm)
    np.testing.assert_allclose(whole.image, part.image, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_nothing_gives_nothing(name, dtype):
    """A zero signal, a zero matrix, and a signal that is all noise have the image zero, exactly."""
    A, b, _ = problem(15, dtype=dtype)
    cases = (
        (A, 0 * b, 1.0),
        (A, 0 * b, 0.0),
        (A, 0 * b, None),
        (0 * A, b, 1.0),
        (A, b, 1.001 * np.linalg.norm(b)),
    )
    for matrix, signal, noise_norm in cases:
        found = solve(matrix, signal, config(penalty=name), grid=GRID, noise_norm=noise_norm)
        np.testing.assert_array_equal(found.image, 0)
        assert found.relative_residual == (1 if signal.any() else 0)


@pytest.mark.parametrize("name", PENALTIES)
def test_without_noise_the_image_is_the_only_one_that_explains_the_signal(name):
    A, _, _ = problem(16)
    truth = np.random.default_rng(0).random(12)
    found = solve(A, A @ truth, config(penalty=name, iterations=5000), grid=GRID, noise_norm=0)
    np.testing.assert_allclose(found.image, truth, atol=1e-6)


@pytest.mark.parametrize("share, other", [(0.0, "l1"), (1.0, "tv")])
def test_a_share_of_all_or_nothing_is_one_penalty(share, other):
    A, b, noise_norm = problem(17)
    both = solve(A, b, config(penalty="l1_tv", tv_share=share), grid=GRID, noise_norm=noise_norm)
    one = solve(A, b, config(penalty=other), grid=GRID, noise_norm=noise_norm)
    np.testing.assert_array_equal(both.image, one.image)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"matrix": np.nan}, "matrix: found NaN or infinity"),
        ({"signal": np.inf}, "signal: found NaN or infinity"),
        ({"noise_norm": np.nan}, "noise_norm: found nan, expected finite values of at least 0"),
        ({"noise_norm": -1.0}, r"noise_norm: found -1.0, expected finite values of at least 0"),
        ({"noise_norm": np.ones(3)}, r"noise_norm: found shape \(3,\), expected one number or \(1,\)"),
        ({"weights": np.ones(3)}, r"weights: found shape \(3,\), expected \(20,\)"),
        ({"grid": (4, 4)}, r"grid: found \(4, 4\), expected a shape of 12 voxels"),
        ({"grid": (2, 2, 3)}, r"grid: found \(2, 2, 3\), expected \(x, y\) for the total variation"),
        ({"signal": np.ones(19)}, r"signal: found shape \(19,\), expected \(20,\)"),
    ],
)
def test_bad_input_is_one_clear_line(changes, message):
    A, b, noise_norm = problem(18)
    given = {"matrix": A, "signal": b, "grid": GRID, "noise_norm": noise_norm}
    for name, value in changes.items():
        if name in ("matrix", "signal") and np.ndim(value) == 0:
            given[name] = given[name].copy()
            given[name][..., 2] = value
        else:
            given[name] = value
    with pytest.raises(InputError, match=message) as error:
        solve(given.pop("matrix"), given.pop("signal"), config(), **given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("method, name", [("ADMM_L1", "l1"), ("ADMM_TV", "tv"), ("ADMM_L1TV", "l1_tv")])
def test_front_door(method, name):
    A, b, noise_norm = problem(19, batch=2)
    settings = {"mu": 10.0, "scale": 3.0, "iterations": 20}
    expected = solve(A, b, AdmmConfig(penalty=name, **settings), grid=GRID, noise_norm=noise_norm)
    image = reconstruct(A.reshape(-1, *GRID), b, method=method, noise_norm=noise_norm, **settings)
    np.testing.assert_array_equal(image, expected.image.reshape(2, *GRID))
    S = xr.DataArray(A.reshape(-1, *GRID), dims=("component", "x", "y"))
    labelled = reconstruct(S, b, method=method, noise_norm=noise_norm, **settings)
    np.testing.assert_array_equal(labelled.values, image)
    assert labelled.attrs["iterations"] == 20
    with pytest.raises(InputError, match="penalty: found 'other', expected: input should be"):
        reconstruct(S, b, method=method, penalty="other")


def test_front_door_refuses_a_noise_norm_that_would_not_be_used():
    A, b, noise_norm = problem(20)
    with pytest.raises(InputError, match="noise_norm: found a value, expected none: ART"):
        reconstruct(A, b, noise_norm=noise_norm)
