"""A phantom reconstructed with the true, the noisy and each restored system matrix (Tsanda 2025, figures 3 to 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import ReconstructConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import WINDOW, ssim
from mpipipe.noise.series import BackgroundSeries, draw_background
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.selection import row_snr
from mpipipe.restoration.downsampling import downsample
from mpipipe.restoration.masks import draw_missing
from mpipipe.restoration.method import Restorer
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.observation import Observed

Complex = npt.NDArray[np.complex64]
TRUE_MATRIX, FULL_CALIBRATION, OBSERVED = "True matrix", "Full calibration", "Observed voxels"


@dataclass(frozen=True)
class Calibration:
    """A calibration as it was measured.

    Attributes
    ----------
    full : (component, x, y[, z]) ndarray of complex64
        All voxels with noise, as a complete calibration would give.
    observed : Observed
        What was measured of them.
    sigma : (component,) ndarray of float64
        Standard deviation of the complex noise.
    snr : (component,) ndarray of float64
        Signal-to-noise ratio of each observed row by the rule of `row_snr`.
    """

    full: Complex
    observed: Observed
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
    psnr_db, ssim : float
        Against the true concentration, with its maximum as peak and as data range.
    """

    image: npt.NDArray[np.float32]
    regularization: float
    psnr_db: float
    ssim: float


def calibrate(
    truth: Complex,
    channel: npt.NDArray[np.int32],
    frequency: npt.NDArray[np.int32],
    background: BackgroundSeries,
    noise: float,
    observation: ObservationConfig,
    rng: np.random.Generator,
) -> Calibration:
    """Measure a system matrix, with empty-frame noise at the level that the scanner has in each component.

    Unlike in the tables, components are not normalised: strong ones keep a high signal-to-noise ratio and weak ones
    drown, as in a measured calibration. Missing voxels are the same for all components: the robot's failed positions.

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
    observation : ObservationConfig
        What is measured of it.
    rng : numpy.random.Generator
        Draws the stretch of frames and the missing voxels.
    """
    frames = background.components(channel, frequency)
    sigma = scanner_sigma(frames, noise * float(np.abs(truth).max()))
    full = truth + draw_background(frames, truth.shape[1:], sigma, rng)
    # Noise of the measured voxels only, with no gap between them: its scan is shorter than that of the full grid.
    values = full
    if observation.factor > 1:
        measured = downsample(truth, observation.factor)
        values = measured + draw_background(frames, measured.shape[1:], sigma, rng)
    known = None
    if observation.missing_ratio:
        mask = ~draw_missing(values.shape[1:], observation.missing_ratio, rng)
        known = np.broadcast_to(mask, values.shape)
        values = np.where(known, values, np.complex64(0))
    observed = Observed(values, known, truth.shape[1:], observation.factor)
    empty = frames * (sigma / np.sqrt(np.mean(np.abs(frames) ** 2, axis=1)))[:, None]
    return Calibration(full, observed, sigma, row_snr(values, empty, channel))


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
    denoiser: tuple[str, Restorer] | None = None,
) -> dict[str, Image]:
    """Reconstruct one signal with the true, the noisy, and each restored matrix.

    All use the same rows, those whose SNR in the calibration passes the threshold. Each gets the λ that is best for it
    against the true phantom, so that no matrix is held back by another's regularisation. Observed voxels alone, where
    some were left out, give an image on their own grid.

    Parameters
    ----------
    truth : (component, x, y[, z]) ndarray of complex64
        True system matrix.
    calibration : Calibration
        What was measured.
    methods : mapping of Restorer
        Restoration methods by name.
    signal : (component,) ndarray of complex64
        Measurement.
    concentration : (x, y[, z]) ndarray of float32
        True phantom.
    config : ReconstructConfig
        Solver, its row selection, and the values of λ.
    denoiser : (str, Restorer), optional
        Name and method that denoises the observation first.
    """
    rows = np.flatnonzero(calibration.snr >= config.kaczmarz.snr_threshold)
    if not len(rows):
        raise InputError(
            f"snr_threshold: found no row above {config.kaczmarz.snr_threshold:g}, expected at least one"
        )
    own, sigma = calibration.observed, calibration.sigma[rows]
    observed = replace(own, values=own.values[rows], known=None if own.known is None else own.known[rows])
    matrices = {TRUE_MATRIX: truth[rows], FULL_CALIBRATION: calibration.full[rows]}
    if own.factor > 1 or own.known is not None:
        matrices[OBSERVED] = observed.values
    if denoiser is not None:
        name, method = denoiser
        observed = replace(
            observed, values=_restore(method, replace(observed, grid=observed.values.shape[1:]), sigma)
        )
        matrices[f"{OBSERVED}, {name}"] = observed.values
    found = {}
    for name, matrix in matrices.items():
        found[name] = _best_image(matrix, own.factor, signal[rows], concentration, config)
    for name, method in methods.items():
        # One matrix at a time: a restored 3-D matrix is hundreds of megabytes.
        found[name] = _best_image(
            _restore(method, observed, sigma), own.factor, signal[rows], concentration, config
        )
    return found


def _restore(method: Restorer, observed: Observed, sigma: npt.NDArray[np.float64]) -> Complex:
    peak = peak_modulus(observed.values)
    scaled = replace(observed, values=observed.values / peak)
    return np.asarray(scaled.restored_by(method, sigma / peak.reshape(-1)) * peak, np.complex64)


def _best_image(
    matrix: Complex,
    factor: int,
    signal: Complex,
    concentration: npt.NDArray[np.float32],
    config: ReconstructConfig,
) -> Image:
    truth = concentration
    if matrix.shape[1:] != concentration.shape:
        # A voxel of the coarse grid holds as much tracer as factor^axes fine ones.
        matrix = matrix * np.float32(factor**concentration.ndim)
        truth = downsample(concentration[None], factor)[0]
    flat, best = matrix.reshape(len(matrix), -1), None
    for value in config.regularizations:
        solver = config.kaczmarz.model_copy(update={"regularization": value})
        image = solve(flat, signal, solver).image.reshape(truth.shape).astype(np.float32)
        score = image_psnr_db(image, truth)
        if best is None or score > best[0]:
            best = (score, value, image)
    assert best is not None
    return Image(best[2], best[1], best[0], _image_ssim(best[2], truth))


def _image_ssim(image: npt.NDArray[np.float32], truth: npt.NDArray[np.float32]) -> float:
    """Return the SSIM of an image, NaN for a grid that is smaller than its window."""
    if min(truth.shape) < WINDOW:
        return float("nan")
    return float(ssim(image[None], truth[None], data_range=float(truth.max()))[0])


def image_psnr_db(image: npt.NDArray[np.floating], truth: npt.NDArray[np.floating]) -> float:
    """Return the PSNR of a concentration map with the true maximum as peak."""
    error = float(np.mean((np.asarray(image, np.float64) - truth) ** 2))
    return float(10 * np.log10(float(truth.max()) ** 2 / error))
