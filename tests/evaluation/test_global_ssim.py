import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.global_ssim import global_ssim


def images(count=4, seed=0):
    drawn = np.random.default_rng(seed).random((count, 9, 8))
    drawn[:, 0, 0] = 1
    return drawn


def test_equal_images_score_1_in_any_unit():
    np.testing.assert_allclose(global_ssim(1e-5 * images(), 1e-5 * images()), 1, rtol=1e-12)


def test_it_is_the_printed_formula_over_all_pixels():
    """Two pixels of 0 and 1 against 0.2 and 0.8: means 1/2, variances 1/4 and 0.09, covariance 0.15."""
    truth, estimate = np.array([[[0.0, 1.0]]]), np.array([[[0.2, 0.8]]])
    np.testing.assert_allclose(global_ssim(estimate, truth), (2 * 0.15 + 0.03) / (0.25 + 0.09 + 0.03))
    np.testing.assert_allclose(global_ssim(7 * estimate, 7 * truth), 0.33 / 0.37)


def test_a_shifted_image_loses_by_its_mean_alone():
    truth = images()
    mean = truth.mean(axis=(1, 2))
    expected = (2 * mean * (mean + 0.3) + 0.01) / (mean**2 + (mean + 0.3) ** 2 + 0.01)
    np.testing.assert_allclose(global_ssim(truth + 0.3, truth), expected)


def test_a_scaled_image_loses_by_mean_and_contrast():
    truth = images()
    mean, variance = truth.mean(axis=(1, 2)), truth.var(axis=(1, 2))
    luminance = (4 * mean**2 + 0.01) / (5 * mean**2 + 0.01)
    np.testing.assert_allclose(
        global_ssim(2 * truth, truth), luminance * (4 * variance + 0.03) / (5 * variance + 0.03)
    )


def test_it_ignores_where_pixels_are_and_falls_with_noise():
    truth, rng = images(), np.random.default_rng(1)
    order = rng.permutation(72)
    noise = rng.normal(size=truth.shape)
    moved = [image.reshape(4, -1)[:, order].reshape(truth.shape) for image in (truth + 0.1 * noise, truth)]
    np.testing.assert_allclose(global_ssim(*moved), global_ssim(truth + 0.1 * noise, truth))
    scores = [global_ssim(truth + level * noise, truth) for level in (0, 0.1, 0.3, 1)]
    assert (np.diff(scores, axis=0) < 0).all()


def test_it_is_negative_for_the_opposite_contrast():
    truth = images()
    assert (global_ssim(1 - truth, truth) < 0).all()


@pytest.mark.parametrize(
    ("estimate", "truth", "message"),
    [
        (images()[:2], images(), "found shapes"),
        (images()[0], images()[0], "found shapes"),
        (images() * np.nan, images(), "estimate: found NaN or infinity"),
        (images(), np.zeros((4, 9, 8)), "truth: found an image with the maximum 0, expected a positive one"),
    ],
)
def test_what_cannot_be_compared_is_an_error(estimate, truth, message):
    with pytest.raises(InputError, match=message):
        global_ssim(estimate, truth)
