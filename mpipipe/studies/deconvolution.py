"""The classical methods of the deblurring study: what tuning tries, and the tuned method."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from mpipipe.config.deblurring import ClassicalDeblurring
from mpipipe.config.deconvolution import DeconvolutionConfig, DeconvolutionSearch
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.reconstruction import average, richardson_lucy, tv_deconvolution, wiener
from mpipipe.reconstruction.blur import Blur
from mpipipe.studies.xspace_scan import Images

Settings = Mapping[str, float]


@dataclass(frozen=True)
class Deconvolution:
    """A classical method with its settings at each SNR.

    Attributes
    ----------
    method : str
        Name.
    levels : mapping of float to dict
        Tuned settings by SNR; infinity without noise.
    config : DeconvolutionConfig
        Settings that are not tuned.
    blur : Blur
        Forward model.
    """

    method: ClassicalDeblurring
    levels: Mapping[float, Settings]
    config: DeconvolutionConfig
    blur: Blur

    def __call__(self, images: Images, snr: float) -> Images:
        """Return the concentrations of collinear images of a tuned SNR."""
        return deconvolve(self.method, self.levels[snr], self.config, self.blur, images)


def deconvolve(
    method: ClassicalDeblurring, settings: Settings, config: DeconvolutionConfig, blur: Blur, images: Images
) -> Images:
    """Return the estimates of a method with given settings, ``(item, x, y)`` float32, at least 0.

    Parameters
    ----------
    method : str
        Name.
    settings : dict
        Values of what is tuned, by its name in the configuration; of ``Gridding`` its ``gain``.
    config : DeconvolutionConfig
        Everything else.
    blur : Blur
        Forward model.
    images : (item, partition, x, y) ndarray of float32
        Collinear images.
    """
    if method == "Gridding":
        return average.estimate(images, settings["gain"])
    solved = {
        "Wiener": lambda: wiener.solve(blur, images, config.wiener.model_copy(update=settings)),
        "Richardson-Lucy": lambda: richardson_lucy.solve(
            blur, images, config.richardson_lucy.model_copy(update=settings)
        ),
        "TV": lambda: tv_deconvolution.solve(blur, images, config.tv.model_copy(update=settings)),
    }[method]()
    return np.asarray(solved.image, np.float32)


def try_settings(
    method: ClassicalDeblurring,
    search: DeconvolutionSearch,
    config: DeconvolutionConfig,
    blur: Blur,
    images: Images,
    truth: Images,
) -> Iterator[dict[str, Any]]:
    """Yield ``settings`` and their mean ``psnr_db`` on scenes, for every combination that a method has.

    Parameters
    ----------
    method, search, config, blur
        As above, and the values that are tried.
    images : (item, partition, x, y) ndarray of float32
        Collinear images of the tuning windows at one SNR.
    truth : (item, x, y) ndarray of float32
        Their concentrations.
    """
    peak = truth.max(axis=(1, 2))
    for settings, estimate in _tried(method, search, config, blur, images, truth):
        yield {"settings": settings, "psnr_db": float(psnr_db(estimate, truth, peak=peak).mean())}


def _tried(
    method: ClassicalDeblurring,
    search: DeconvolutionSearch,
    config: DeconvolutionConfig,
    blur: Blur,
    images: Images,
    truth: Images,
) -> Iterator[tuple[Settings, Images]]:
    if method == "Richardson-Lucy":  # all numbers of iterations are seen in one run
        counts = search.richardson_lucy_iterations
        accelerated = config.richardson_lucy.accelerated
        seen = richardson_lucy.iterates(blur, images, counts, accelerated=accelerated)
        yield from (({"iterations": count}, one) for count, one in zip(counts, seen, strict=True))
        return
    for settings in _candidates(method, search, images, truth):
        yield settings, deconvolve(method, settings, config, blur, images)


def _candidates(
    method: ClassicalDeblurring, search: DeconvolutionSearch, images: Images, truth: Images
) -> list[Settings]:
    if method == "Gridding":
        return [{"gain": average.fit_gain(images, truth)}]
    if method == "TV":
        return [{"weight": weight} for weight in search.tv_weight]
    pairs = product(search.wiener_regularization, search.wiener_prior_exponent)
    return [{"regularization": value, "prior_exponent": exponent} for value, exponent in pairs]
