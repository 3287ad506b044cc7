import numpy as np
import pytest
import torch

from mpipipe.errors import InputError
from mpipipe.training.pairs import NoisyImages, PairStream, SignalPairs, check_images
from tests.training.blobs import blobs, system_matrix


def numbered(count):
    """Images that hold their own number."""
    return np.arange(1, count + 1, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)


def keep(images, _rng):
    return torch.from_numpy(images), torch.from_numpy(images)


def numbers(stream, steps):
    return np.concatenate([stream.batch(step)[1][:, 0, 0].numpy() for step in steps])


def test_signals_are_the_products_with_the_matrix():
    images, matrix = blobs(5), system_matrix()
    pairs = SignalPairs(matrix, (1000.0, 1000.0))(images, np.random.default_rng(0))
    expected = np.einsum("mxy,nxy->nm", matrix.astype(np.complex128), images.astype(np.float64))
    np.testing.assert_allclose(pairs.given.numpy(), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(pairs.truth.numpy(), images)


def test_noise_has_the_drawn_snr():
    matrix, images = system_matrix(components=400), blobs(300)
    clean = SignalPairs(matrix, (1000.0, 1000.0))(images, np.random.default_rng(0)).given.numpy()
    noisy = SignalPairs(matrix, (20.0, 40.0))(images, np.random.default_rng(0)).given.numpy()
    snr = 20 * np.log10(np.linalg.norm(clean, axis=1) / np.linalg.norm(noisy - clean, axis=1))
    # ‖n‖² of 400 complex values scatters by 5 %, which is 0.22 dB; U(20, 40) has mean 30 and deviation 5.77.
    assert snr.min() > 19
    assert snr.max() < 41
    assert snr.mean() == pytest.approx(30, abs=3 * 5.77 / np.sqrt(300))
    assert snr.std() == pytest.approx(5.77, abs=0.7)


def test_noisy_images_have_the_standard_deviation_at_unit_maximum():
    images = 7 * blobs(400)
    pairs = NoisyImages(0.1)(images, np.random.default_rng(0))
    np.testing.assert_allclose(pairs.truth.numpy(), images / 7, rtol=1e-6)
    error = (pairs.given - pairs.truth).numpy()
    assert error.std() == pytest.approx(0.1, rel=3 / np.sqrt(2 * error.size))
    assert error.mean() == pytest.approx(0, abs=3 * 0.1 / np.sqrt(error.size))


def test_every_epoch_has_every_image_once_and_its_own_order():
    stream = PairStream(numbered(12), keep, 8, seed=3)
    row = numbers(stream, range(6)).reshape(4, 12)
    np.testing.assert_array_equal(np.sort(row, axis=1), np.tile(np.arange(1, 13), (4, 1)))
    assert len({tuple(epoch) for epoch in row}) == 4


def test_a_batch_may_be_larger_than_the_split():
    np.testing.assert_array_equal(
        np.sort(numbers(PairStream(numbered(3), keep, 9, seed=0), [0])), np.repeat([1, 2, 3], 3)
    )


def test_a_stream_can_start_anywhere():
    draw = SignalPairs(system_matrix(), (20.0, 40.0))
    from_start = iter(PairStream(blobs(10), draw, 4, seed=5))
    later = iter(PairStream(blobs(10), draw, 4, seed=5, first_step=3))
    for _ in range(3):
        next(from_start)
    for _ in range(3):
        for one, other in zip(next(from_start), next(later), strict=True):
            assert torch.equal(one, other)


def test_seeds_and_steps_have_noise_of_their_own():
    draw = SignalPairs(system_matrix(), (20.0, 20.0))
    one, other = (PairStream(blobs(1), draw, 1, seed=seed) for seed in (5, 6))
    assert not torch.equal(one.batch(0).given, other.batch(0).given)
    assert not torch.equal(one.batch(0).given, one.batch(1).given)


@pytest.mark.parametrize(
    "images",
    [
        np.ones((2, 3)),
        np.ones((0, 3, 3)),
        np.full((1, 3, 3), np.nan),
        -np.ones((1, 3, 3)),
        np.zeros((2, 3, 3)),
    ],
)
def test_unfit_images_are_refused(images):
    with pytest.raises(InputError, match="images: found"):
        check_images("images", images)


@pytest.mark.parametrize("matrix", [np.ones((4, 6), np.complex64), np.full((4, 2, 3), np.nan, np.complex64)])
def test_unfit_matrices_are_refused(matrix):
    with pytest.raises(InputError, match="matrix: found"):
        SignalPairs(matrix, (20.0, 40.0))
