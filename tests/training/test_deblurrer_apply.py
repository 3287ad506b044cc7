import numpy as np
import pytest
import torch

from mpipipe.config.deblurrer import ResNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.training.collinear_pairs import (
    normalisation_scale,
)
from mpipipe.training.deblurrer_apply import LearnedDeblurrer, NormalisedDeblurrer
from tests.training.deblurring_case import deblurrer, held_out, tiny


@pytest.mark.parametrize("exponent", [-40, -7, 1, 30])
def test_estimates_are_as_many_times_larger_as_their_images(exponent):
    factor, (_, noisy) = np.float32(2.0**exponent), held_out()  # a power of two changes no digit
    np.testing.assert_array_equal(deblurrer().apply(factor * noisy), factor * deblurrer().apply(noisy))


def test_estimates_are_those_of_equation_2():
    config, (_, noisy) = tiny(), held_out(20)
    network = build_deblurrer(config.network, seed=5).eval()
    scale = normalisation_scale(noisy)[:, None, None]
    with torch.no_grad():
        output = network(torch.from_numpy(noisy / scale[:, None]))[:, 0].numpy()
    estimate = deblurrer(unit=30.0).apply(noisy)
    np.testing.assert_allclose(estimate, np.maximum(0, 30 * output) * scale, rtol=1e-4, atol=1e-6)
    assert (output < 0).any()
    assert estimate.dtype == np.float32


def test_no_positive_scale_no_particles():
    _, noisy = held_out()
    expected = deblurrer().apply(noisy)
    noisy[1], noisy[2] = 0, -noisy[2] - 1
    estimate = deblurrer().apply(noisy)
    assert not estimate[1:3].any()
    np.testing.assert_allclose(estimate[3:], expected[3:], rtol=1e-5, atol=1e-7)


def test_unfit_images_and_weights_are_refused():
    for shape in ((2, 12, 12), (3, 1, 12, 12), (0, 2, 12, 12)):
        with pytest.raises(InputError, match=r"ResNet: found shape .*, expected \(item, 2, x, y\)"):
            deblurrer().apply(np.zeros(shape, np.float32))
    with pytest.raises(InputError, match="ResNet: found NaN"):
        deblurrer().apply(np.full((1, 2, 12, 12), np.nan, np.float32))
    with pytest.raises(InputError, match="ResNet: found 3 × 12 pixels"):
        deblurrer().apply(np.ones((1, 2, 3, 12), np.float32))
    with pytest.raises(InputError, match=r"weights of ResNet: found .*Missing key"):
        LearnedDeblurrer({}, tiny())
    other = NormalisedDeblurrer(build_deblurrer(ResNetConfig(width=5, blocks=1), seed=0))
    with pytest.raises(InputError, match=r"weights of ResNet: found .*size mismatch"):
        LearnedDeblurrer(other.state_dict(), tiny())
