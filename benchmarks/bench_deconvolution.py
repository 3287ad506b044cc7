"""Iterations of the deconvolutions against the Fourier transforms they need.

The floor is the transforms alone, on one core in the same run: of an iteration with local directions four padded ones forth
and four back, and of Wiener and TV those of the cosines too. Times are those of an image among four; whole solves run with the
default settings, Wiener until its tolerance. The error is that of the blur, which every iteration applies, against linear
convolutions in double precision, over the largest value.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import fft
from scipy.signal import fftconvolve
from threadpoolctl import threadpool_limits

from benchmarks.accuracy import bounded
from benchmarks.deblurring_scanner import PARTICLE, SCANNER, pixels
from benchmarks.report import duration, show
from benchmarks.row import Row
from benchmarks.timing import best
from mpipipe.config.deconvolution import DeconvolutionConfig
from mpipipe.reconstruction import richardson_lucy, tv_deconvolution, wiener
from mpipipe.reconstruction.blur import Blur
from mpipipe.reconstruction.normal_equations import NormalEquations

TITLE = "Deconvolution of x-space images"
ITEMS = 4
BOUND = 1e-5


def rows(quick: bool) -> Iterator[Row]:
    """Yield each method on the pixels of the laptop and of the paper."""
    with threadpool_limits(1):
        for size in (16,) if quick else (80, 280):
            yield from methods_of(size)


def methods_of(size: int) -> Iterator[Row]:
    """Yield the time of an iteration of each method."""
    blur, images = prepare(size)
    fourier, cosines = transforms(blur)
    checked = bounded(error(blur, images), BOUND)
    for name, iteration, pairs, whole in solvers(blur, images, DeconvolutionConfig()):
        one, fourier_s, cosines_s = best(
            iteration, fourier, cosines, repeats=5, seconds=1.0 if size > 50 else 0
        )
        whole_s = best(whole, repeats=1)[0]
        yield Row(
            subject=f"{name}, {size} × {size} pixels",
            seconds=one / ITEMS,
            floor="padded transforms" + " and cosines" * (pairs > 0),
            floor_seconds=fourier_s + pairs * cosines_s,
            error=checked,
            bound_by="Fourier transforms, then passes over the images",
            more={"iterations": str(whole().iterations), "whole solve, an image": duration(whole_s / ITEMS)},
        )


def prepare(size: int) -> tuple[Blur, np.ndarray]:
    """Return a blur of 20 x 20 mm and noisy images of sparse concentrations."""
    blur = Blur.along(PARTICLE, SCANNER, pixels(size))
    rng = np.random.default_rng(0)
    truth = rng.random((ITEMS, size, size)) * (rng.random((ITEMS, size, size)) > 0.9)
    images = blur.apply(truth)
    noise = 0.01 * images.max() * rng.standard_normal(images.shape)
    return blur, images + noise.astype(np.float32)


def error(blur: Blur, images: np.ndarray) -> float:
    """Return the largest error of a blurred concentration against convolutions in double precision."""
    x, y = blur.shape
    scene = np.abs(images[0, 0]).astype(float)
    kernels = np.fft.irfft2(blur.transfer.astype(float), (2 * x, 2 * y))
    kernels = np.roll(kernels, (x - 1, y - 1), (-2, -1))[:, : 2 * x - 1, : 2 * y - 1]
    fields = np.array(
        [fftconvolve(scene, kernel)[x - 1 : 2 * x - 1, y - 1 : 2 * y - 1] for kernel in kernels]
    )
    exact = (blur.weight.astype(float) * fields).sum(axis=1)
    return float(np.abs(blur.apply(scene[None])[0] - exact).max() / np.abs(exact).max())


def transforms(blur: Blur) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return the padded transforms of an iteration, and one pair of cosine transforms."""
    x, y = blur.shape
    kernels = len(blur.transfer)
    image = np.ones((x, y), np.float32)
    fields = np.ones((kernels, x, y), np.float32)
    spectrum = fft.fft(fft.rfft(image, 2 * y, axis=-1), 2 * x, axis=-2)
    spectra = np.repeat(spectrum[None], kernels, axis=0)

    def fourier() -> None:
        for forth, back in ((image, spectra), (fields, spectrum)):
            fft.fft(fft.rfft(forth, 2 * y, axis=-1), 2 * x, axis=-2)
            fft.irfft(fft.ifft(back, axis=-2)[..., :x, :], 2 * y, axis=-1)

    def cosines() -> None:
        fft.idctn(fft.dctn(image, norm="ortho"), norm="ortho")

    return fourier, cosines


def solvers(blur: Blur, images: np.ndarray, config: DeconvolutionConfig):
    """Return name, one iteration, pairs of cosine transforms in it, and the whole solve of each method."""
    return (
        wiener_of(blur, images, config),
        richardson_lucy_of(blur, images, config),
        tv_of(blur, images, config),
    )


def wiener_of(blur: Blur, images: np.ndarray, config: DeconvolutionConfig):
    """Return Wiener's filter; its iteration solves the normal equations by conjugate gradients."""
    system = NormalEquations(blur, config.wiener.regularization, config.wiener.prior_exponent)
    state = wiener.begin(system, images)
    return (
        "Wiener",
        lambda: wiener.advance(system, state, np.ones(ITEMS, bool)),
        2,
        lambda: wiener.solve(blur, images, config.wiener),
    )


def richardson_lucy_of(blur: Blur, images: np.ndarray, config: DeconvolutionConfig):
    """Return Richardson-Lucy."""
    seen = richardson_lucy.sensitivity(blur)
    data = np.maximum(images, 0) / images.max()
    state = richardson_lucy.begin(seen, data)
    settings = config.richardson_lucy
    return (
        "Richardson-Lucy",
        lambda: richardson_lucy.advance(blur, seen, data, state, accelerated=settings.accelerated),
        0,
        lambda: richardson_lucy.solve(blur, images, settings),
    )


def tv_of(blur: Blur, images: np.ndarray, config: DeconvolutionConfig):
    """Return deconvolution with total variation."""
    ridge = NormalEquations(blur, config.tv.penalty, 0.0)
    projection = blur.adjoint(images)
    projection *= np.float32(blur.squared_norm) / projection.max()
    state = tv_deconvolution.begin(projection)
    return (
        "TV",
        lambda: tv_deconvolution.advance(ridge, projection, state, config.tv),
        1,
        lambda: tv_deconvolution.solve(blur, images, config.tv),
    )


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
