"""A phantom reconstructed with the true, the noisy and each restored system matrix (Tsanda 2025, figures 3 to 6)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import ReconstructConfig
from mpipipe.noise.series import BackgroundSeries, draw_background
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.selection import row_snr
from mpipipe.restoration.method import Restorer
from mpipipe.restoration.normalise import peak_modulus

Complex = npt.NDArray[np.complex64]
TRUE_MATRIX, NOISY_MATRIX = "True matrix", "Noisy matrix"


@dataclass(frozen=True)
class Calibration:
    """A noisy calibration.

    Attributes
    ----------
    noisy : (component, x, y[, z]) ndarray of complex64
        System matrix with noise of the same scanner in every component.
    sigma : (component,) ndarray of float64
        Standard deviation of the complex noise.
    snr : (component,) ndarray of float64
        Signal-to-noise ratio of each row by the rule of `row_snr`.
    """

    noisy: Complex
    sigma: npt.NDArray[np.float64]
    snr: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Image:
    """The best image of one matrix.

    Attributes
    ----------
    image : (x, y[, z]) ndarray of float32
        Concentration relative to the calibration sample.
    regularization : float
        Relative λ it was found with.
    psnr_db : float
        Against the true concentration, with its maximum as peak.
    """

    image: npt.NDArray[np.float32]
    regularization: float
    psnr_db: float


def calibrate(
    truth: Complex,
    channel: npt.NDArray[np.int32],
    frequency: npt.NDArray[np.int32],
    background: BackgroundSeries,
    noise: float,
    rng: np.random.Generator,
) -> Calibration:
    """Add empty-frame noise to a system matrix, at the level that the scanner has in each component.

    Unlike in the denoising table, components are not normalised: strong ones keep a high signal-to-noise ratio and
    weak ones drown, as in a measured calibration.

    Parameters
    ----------
    truth : (component, x, y[, z]) ndarray of complex64
        System matrix.
    channel, frequency : (component,) ndarray of int32
        Where its components lie.
    background : BackgroundSeries
        Empty frames.
    noise : float
        Mean standard deviation over the matrix's largest modulus.
    rng : numpy.random.Generator
        Draws the stretch of frames.
    """
    frames = background.components(channel, frequency)
    sigma = scanner_sigma(frames, noise * float(np.abs(truth).max()))
    noisy = truth + draw_background(frames, truth.shape[1:], sigma, rng)
    empty = frames * (sigma / np.sqrt(np.mean(np.abs(frames) ** 2, axis=1)))[:, None]
    return Calibration(noisy, sigma, row_snr(noisy, empty, channel))


def scanner_sigma(frames: Complex, mean_sigma: float) -> npt.NDArray[np.float64]:
    """Return the noise level ``(component,)`` of empty frames ``(component, frame)``, scaled to a mean level."""
    level = np.sqrt(np.mean(np.abs(frames) ** 2, axis=1, dtype=np.float64))
    return np.asarray(mean_sigma * level / level.mean())


def noisy_signal(signal: Complex, frames: Complex, noise: float, rng: np.random.Generator) -> Complex:
    """Add empty-frame noise to a measurement ``(component,)``: one random frame, at `noise` times its largest value."""
    sigma = scanner_sigma(frames, noise * float(np.abs(signal).max()))
    frame = frames[:, int(rng.integers(frames.shape[1]))]
    level = np.sqrt(np.mean(np.abs(frames) ** 2, axis=1))
    return np.asarray(signal + frame * (sigma / level), np.complex64)


def reconstruct_with_each(
    truth: Complex,
    calibration: Calibration,
    methods: Mapping[str, Restorer],
    signal: Complex,
    concentration: npt.NDArray[np.float32],
    config: ReconstructConfig,
) -> dict[str, Image]:
    """Reconstruct one signal with the true, the noisy, and each restored matrix.

    All use the same rows, those whose SNR in the noisy calibration passes the threshold. Each gets the λ that is best for it
    against the true phantom, so that no matrix is held back by another's regularisation.

    Parameters
    ----------
    truth : (component, x, y[, z]) ndarray of complex64
        True system matrix.
    calibration : Calibration
        Noisy matrix.
    methods : mapping of Restorer
        Restoration methods by name.
    signal : (component,) ndarray of complex64
        Measurement.
    concentration : (x, y[, z]) ndarray of float32
        True phantom.
    config : ReconstructConfig
        Solver, its row selection, and the values of λ.
    """
    rows = np.flatnonzero(calibration.snr >= config.kaczmarz.snr_threshold)
    noisy, sigma = calibration.noisy[rows], calibration.sigma[rows]
    matrices = {TRUE_MATRIX: truth[rows], NOISY_MATRIX: noisy}
    matrices |= {name: _restore(method, noisy, sigma) for name, method in methods.items()}
    return {
        name: _best_image(matrix, signal[rows], concentration, config) for name, matrix in matrices.items()
    }


def _restore(method: Restorer, noisy: Complex, sigma: npt.NDArray[np.float64]) -> Complex:
    peak = peak_modulus(noisy)
    return np.asarray(method.apply(noisy / peak, sigma / peak.reshape(-1)) * peak, np.complex64)


def _best_image(
    matrix: Complex, signal: Complex, concentration: npt.NDArray[np.float32], config: ReconstructConfig
) -> Image:
    found = []
    for value in config.regularizations:
        solver = config.kaczmarz.model_copy(update={"regularization": value})
        image = solve(matrix.reshape(len(matrix), -1), signal, solver).image.reshape(concentration.shape)
        found.append(Image(image.astype(np.float32), value, image_psnr_db(image, concentration)))
    return max(found, key=lambda one: one.psnr_db)


def image_psnr_db(image: npt.NDArray[np.floating], truth: npt.NDArray[np.floating]) -> float:
    """Return the PSNR of a concentration map with the true maximum as peak."""
    error = float(np.mean((np.asarray(image, np.float64) - truth) ** 2))
    return float(10 * np.log10(float(truth.max()) ** 2 / error))
