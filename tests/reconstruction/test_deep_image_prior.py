import numpy as np
import pytest
from scipy.optimize import nnls

from mpipipe.config.image_prior import DeepImagePriorConfig, GeneratorConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.deep_image_prior import amplitude, compress, prior_images, solve
from tests.reconstruction.systems import random_system

GRID = (6, 5)
CONFIG = DeepImagePriorConfig(
    generator=GeneratorConfig(widths=(8, 8), inputs=4), iterations=30, learning_rate=1e-2
)


def system(batch=3, components=40, seed=0):
    return random_system(seed, components, voxels=30, batch=batch, dtype=np.complex64)


def real_rows(A, b):
    return np.concatenate([A.real, A.imag]).astype(float), np.concatenate([b.real, b.imag], -1).astype(float)


@pytest.mark.parametrize("components", [40, 15, 4])
def test_compression_keeps_the_misfit_up_to_a_constant(components):
    A, b = system(components=components)
    R, q = compress(A, b)
    assert len(R) == min(30, 2 * components)
    images = np.random.default_rng(0).random((20, 30))
    whole = np.linalg.norm(images[:, None] @ A.T - b, axis=-1) ** 2
    short = np.linalg.norm(images[:, None] @ R.T - q, axis=-1) ** 2
    constant = whole - short
    rows, data = real_rows(A, b)
    unexplained = [np.linalg.lstsq(rows, one, rcond=None)[1].sum() for one in data]
    np.testing.assert_allclose(constant, np.tile(unexplained, (20, 1)), rtol=1e-5, atol=1e-5 * whole.max())


def test_amplitude_of_images_that_back_projection_recovers():
    # Orthogonal columns of one norm: the back projection is the image itself, times that norm squared.
    columns, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((50, 8)))
    images = np.random.default_rng(1).random((5, 8))
    np.testing.assert_allclose(amplitude(3 * columns, images @ (3 * columns).T), images.max(1))


def test_amplitude_is_zero_exactly_where_the_empty_image_is_best():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((6, 3))
    signals = rng.standard_normal((200, 6))
    empty = np.array([not nnls(matrix, one)[0].any() for one in signals])
    assert 5 < empty.sum() < 100
    np.testing.assert_array_equal(amplitude(matrix, signals) == 0, empty)


def test_a_batch_is_the_same_as_single_signals():
    A, b = system()
    together = solve(A, b, CONFIG, grid=GRID)
    assert together.image.shape == (3, 30)
    for index in range(3):
        alone = solve(A, b[index], CONFIG, grid=GRID)
        np.testing.assert_allclose(alone.image, together.image[index], rtol=1e-3, atol=1e-4)
        assert alone.relative_residual == pytest.approx(together.relative_residual[index], rel=1e-3)


def test_images_at_once_do_not_change_the_result():
    A, b = system(batch=5)
    few = solve(A, b, CONFIG.model_copy(update={"images_at_once": 2}), grid=GRID)
    np.testing.assert_allclose(few.image, solve(A, b, CONFIG, grid=GRID).image, rtol=1e-3, atol=1e-4)


def test_stops_of_one_run_are_the_ends_of_shorter_runs():
    A, b = system()
    images = prior_images(A, b, CONFIG, grid=GRID, iterations=[1, 10, 30])
    assert images.shape == (3, 3, *GRID)
    for steps, image in zip((1, 10, 30), images, strict=True):
        shorter = solve(A, b, CONFIG.model_copy(update={"iterations": steps}), grid=GRID)
        np.testing.assert_array_equal(shorter.image.reshape(3, *GRID), image)
        assert shorter.iterations == steps


@pytest.mark.parametrize(("matrix_unit", "signal_unit"), [(1, 2.0**-30), (2.0**20, 1), (2.0**-40, 2.0**35)])
def test_units_of_matrix_and_signal(matrix_unit, signal_unit):
    A, b = system()
    plain = solve(A, b, CONFIG, grid=GRID)
    scaled = solve(A * np.float32(matrix_unit), b * np.float32(signal_unit), CONFIG, grid=GRID)
    expected = plain.image * (signal_unit / matrix_unit)
    np.testing.assert_allclose(scaled.image, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_a_clean_signal_of_a_smooth_image_is_explained():
    x, y = np.meshgrid(np.arange(6), np.arange(5), indexing="ij")
    truth = np.exp(-((x - 2.5) ** 2 + (y - 2) ** 2) / 4).ravel()
    A, _ = system(components=60)
    b = A @ truth
    found = solve(A, b, CONFIG.model_copy(update={"iterations": 600}), grid=GRID)
    assert found.relative_residual < 0.02
    assert np.linalg.norm(found.image - truth) / np.linalg.norm(truth) < 0.05


def test_residual_is_that_of_the_image():
    A, b = system()
    found = solve(A, b, CONFIG, grid=GRID)
    expected = np.linalg.norm(found.image @ A.T - b, axis=1) / np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(found.relative_residual, expected, rtol=1e-5)
    assert found.image.dtype == np.float32
    assert (found.image >= 0).all()


def test_zero_signals_and_rows():
    A, b = system()
    b[1] = 0
    found = solve(A, b, CONFIG, grid=GRID)
    assert not found.image[1].any()
    assert found.relative_residual[1] == 0
    A[:, :], b[:, :] = 0, 0
    assert not solve(A, b, CONFIG, grid=GRID).image.any()


def test_rows_of_zeros_change_nothing():
    A, b = system()
    padded = np.concatenate([A, np.zeros_like(A)]), np.concatenate([b, np.zeros_like(b)], 1)
    expected = solve(A, b, CONFIG, grid=GRID).image
    np.testing.assert_allclose(solve(*padded, CONFIG, grid=GRID).image, expected, rtol=1e-3, atol=1e-4)


def test_the_noise_norm_is_not_needed():
    A, b = system()
    found = solve(A, b, CONFIG, grid=GRID, noise_norm=np.zeros(3))
    np.testing.assert_array_equal(found.image, solve(A, b, CONFIG, grid=GRID).image)


def test_unfit_input_is_refused():
    A, b = system()
    with pytest.raises(InputError, match="grid: found"):
        solve(A, b, CONFIG, grid=(6, 6))
    with pytest.raises(InputError, match=r"grid: found \(30,\), expected \(x, y\)"):
        solve(A, b, CONFIG, grid=(30,))
    with pytest.raises(InputError, match="signal: found shape"):
        solve(A, b[:, :-1], CONFIG, grid=GRID)
    with pytest.raises(InputError, match="signal: found NaN"):
        solve(A, np.full_like(b, np.nan), CONFIG, grid=GRID)
    for steps in ([], [0, 1], [5, 5]):
        with pytest.raises(InputError, match="iterations: found"):
            prior_images(A, b, CONFIG, grid=GRID, iterations=steps)
