import numpy as np
import pytest

from mpipipe.config.deconvolution import DeconvolutionConfig, DeconvolutionSearch
from mpipipe.reconstruction.blur import Blur
from mpipipe.studies.deconvolution import Deconvolution, deconvolve, try_settings
from tests.studies.xspace_inputs import ACQUISITION, PIXELS

METHODS = ("Gridding", "Wiener", "Richardson-Lucy", "TV")
CONFIG = DeconvolutionConfig()
SEARCH = DeconvolutionSearch(
    wiener_regularization=(1e-5, 1e-2),
    wiener_prior_exponent=(0, 2),
    richardson_lucy_iterations=(3, 10, 60),
    tv_weight=(1e-5, 1e-2),
)


@pytest.fixture(scope="module")
def blur():
    return Blur.along(ACQUISITION.particle, ACQUISITION.scanner, ACQUISITION.grid, 2)


@pytest.fixture(scope="module")
def scene(blur):
    truth = np.zeros((2, PIXELS, PIXELS), np.float32)
    truth[0, 4:7, 3:12], truth[1, 5:12, 8:11] = 1, 0.5
    return truth, blur.apply(truth)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_tries_its_settings_and_applies_the_best(method, blur, scene):
    truth, images = scene
    tried = list(try_settings(method, SEARCH, CONFIG, blur, images, truth))
    assert len(tried) == {"Gridding": 1, "Wiener": 4, "Richardson-Lucy": 3, "TV": 2}[method]
    best = max(tried, key=lambda one: one["psnr_db"])
    tuned = Deconvolution(method, {20.0: best["settings"]}, CONFIG, blur)
    estimate = tuned(images, 20.0)
    assert estimate.shape == truth.shape and estimate.dtype == np.float32 and estimate.min() >= 0
    error = ((estimate - truth) ** 2).mean(axis=(1, 2))
    psnr = 10 * np.log10(truth.max(axis=(1, 2)) ** 2 / error).mean()
    assert psnr == pytest.approx(best["psnr_db"], abs=0.01)


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_deconvolution_is_sharper_than_the_average(method, blur, scene):
    truth, images = scene
    plain = next(iter(try_settings("Gridding", SEARCH, CONFIG, blur, images, truth)))["psnr_db"]
    tried = [one["psnr_db"] for one in try_settings(method, SEARCH, CONFIG, blur, images, truth)]
    assert max(tried) > plain + 3


def test_the_gain_is_a_setting(blur, scene):
    _, images = scene
    np.testing.assert_allclose(
        deconvolve("Gridding", {"gain": 3.0}, CONFIG, blur, images), 3 * images.mean(axis=1), rtol=1e-5
    )
