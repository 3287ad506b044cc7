import numpy as np
import pytest
from scipy.optimize import minimize

from mpipipe.config.deconvolution import DeconvolutionSearch, VariationConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.total_variation import total_variation
from mpipipe.reconstruction.tv_deconvolution import objective, solve
from tests.reconstruction.blurs import diagonal_blur, local_blur, matrix_of, noisy_images

BLURS = {"diagonal": diagonal_blur, "local": local_blur}


def bracket(H, y, weight, shape):
    """Bounds of the minimum from below and above, by L-BFGS-B on a smoothed total variation.

    √(d² + ε²) − ε is at most |d| and at least |d| − ε, so a minimum of the smoothed objective lies within the
    number of pixels times w ε below the true one, and its image is at least as high as the true minimum.
    """
    strength = weight * max((H.T @ y).max(), 0)

    def smoothed(flat, epsilon):
        c = flat.reshape(shape)
        dx, dy = np.diff(c, axis=0, append=c[-1:]), np.diff(c, axis=1, append=c[:, -1:])
        length = np.sqrt(dx**2 + dy**2 + epsilon**2)
        residual = H @ flat - y
        value = residual @ residual / 2 + strength * np.sum(length - epsilon)
        px, py = dx / length, dy / length
        slope = -px - py
        slope[1:] += px[:-1]
        slope[:, 1:] += py[:, :-1]
        return value / unit, (H.T @ residual + strength * slope.ravel()) / unit

    unit = y @ y / 2
    found, peak = np.zeros(H.shape[1]), 1.0
    for epsilon in 10.0 ** np.arange(-1, -6.1, -0.5) * peak:
        result = minimize(
            smoothed, found, (epsilon,), "L-BFGS-B", jac=True, bounds=[(0, None)] * len(found),
            options={"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-12, "maxcor": 50},
        )  # fmt: skip
        found = result.x
    residual = H @ found - y
    upper = residual @ residual / 2 + strength * total_variation(found.reshape(1, *shape))[0]
    return result.fun * unit, upper


@pytest.mark.parametrize("name", BLURS)
@pytest.mark.parametrize("weight", [1e-4, 1e-2])
def test_objective_is_the_convex_minimum(name, weight):
    blur = BLURS[name]()
    _, images = noisy_images(blur, items=1)
    lower, upper = bracket(matrix_of(blur), images.ravel().astype(float), weight, blur.shape)
    assert upper - lower < 5e-4 * upper
    found = solve(blur, images, VariationConfig(weight=weight, iterations=3000))
    assert found.image.min() >= 0
    assert found.iterations == 3000
    assert objective(blur, images, found.image, weight)[0] == pytest.approx(upper, rel=1e-3)


def test_objective_is_its_definition():
    blur = local_blur()
    truth, images = noisy_images(blur)
    H = matrix_of(blur)
    y, c = images.reshape(3, -1).astype(float), truth.reshape(3, -1)
    fit = np.square(c @ H.T - y).sum(axis=1) / 2
    expected = fit + 0.3 * (y @ H).max(axis=1) * total_variation(truth)
    np.testing.assert_allclose(objective(blur, images, truth, 0.3), expected, rtol=1e-4)


@pytest.mark.parametrize("weight", [1e-3, 1e-2])
def test_penalty_parameter_does_not_move_the_limit(weight):
    blur = local_blur()
    _, images = noisy_images(blur)
    first, second = (
        solve(blur, images, VariationConfig(weight=weight, penalty=penalty, iterations=4000)).image
        for penalty in (1e-3, 1e-2)
    )
    np.testing.assert_allclose(second, first, rtol=0, atol=5e-3 * first.max())


@pytest.mark.parametrize("weight", DeconvolutionSearch().tv_weight[::3])
def test_default_iterations_come_close_at_the_weights_that_tuning_tries(weight):
    """Against ten times as many, the objective is at most a per cent of the data's energy too high."""
    blur = local_blur()
    _, images = noisy_images(blur, items=1)
    few, many = (
        objective(
            blur, images, solve(blur, images, VariationConfig(weight=weight, iterations=count)).image, weight
        )
        for count in (VariationConfig().iterations, 10 * VariationConfig().iterations)
    )
    assert few - many < 0.01 * np.square(images.astype(float)).sum() / 2


def test_a_great_weight_leaves_a_constant():
    blur = diagonal_blur()
    truth, images = noisy_images(blur)
    found = solve(blur, images, VariationConfig(weight=1e3, inner_iterations=200, iterations=500)).image
    H = matrix_of(blur)
    flat = H.sum(axis=1)
    levels = images.reshape(3, -1) @ flat / (flat @ flat)
    np.testing.assert_allclose(
        found, np.broadcast_to(levels[:, None, None], truth.shape), rtol=0, atol=0.01 * levels.max()
    )


def test_scale_zero_and_batch():
    blur = local_blur()
    _, images = noisy_images(blur)
    settings = VariationConfig(weight=1e-3, iterations=50)
    all_images = np.concatenate([images, 0 * images[:1], -np.abs(images[:1])])
    together = solve(blur, all_images, settings)
    assert together.image.dtype == np.float32
    assert not together.image[3:].any()
    np.testing.assert_array_equal(together.relative_residual[3:], [0, 1])
    np.testing.assert_allclose(together.relative_residual, blur.relative_residual(all_images, together.image))
    for item in range(3):
        alone = solve(blur, images[item : item + 1], settings).image[0]
        np.testing.assert_allclose(together.image[item], alone, rtol=0, atol=1e-6 * alone.max())
    larger = solve(blur, 1024 * images, settings)
    np.testing.assert_allclose(larger.image, 1024 * together.image[:3], rtol=1e-5)


def test_bad_input():
    blur = local_blur()
    with pytest.raises(InputError, match="images: found NaN"):
        solve(blur, np.full((1, 2, *blur.shape), np.nan), VariationConfig())
    with pytest.raises(InputError, match="images: found shape"):
        solve(blur, np.zeros((2, *blur.shape)), VariationConfig())
