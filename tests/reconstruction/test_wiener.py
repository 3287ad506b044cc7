import numpy as np
import pytest
from scipy.fft import dctn

from mpipipe.config.deconvolution import WienerConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.reconstruction.blur import Blur
from mpipipe.reconstruction.normal_equations import NormalEquations
from mpipipe.reconstruction.wiener import minimise, solve
from tests.reconstruction.blurs import (
    PARTICLE,
    SCANNER,
    SUB_SAMPLES,
    diagonal_blur,
    local_blur,
    matrix_of,
    noisy_images,
)

BLURS = {"diagonal": diagonal_blur, "local": local_blur}


def config(**settings):
    return WienerConfig(**{"regularization": 1e-3, "iterations": 500, "tolerance": 1e-6, **settings})


def frequencies(blur):
    """|k| in cycles per mm of each cosine, by the eigenvalues of the second difference without a border."""
    squares = []
    for size, pixel in zip(blur.shape, blur.pixel_mm, strict=True):
        D = np.diff(np.eye(size), axis=0) / (2 * np.pi * pixel)
        squares.append(np.linalg.eigvalsh(D.T @ D))
    return np.sqrt(np.maximum(np.add.outer(*squares), 0))


def penalty(blur, exponent):
    """The prior's quadratic form as a matrix (voxel, voxel)."""
    pixels = np.prod(blur.shape)
    C = dctn(np.eye(pixels).reshape(pixels, *blur.shape), axes=(1, 2), norm="ortho").reshape(pixels, pixels)
    return (C * frequencies(blur).ravel() ** exponent) @ C.T


@pytest.mark.parametrize("name", BLURS)
@pytest.mark.parametrize("exponent", [0, 1, 2])
@pytest.mark.parametrize("regularization", [1e-3, 0.1])
def test_estimate_solves_the_dense_normal_equations(name, exponent, regularization):
    blur = BLURS[name]()
    _, images = noisy_images(blur)
    H = matrix_of(blur)
    left = H.T @ H + regularization * blur.squared_norm * penalty(blur, exponent)
    expected = np.linalg.solve(left, H.T @ images.reshape(len(images), -1).T.astype(float)).T
    settings = config(regularization=regularization, prior_exponent=exponent)
    found, _ = minimise(blur, images, settings)
    np.testing.assert_allclose(
        found.reshape(expected.shape), expected, rtol=0, atol=1e-3 * np.abs(expected).max()
    )
    np.testing.assert_array_equal(solve(blur, images, settings).image, np.maximum(found, 0))


def test_exponent_two_is_the_energy_of_the_gradient():
    blur = local_blur()
    image = np.random.default_rng(0).normal(size=blur.shape)
    dx, dy = (np.diff(image, axis=axis) / (2 * np.pi * blur.pixel_mm[axis]) for axis in (0, 1))
    energy = np.sum(dx**2) + np.sum(dy**2)
    assert image.ravel() @ penalty(blur, 2) @ image.ravel() == pytest.approx(energy)
    equations = NormalEquations(blur, 2.0, 2.0)
    one = image[None].astype(np.float32)
    smooth = equations.apply(one) - blur.adjoint(blur.apply(one))
    assert float((one * smooth).sum()) == pytest.approx(2 * blur.squared_norm * energy, rel=1e-4)


@pytest.mark.parametrize("exponent", [0, 2])
@pytest.mark.parametrize("regularization", [1e-7, 1e-5, 1e-3, 1e-1])
def test_default_tolerance_is_as_close_as_it_says_and_is_reached(exponent, regularization):
    """On a field of view of 20 mm, as wide as the motion, like that of the deblurring study."""
    update = {"gradient_T_per_m": (3, 3, -6), "drive_amplitude_mT": (30, 30, 0)}
    grid = Grid(shape=(40, 40), field_of_view_mm=(20, 20))
    blur = Blur.along(PARTICLE, SCANNER.model_copy(update=update), grid, SUB_SAMPLES)
    _, images = noisy_images(blur, items=1)
    settings = WienerConfig(regularization=regularization, prior_exponent=exponent)
    found, iterations = minimise(blur, images, settings)
    limit, _ = minimise(blur, images, settings.model_copy(update={"iterations": 2000, "tolerance": 1e-10}))
    assert iterations < settings.iterations
    assert np.linalg.norm(found - limit) < 0.02 * np.linalg.norm(limit)


def test_scale_zero_and_batch():
    blur = local_blur()
    _, images = noisy_images(blur)
    images[1] = 0
    together = solve(blur, images, config())
    assert together.image.dtype == np.float32
    assert together.image.min() == 0
    assert not together.image[1].any()
    assert together.relative_residual[1] == 0
    np.testing.assert_allclose(together.relative_residual, blur.relative_residual(images, together.image))
    for item in range(3):
        alone = solve(blur, images[item : item + 1], config())
        np.testing.assert_allclose(
            together.image[item], alone.image[0], rtol=0, atol=1e-6 * alone.image.max()
        )
    larger = solve(blur, 1024 * images, config())
    np.testing.assert_allclose(larger.image, 1024 * together.image, rtol=1e-6)


def test_iterations_end_at_their_number_or_at_the_tolerance():
    blur = local_blur()
    _, images = noisy_images(blur)
    assert solve(blur, images, config(iterations=3)).iterations == 3
    assert solve(blur, images, config(tolerance=0.9)).iterations < 3
    assert solve(blur, 0 * images, config()).iterations == 0


def test_bad_input():
    blur = local_blur()
    with pytest.raises(InputError, match="images: found NaN"):
        solve(blur, np.full((1, 2, *blur.shape), np.nan), config())
    with pytest.raises(InputError, match="images: found shape"):
        solve(blur, np.zeros((2, *blur.shape)), config())
