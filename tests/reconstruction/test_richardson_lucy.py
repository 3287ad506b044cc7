import numpy as np
import pytest

from mpipipe.config.deconvolution import RichardsonLucyConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.richardson_lucy import iterates, sensitivity, solve
from tests.reconstruction.blurs import diagonal_blur, local_blur, matrix_of, noisy_images

BLURS = {"diagonal": diagonal_blur, "local": local_blur}


def plain(H, y, iterations):
    """The formula, with matrices in double precision."""
    seen = H.sum(axis=0)
    c = np.full(H.shape[1], y.sum() / H.sum())
    for _ in range(iterations):
        c = c / seen * (H.T @ (y / (H @ c)))
    return c


def divergence(H, y, c):
    """Minus the Poisson likelihood of data, up to a constant: Kullback's divergence, which is 0 at best."""
    made = H @ c
    logs = np.where(y > 0, y * np.log(np.where(y > 0, y, 1) / made), 0)
    return np.sum(logs - y + made)


@pytest.mark.parametrize("name", BLURS)
@pytest.mark.parametrize("iterations", [1, 40])
def test_iteration_is_its_formula(name, iterations):
    blur = BLURS[name]()
    _, images = noisy_images(blur)
    H = matrix_of(blur)
    found = solve(blur, images, RichardsonLucyConfig(iterations=iterations, accelerated=False))
    for image, y in zip(found.image, images, strict=True):
        expected = plain(H, np.maximum(y.ravel(), 0).astype(float), iterations)
        np.testing.assert_allclose(image.ravel(), expected, rtol=0, atol=1e-4 * expected.max())


@pytest.mark.parametrize("accelerated", [False, True])
def test_estimates_explain_the_sum_of_the_images(accelerated):
    """For a normalised kernel: they keep the flux. Here pixels are seen as much as `sensitivity` says."""
    blur = local_blur()
    _, images = noisy_images(blur)
    H, total = matrix_of(blur), np.maximum(images, 0).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(sensitivity(blur).ravel(), H.sum(axis=0), rtol=1e-5)
    for estimate in iterates(blur, images, [1, 2, 10, 100], accelerated=accelerated):
        np.testing.assert_allclose(
            (H @ estimate.reshape(3, -1).T.astype(float)).sum(axis=0), total, rtol=1e-5
        )


def test_likelihood_never_falls():
    blur = local_blur()
    _, images = noisy_images(blur)
    H = matrix_of(blur)
    y = np.maximum(images[0].ravel(), 0).astype(float)
    steps = iterates(blur, images[:1], range(1, 301), accelerated=False)
    values = np.array([divergence(H, y, one.ravel().astype(float)) for one in steps])
    assert np.diff(values).max() < 1e-6 * values[0]
    assert values[-1] < 0.9 * values[0]


def test_acceleration_climbs_faster_towards_the_same_likelihood():
    blur = local_blur()
    _, images = noisy_images(blur)
    H = matrix_of(blur)
    for image in images:
        y = np.maximum(image.ravel(), 0).astype(float)
        slow, fast = (
            divergence(H, y, next(iterates(blur, image[None], [100], accelerated=on)).ravel().astype(float))
            for on in (False, True)
        )
        slower = divergence(H, y, plain(H, y, 400))
        limit = divergence(H, y, plain(H, y, 100_000))
        assert limit * (1 - 1e-6) <= fast < slower < slow


def test_noise_free_images_give_the_truth_back():
    blur = diagonal_blur()
    truth = np.zeros((1, *blur.shape))
    truth[0, 2:4, 3:6], truth[0, 6, 1] = 1.0, 2.0
    found = solve(blur, blur.apply(truth), RichardsonLucyConfig(iterations=5000)).image
    np.testing.assert_allclose(found, truth, rtol=0, atol=0.1)


def test_all_iterates_come_from_one_run():
    blur = local_blur()
    _, images = noisy_images(blur)
    several = list(iterates(blur, images, [3, 7], accelerated=True))
    for count, one in zip([3, 7], several, strict=True):
        alone = solve(blur, images, RichardsonLucyConfig(iterations=count))
        np.testing.assert_array_equal(alone.image, one)
        assert alone.iterations == count


@pytest.mark.parametrize("accelerated", [False, True])
def test_scale_zero_and_batch(accelerated):
    blur = local_blur()
    _, images = noisy_images(blur)
    images[1] = -images[1]
    settings = RichardsonLucyConfig(iterations=20, accelerated=accelerated)
    zero = np.maximum(images[1:2], 0) * 0
    together = solve(blur, np.concatenate([images, zero]), settings)
    assert together.image.dtype == np.float32
    assert together.image.min() >= 0
    assert not together.image[3].any()
    assert together.relative_residual[3] == 0
    np.testing.assert_allclose(
        together.relative_residual[:3], blur.relative_residual(images, together.image[:3])
    )
    for item in range(3):
        np.testing.assert_array_equal(
            solve(blur, images[item : item + 1], settings).image[0], together.image[item]
        )
    larger = solve(blur, 1024 * images, settings)
    np.testing.assert_allclose(larger.image, 1024 * together.image[:3], rtol=1e-6)


def test_bad_input():
    blur = local_blur()
    settings = RichardsonLucyConfig()
    with pytest.raises(InputError, match="images: found NaN"):
        solve(blur, np.full((1, 2, *blur.shape), np.nan), settings)
    with pytest.raises(InputError, match="images: found shape"):
        solve(blur, np.zeros((2, *blur.shape)), settings)
    for steps in ([], [0, 1], [2, 2]):
        with pytest.raises(InputError, match="record_at"):
            next(iterates(blur, np.zeros((1, 2, *blur.shape)), steps, accelerated=True))
