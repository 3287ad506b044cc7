import numpy as np
import pytest

from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.config.reconstructors import ADMMNetConfig, DERnetConfig, ImageDenoiserConfig
from mpipipe.errors import InputError
from mpipipe.networks.reconstructors import build_image_denoiser, build_reconstructor
from mpipipe.training.normalised import NormalisedDenoiser, NormalisedReconstructor
from mpipipe.training.reconstructor_apply import LearnedReconstructor, NetworkDenoiser
from tests.training.blobs import blobs, system_matrix

MATRIX = system_matrix()
RECONSTRUCTORS = {
    "DERnet": DERnetConfig(signal_width=2, image_width=2, branch_width=2, feature_width=4, unet_width=8),
    "ADMM-Net": ADMMNetConfig(stages=2, filters=4, kernel=3, breakpoints=11),
}
DENOISER = ReconstructorTraining(network=ImageDenoiserConfig(blocks=1, layers=2, width=4, growth=4))


def reconstructor(name):
    config = ReconstructorTraining(network=RECONSTRUCTORS[name])
    network = NormalisedReconstructor(build_reconstructor(config.network, MATRIX, seed=5), len(MATRIX))
    weights = network.state_dict()
    return LearnedReconstructor(weights, config, MATRIX)


def denoiser():
    network = NormalisedDenoiser(build_image_denoiser(DENOISER.network, seed=5))
    return NetworkDenoiser(network.state_dict(), DENOISER)


def signals(count=3, seed=0):
    return blobs(count, seed).reshape(count, -1) @ MATRIX.reshape(len(MATRIX), -1).T


@pytest.mark.parametrize("name", RECONSTRUCTORS)
@pytest.mark.parametrize("exponent", [-60, -7, 1, 40])
def test_images_are_as_many_times_larger_as_their_signals(name, exponent):
    scale = np.float32(2.0**exponent)  # a power of two changes no digit
    method = reconstructor(name)
    np.testing.assert_array_equal(method.apply(scale * signals()), scale * method.apply(signals()))


@pytest.mark.parametrize("name", RECONSTRUCTORS)
def test_zero_signal_zero_image(name):
    batch = signals()
    batch[1] = 0
    images = reconstructor(name).apply(batch)
    assert not images[1].any()
    assert np.all(images >= 0)
    assert images.dtype == np.float32


@pytest.mark.parametrize("name", RECONSTRUCTORS)
def test_one_signal_or_a_batch(name):
    method, batch = reconstructor(name), signals()
    images = method.apply(batch)
    assert images.shape == (3, *MATRIX.shape[1:])
    np.testing.assert_allclose(method.apply(batch[2]), images[2], rtol=1e-5, atol=1e-6)


def test_application_is_deterministic():
    method = reconstructor("DERnet")  # it has dropout, in training only
    np.testing.assert_array_equal(method.apply(signals()), method.apply(signals()))


def test_unfit_signals_are_refused():
    method = reconstructor("DERnet")
    for shape in ((3, 5), (24, 2), (1, 3, 24), (0, 24)):
        with pytest.raises(
            InputError, match=r"DERnet: found a signal of shape .*, expected \(\[batch,\] 24\)"
        ):
            method.apply(np.zeros(shape, np.complex64))
    with pytest.raises(InputError, match="DERnet: found NaN"):
        method.apply(np.full(24, np.nan, np.complex64))


def test_unfit_weights_are_refused():
    config = ReconstructorTraining(network=RECONSTRUCTORS["DERnet"])
    other = NormalisedReconstructor(
        build_reconstructor(config.network, system_matrix(components=9), seed=0), 9
    )
    with pytest.raises(InputError, match=r"weights of DERnet: found .*size mismatch"):
        LearnedReconstructor(other.state_dict(), config, MATRIX)
    with pytest.raises(InputError, match=r"weights of ImageDenoiser: found .*Missing key"):
        NetworkDenoiser({}, DENOISER)


def test_networks_of_the_other_kind_are_refused():
    with pytest.raises(InputError, match="expected one from signal to image"):
        LearnedReconstructor({}, DENOISER, MATRIX)
    with pytest.raises(InputError, match="expected ImageDenoiser"):
        NetworkDenoiser({}, ReconstructorTraining())


def test_denoiser_is_homogeneous_and_keeps_the_shape():
    method, images = denoiser(), blobs(4) - 0.1
    images[2] = 0
    denoised = method(images)
    assert denoised.shape == images.shape
    assert denoised.dtype == np.float32
    assert np.all(denoised >= 0)
    assert not denoised[2].any()
    np.testing.assert_array_equal(method(np.float32(16) * images), 16 * denoised)


def test_denoiser_refuses_unfit_images():
    with pytest.raises(InputError, match="denoiser: found shape"):
        denoiser()(np.zeros((3, 4), np.float32))
    with pytest.raises(InputError, match="denoiser: found"):
        denoiser()(np.full((1, 3, 4), np.inf, np.float32))
