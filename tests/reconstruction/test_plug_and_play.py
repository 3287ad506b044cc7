from dataclasses import fields

import numpy as np
import pytest
import scipy.optimize

from mpipipe.config.admm import PlugAndPlayConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.factorisation import factorise, locate
from mpipipe.reconstruction.plug_and_play import denoise, run, solve, solve_at
from mpipipe.reconstruction.splitting import BLOCK, start
from tests.reconstruction.systems import random_system

GRID = (4, 3)


def config(**changes):
    return PlugAndPlayConfig(**{"scale": 3, "iterations": 20, **changes})


def problem(seed=0, components=20, batch=None):
    """A system, signals of images between 1 and 2 with noise, and the norm of that noise."""
    A, _ = random_system(seed, components, 12)
    rng = np.random.default_rng(seed)
    clean = rng.uniform(1, 2, (12,) if batch is None else (batch, 12)) @ A.T
    noise = 0.4 * (rng.normal(size=clean.shape) + 1j * rng.normal(size=clean.shape))
    return A, clean + noise, np.linalg.norm(noise, axis=-1)


def smoothing():
    """A symmetric matrix with eigenvalues between 0.1 and 1: the proximal map of ½ xᵀ(D⁻¹ − I)x."""
    Q, _ = np.linalg.qr(np.random.default_rng(9).normal(size=(12, 12)))
    Q[:, 0] = 1
    Q, _ = np.linalg.qr(Q)
    return Q @ np.diag([1.0, *np.linspace(0.9, 0.1, 11)]) @ Q.T


def smooth(images):
    return (images.reshape(-1, 12) @ smoothing()).reshape(images.shape)


def test_a_denoiser_that_is_a_proximal_map_gives_the_minimum_of_its_objective():
    """On an image without zeros: min ½ xᵀQx with ‖Ax − b‖ = ε is (Q + λAᵀA)⁻¹λAᵀb, by a root in λ."""
    A, b, noise_norm = problem(1)
    Q = np.linalg.inv(smoothing()) - np.eye(12)
    normal, right = (A.conj().T @ A).real, (A.conj().T @ b).real

    def image(log_weight):
        return np.linalg.solve(Q * np.exp(-log_weight) + normal, right)

    root = scipy.optimize.brentq(lambda w: np.linalg.norm(A @ image(w) - b) - noise_norm, -12, 12, xtol=1e-12)
    expected = image(root)
    assert expected.min() > 0
    found = solve(A, b, config(iterations=2000), smooth, grid=GRID, noise_norm=noise_norm)
    np.testing.assert_allclose(found.image, expected, rtol=0, atol=1e-5)
    assert found.relative_residual == pytest.approx(noise_norm / np.linalg.norm(b), rel=1e-5)


def test_denoiser_sees_images_with_a_peak_of_one_in_single_precision():
    A, b, noise_norm = problem(2, batch=3)
    seen = []

    def watch(images):
        seen.append(images)
        return smooth(images)

    solve(A, 1e9 * b, config(iterations=4), watch, grid=GRID, noise_norm=1e9 * noise_norm)
    assert len(seen) == 4
    for images in seen:
        assert images.shape == (3, *GRID) and images.dtype == np.float32
        np.testing.assert_allclose(images.max(axis=(1, 2)), 1)


def test_denoised_images_are_scaled_back_and_not_negative():
    points = np.array([[4.0, -2.0, 1.0, 0.0], [-1.0, -2.0, -3.0, 0.0], [0.5, 0.25, 0.25, 0.0]])
    np.testing.assert_allclose(denoise(points, lambda images: images - 0.25, (2, 2)), [
        [3.0, 0, 0, 0], [0, 0, 0, 0], [0.375, 0.125, 0.125, 0],
    ])  # fmt: skip


def test_a_batch_is_its_single_signals():
    A, b, noise_norm = problem(3, batch=BLOCK + 2)
    whole = solve(A, b, config(), smooth, grid=GRID, noise_norm=noise_norm)
    for n in (0, BLOCK - 1, BLOCK, BLOCK + 1):
        alone = solve(A, b[n], config(), smooth, grid=GRID, noise_norm=noise_norm[n])
        np.testing.assert_allclose(whole.image[n], alone.image, rtol=0, atol=1e-5)


def test_a_run_can_be_stopped_and_continued():
    A, b, noise_norm = problem(4, batch=2)
    system = factorise(A, 3.0)
    signals = locate(system, b, noise_norm)
    state = start(system, signals, splits=1)
    whole = run(system, signals, state, smooth, GRID, 9)
    halves = run(system, signals, run(system, signals, state, smooth, GRID, 5), smooth, GRID, 4)
    for field in fields(whole):
        np.testing.assert_array_equal(getattr(whole, field.name), getattr(halves, field.name))
    assert not np.array_equal(whole.splits, state.splits)


def test_one_run_gives_the_image_after_each_number_of_iterations():
    """More signals than a block has: each block goes on from its own state."""
    A, b, noise_norm = problem(8, batch=BLOCK + 3)
    stops = [1, 4, 9]
    found = list(solve_at(A, b, config(), smooth, grid=GRID, iterations=stops, noise_norm=noise_norm))
    for stop, one in zip(stops, found, strict=True):
        alone = solve(A, b, config(iterations=stop), smooth, grid=GRID, noise_norm=noise_norm)
        assert one.iterations == stop
        np.testing.assert_array_equal(one.image, alone.image)
        np.testing.assert_array_equal(one.relative_residual, alone.relative_residual)


@pytest.mark.parametrize("stops", [[], [0, 3], [3, 3], [5, 2]])
def test_numbers_of_iterations_increase(stops):
    A, b, _ = problem(8)
    with pytest.raises(InputError, match=r"iterations: found .* expected increasing numbers from at least 1"):
        next(solve_at(A, b, config(), smooth, grid=GRID, iterations=stops))


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_units_of_matrix_and_signal_only_scale_the_image(factor):
    A, b, noise_norm = problem(5)
    image = solve(A, b, config(), smooth, grid=GRID, noise_norm=noise_norm).image
    both = solve(factor * A, factor * b, config(), smooth, grid=GRID, noise_norm=factor * noise_norm)
    one = solve(A, factor * b, config(), smooth, grid=GRID, noise_norm=factor * noise_norm)
    np.testing.assert_allclose(both.image, image, rtol=1e-5)
    np.testing.assert_allclose(one.image, factor * image, rtol=1e-5)


def test_nothing_gives_nothing():
    A, b, _ = problem(6)
    for signal, noise_norm in ((0 * b, 0.0), (0 * b, 1.0), (b, 1.001 * np.linalg.norm(b))):
        found = solve(A, signal, config(), smooth, grid=GRID, noise_norm=noise_norm)
        np.testing.assert_array_equal(found.image, 0)


@pytest.mark.parametrize("bad", [lambda images: images[:, 1:], lambda images: images * np.nan])
def test_a_denoiser_that_returns_something_else_is_refused(bad):
    A, b, noise_norm = problem(7)
    with pytest.raises(InputError, match="denoiser: found an array of shape") as error:
        solve(A, b, config(), bad, grid=GRID, noise_norm=noise_norm)
    assert "\n" not in str(error.value)
