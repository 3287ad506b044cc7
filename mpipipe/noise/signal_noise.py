"""White noise of a given signal-to-noise ratio, on signals."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.noise.background import complex_normal

Complex = npt.NDArray[np.complex64]


def add_noise(
    signal: npt.NDArray[Any], snr_db: npt.ArrayLike, rng: np.random.Generator
) -> tuple[Complex, npt.NDArray[np.float64]]:
    r"""Return signals with white complex Gaussian noise, and the expected norm of that noise.

    .. math:: \mathrm{E}\,\|n\|^2 = \|b\|^2 \, 10^{-\mathrm{SNR}/10}

    with the norm over the components of a signal: an SNR of 20 log10(‖b‖/‖n‖) in dB [assumption: Peng 2024 gives SNRs
    without a definition]. All components have the same variance, real and imaginary parts half of it each.

    Parameters
    ----------
    signal : ([batch,] component) ndarray of complex
        Noise-free signals b.
    snr_db : float or (batch,) float
        Signal-to-noise ratio in dB; infinity adds nothing.
    rng : numpy.random.Generator
        Draws the noise.

    Returns
    -------
    noisy : ([batch,] component) ndarray of complex64
        Signals with noise; a signal of zeros stays so.
    noise_norm : ([batch]) ndarray of float64
        sqrt(E‖n‖²), in the unit of the signals.

    Raises
    ------
    InputError
        When shapes do not fit, or a signal is not finite.
    """
    b, snr = np.asarray(signal), np.asarray(snr_db, np.float64)
    if b.ndim not in (1, 2) or 0 in b.shape or snr.shape not in ((), b.shape[:-1]):
        raise InputError(
            f"signal, snr_db: found shapes {b.shape} and {snr.shape}, expected ([batch,] component) and one SNR or (batch,)"
        )
    if not np.isfinite(b).all() or np.isnan(snr).any() or (snr == -np.inf).any():
        raise InputError("signal or snr_db: found NaN or infinity, expected finite signals and SNRs in dB")
    noise_norm = np.asarray(np.linalg.norm(b.astype(np.complex128), axis=-1) * 10 ** (-snr / 20))
    sigma = (noise_norm / np.sqrt(b.shape[-1])).astype(np.float32)
    noise = complex_normal(rng, b.shape)
    noise *= sigma[..., None]
    noise += b
    return noise, noise_norm
