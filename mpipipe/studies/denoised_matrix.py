"""A system matrix from denoised signals, and phantoms that are reconstructed with it.

Self-supervised signal denoising (IJMPI), Table 3 and figure 3.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from mpipipe.config.denoised_matrix import DenoisedMatrixConfig
from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.noise.signal_noise import add_noise
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.period_rows import inner_bins
from mpipipe.studies.image_scores import image_scores

Complex = npt.NDArray[np.complex64]
Images = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

BLOCK = 256
"""Positions that are transformed together, which bounds the memory and does not change the result."""


@dataclass(frozen=True)
class PhantomSignals:
    """Measurements of phantoms.

    Attributes
    ----------
    phantoms : (phantom, x, y) ndarray of float32
        Concentrations.
    signals : (phantom, component) ndarray of complex64
        Noisy Fourier components.
    """

    phantoms: Images
    signals: Complex


@dataclass(frozen=True)
class MatrixScores:
    """How good the images of one matrix are.

    Attributes
    ----------
    images : (phantom, x, y) ndarray of float32
        Reconstructed test phantoms.
    scores : dict of (phantom,) ndarray of float64
        NRMSE, SSIM and PSNR against the phantoms, by metric.
    regularization : float
        Relative λ with the largest mean PSNR on the validation phantoms.
    at_edge : bool
        Whether that is the first or the last of several, so that a better one may lie beyond.
    tuning_psnr_db : tuple of float
        Mean PSNR on the validation phantoms, by λ.
    """

    images: Images
    scores: dict[str, Values]
    regularization: float
    at_edge: bool
    tuning_psnr_db: tuple[float, ...]


def components(signals: npt.NDArray[np.floating], bins: npt.ArrayLike, shape: tuple[int, int]) -> Complex:
    r"""Return rows of the system matrix: Fourier components of the signals of all positions.

    .. math:: S_k(r) = \frac{2}{T} \sum_t u_r(t) \, e^{-2 \pi i k t / T}

    so that a tone ``a cos(2πkt/T + φ)`` has the component ``a exp(iφ)``. Harmonic n of a drive frequency with c cycles in
    a period is at bin n c.

    Parameters
    ----------
    signals : (position, time) array of float32
        Signals of point sources, positions in C order of (x, y); may be a memory map.
    bins : (component,) array_like of int
        Frequency bins k, between 0 and T/2 without the ends.
    shape : (x, y) int
        Grid.

    Returns
    -------
    (component, x, y) ndarray of complex64
        In the unit of the signals.

    Raises
    ------
    InputError
        When the positions do not fill the grid, a bin is outside the band, or a signal is not finite.
    """
    if signals.ndim != 2 or len(signals) != prod(shape):
        raise InputError(
            f"signals: found shape {signals.shape}, expected (position, time) with {prod(shape)} positions"
        )
    time, chosen = signals.shape[1], np.asarray(bins)
    if chosen.ndim != 1 or len(chosen) == 0 or chosen.dtype.kind not in "iu":
        raise InputError(
            f"bins: found {chosen.dtype} of shape {chosen.shape}, expected integers (component,)"
        )
    if not np.isin(chosen, inner_bins(time)).all():
        raise InputError(
            f"bins: found {chosen.min()} to {chosen.max()}, expected 1 to {(time - 1) // 2} for {time} samples"
        )
    rows = np.empty((len(chosen), len(signals)), np.complex64)
    for start in range(0, len(signals), BLOCK):
        block = slice(start, start + BLOCK)
        rows[:, block] = (2 / time) * np.fft.rfft(signals[block])[:, chosen].T
    if not np.isfinite(rows).all():
        raise InputError("signals: found NaN or infinity, expected finite values")
    return rows.reshape(-1, *shape)


def measure_phantoms(
    matrix: Complex, phantoms: Images, snr_db: float, rng: np.random.Generator
) -> PhantomSignals:
    """Return noisy signals ``A c + n`` of phantoms.

    Parameters
    ----------
    matrix : (component, x, y) ndarray of complex64
        Noise-free system matrix A.
    phantoms : (phantom, x, y) ndarray of float32
        Concentrations c.
    snr_db : float
        ``20 log10(‖Ac‖/‖n‖)`` over these components, see `add_noise`.
    rng : numpy.random.Generator
        Draws the noise, white over the components as it is over time.

    Raises
    ------
    InputError
        When the grids differ, or a signal or the SNR is not finite.
    """
    if phantoms.ndim != 3 or phantoms.shape[1:] != matrix.shape[1:]:
        raise InputError(
            f"phantoms: found shape {phantoms.shape}, expected (phantom, x, y) on the grid {matrix.shape[1:]}"
        )
    clean = phantoms.reshape(len(phantoms), -1) @ matrix.reshape(len(matrix), -1).T
    return PhantomSignals(phantoms, add_noise(clean, snr_db, rng)[0])


def reconstruct_phantoms(matrix: Complex, measured: Complex, config: KaczmarzConfig) -> Images:
    """Return images by regularised Kaczmarz, see `mpipipe.reconstruction.kaczmarz.solve`.

    Noise that is white over time has the same variance in every component, so that rows as they stand, the weighting
    'none', are those of unit noise variance but for a common factor. Weights of one over the norm would raise weak rows, and
    their noise, to the level of strong ones.

    Parameters
    ----------
    matrix : (component, x, y) ndarray of complex64
        System matrix: noise-free, noisy or denoised.
    measured : (phantom, component) ndarray of complex64
        Signals.
    config : KaczmarzConfig
        λ, sweeps, projections, weighting; every row takes part.

    Returns
    -------
    (phantom, x, y) ndarray of float32
        Concentrations.

    Raises
    ------
    InputError
        When shapes do not fit or a value is not finite.
    """
    found = solve(matrix.reshape(len(matrix), -1), measured, config)
    return np.asarray(found.image.reshape(-1, *matrix.shape[1:]), np.float32)


def score_matrix(
    matrix: Complex, validation: PhantomSignals, test: PhantomSignals, config: DenoisedMatrixConfig
) -> MatrixScores:
    """Tune λ for a matrix on validation phantoms, reconstruct the test phantoms, and score them.

    Each matrix gets the λ with the largest mean PSNR, so that none is held back by another's.

    Parameters
    ----------
    matrix : (component, x, y) ndarray of complex64
        System matrix of a method.
    validation, test : PhantomSignals
        Measurements, the same for each method.
    config : DenoisedMatrixConfig
        Values of λ, and the solver.
    """
    tried = [
        float(np.mean(_image_psnr_db(_reconstruct(matrix, validation, config, value), validation.phantoms)))
        for value in config.regularizations
    ]
    best = int(np.argmax(tried))
    images = _reconstruct(matrix, test, config, config.regularizations[best])
    return MatrixScores(
        images=images,
        scores=image_scores(images, test.phantoms),
        regularization=config.regularizations[best],
        at_edge=len(tried) > 1 and best in (0, len(tried) - 1),
        tuning_psnr_db=tuple(tried),
    )


def component_psnr_db(images: Complex, truth: Complex) -> Values:
    """Return the PSNR of components, with the largest modulus of the true one as peak.

    Parameters
    ----------
    images, truth : (component, x, y) ndarray of complex64
        Components of a denoised and of the noise-free matrix.

    Returns
    -------
    (component,) ndarray of float64
        In dB; the mean of the squared error is that of complex values.
    """
    return psnr_db(images, truth, peak=np.abs(truth).max(axis=(1, 2)).astype(np.float64))


def _reconstruct(
    matrix: Complex, measured: PhantomSignals, config: DenoisedMatrixConfig, regularization: float
) -> Images:
    solver = config.kaczmarz.model_copy(update={"regularization": regularization})
    return reconstruct_phantoms(matrix, measured.signals, solver)


def _image_psnr_db(images: Images, truth: Images) -> Values:
    return psnr_db(images, truth, peak=truth.max(axis=(1, 2)))
