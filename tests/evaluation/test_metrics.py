import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from mpipipe.errors import InputError
from mpipipe.evaluation import metrics

SHAPES = [(5, 12, 30), (3, 7, 7), (2, 9, 7, 11)]


def pair(shape, seed=0, error=0.3):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    noise = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return (truth + error * noise).astype(np.complex64), truth.astype(np.complex64)


@pytest.mark.parametrize("shape", SHAPES)
def test_ssim_equals_scikit_image(shape):
    estimate, truth = pair(shape)
    found = metrics.ssim(estimate, truth)
    for number in range(shape[0]):
        parts = [
            structural_similarity(e.astype(float), t.astype(float), data_range=2)
            for e, t in (
                (estimate[number].real, truth[number].real),
                (estimate[number].imag, truth[number].imag),
            )
        ]
        assert found[number] == pytest.approx(np.mean(parts), abs=1e-10)


def test_ssim_of_real_images_with_another_range():
    estimate, truth = (image.real for image in pair((2, 15, 19)))
    expected = [
        structural_similarity(e.astype(float), t.astype(float), data_range=0.7)
        for e, t in zip(estimate, truth, strict=True)
    ]
    np.testing.assert_allclose(metrics.ssim(estimate, truth, data_range=0.7), expected, atol=1e-10)


def test_ssim_does_not_depend_on_the_batch(monkeypatch):
    estimate, truth = pair((11, 12, 14))
    whole = metrics.ssim(estimate, truth)
    monkeypatch.setattr(metrics, "BLOCK_VOXELS", 3 * 12 * 14)
    np.testing.assert_array_equal(metrics.ssim(estimate, truth), whole)
    np.testing.assert_array_equal(metrics.ssim(estimate[4:5], truth[4:5]), whole[4:5])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_ssim_identity_symmetry_and_bounds(seed):
    a, b = pair((2, 9, 10), seed, error=2.0)
    np.testing.assert_allclose(metrics.ssim(a, a), 1, atol=1e-12)
    np.testing.assert_allclose(metrics.ssim(a, b), metrics.ssim(b, a), atol=1e-12)
    # A quarter turn swaps the parts and flips both signs of one: the windows' statistics only change places.
    np.testing.assert_allclose(metrics.ssim(1j * a, 1j * b), metrics.ssim(a, b), atol=1e-12)
    assert np.all(np.abs(metrics.ssim(a, b)) <= 1)


def test_psnr_of_a_constant_error_is_closed_form():
    truth = np.zeros((3, 8, 9), np.complex64)
    estimate = truth + np.array([0.1, 0.1j, 0.06 + 0.08j])[:, None, None]
    np.testing.assert_allclose(metrics.psnr_db(estimate, truth), 20.0, atol=1e-9)
    np.testing.assert_allclose(metrics.psnr_db(estimate, truth, peak=2.0), 20 + 20 * math.log10(2), atol=1e-9)


def test_psnr_of_complex_noise_is_minus_20_log_sigma():
    rng = np.random.default_rng(1)
    shape, sigma = (400, 30, 30), 0.1
    noise = sigma / math.sqrt(2) * (rng.normal(size=shape) + 1j * rng.normal(size=shape))
    truth = np.zeros(shape, np.complex128)
    error = sigma**2 / math.sqrt(noise.size)  # standard deviation of the mean of |noise|²
    assert metrics.mse(noise, truth).mean() == pytest.approx(sigma**2, abs=5 * error)
    # Averaging over real and imaginary parts as 2N values halves the error: 3.01 dB.
    parts = np.concatenate([noise.real, noise.imag], axis=1)
    gain = metrics.psnr_db(parts, np.zeros_like(parts)) - metrics.psnr_db(noise, truth)
    np.testing.assert_allclose(gain, 10 * math.log10(2), atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.floats(-math.pi, math.pi), st.floats(0.01, 100))
def test_psnr_is_invariant_to_phase_and_follows_scale(seed, phase, scale):
    estimate, truth = (image.astype(np.complex128) for image in pair((2, 5, 6), seed))
    base = metrics.psnr_db(estimate, truth)
    turn = np.exp(1j * phase)
    np.testing.assert_allclose(metrics.psnr_db(turn * estimate, turn * truth), base, atol=1e-9)
    np.testing.assert_allclose(
        metrics.psnr_db(scale * estimate, scale * truth), base - 20 * np.log10(scale), atol=1e-9
    )
    np.testing.assert_allclose(metrics.psnr_db(scale * estimate, scale * truth, peak=scale), base, atol=1e-9)
    np.testing.assert_allclose(
        metrics.snr_db(scale * turn * estimate, scale * turn * truth),
        metrics.snr_db(estimate, truth),
        atol=1e-9,
    )


def test_relations_between_metrics():
    estimate, truth = pair((4, 6, 7))
    axes = (1, 2)
    norm = np.sqrt((np.abs(truth.astype(np.complex128)) ** 2).sum(axes))
    error = np.sqrt((np.abs(estimate.astype(np.complex128) - truth) ** 2).sum(axes))
    np.testing.assert_allclose(metrics.nrmse(estimate, truth), error / norm, rtol=1e-12)
    np.testing.assert_allclose(metrics.snr_db(estimate, truth), 20 * np.log10(norm / error), rtol=1e-12)
    np.testing.assert_allclose(metrics.rmse(estimate, truth), error / math.sqrt(42), rtol=1e-12)
    np.testing.assert_allclose(metrics.mse(estimate, truth), error**2 / 42, rtol=1e-12)


def test_exact_estimates_have_infinite_psnr_without_warning():
    _, truth = pair((2, 7, 7))
    assert np.isposinf(metrics.psnr_db(truth, truth)).all()
    assert np.isposinf(metrics.snr_db(truth, truth)).all()
    zero = np.zeros((1, 7, 7), np.complex64)
    assert metrics.nrmse(zero, zero)[0] == 0
    assert np.isposinf(metrics.nrmse(truth[:1], zero)[0])


def test_where_counts_only_the_chosen_voxels():
    estimate, truth = pair((3, 8, 8))
    where = np.random.default_rng(2).random((3, 8, 8)) < 0.3
    expected = [
        np.mean(np.abs(e[w].astype(complex) - t[w]) ** 2)
        for e, t, w in zip(estimate, truth, where, strict=True)
    ]
    np.testing.assert_allclose(metrics.mse(estimate, truth, where), expected, rtol=1e-12)
    np.testing.assert_allclose(
        metrics.psnr_db(estimate, truth, where=where), -10 * np.log10(expected), rtol=1e-12
    )
    everywhere = np.ones_like(where)
    np.testing.assert_allclose(metrics.nrmse(estimate, truth, everywhere), metrics.nrmse(estimate, truth))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e, t: metrics.mse(e[:, :-1], t), "estimate: found shape"),
        (lambda e, t: metrics.psnr_db(e * np.nan, t), "estimate: found NaN"),
        (lambda e, t: metrics.ssim(e, t * np.inf), "truth: found NaN or infinity"),
        (lambda e, t: metrics.ssim(e[..., :6], t[..., :6]), "at least 7 voxels"),
        (lambda e, t: metrics.mse(e, t, np.zeros(t.shape, bool)), "without any voxel"),
        (lambda e, t: metrics.mse(e, t, np.ones(t.shape)), "where: found float64"),
        (lambda e, t: metrics.psnr_db(e, t, peak=0.0), "peak: found 0"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_mistakes_are_one_clear_line(change, message):
    with pytest.raises(InputError, match=message) as caught:
        change(*pair((2, 8, 9)))
    assert "\n" not in str(caught.value)
