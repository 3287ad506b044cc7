"""White noise of a given signal-to-noise ratio, on real spectra."""

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError


def add_white_noise(
    spectra: npt.ArrayLike, snr_db: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    r"""Return real spectra with white Gaussian noise.

    .. math:: \mathrm{E}\,\|n\|^2 = \|u\|^2 \, 10^{-\mathrm{SNR}/10}

    of each spectrum: an SNR of 20 log10(‖u‖/‖n‖) in dB, with the noise as strong at every harmonic.

    Parameters
    ----------
    spectra : (scene, harmonic) array_like of float
        Spectra u without noise.
    snr_db : float
        Signal-to-noise ratio in dB; infinity adds nothing and draws nothing.
    rng : numpy.random.Generator
        Draws the noise.

    Returns
    -------
    (scene, harmonic) ndarray of float64
        In the unit of the spectra; a spectrum of zeros stays so.

    Raises
    ------
    InputError
        Spectra of another shape, with NaN or infinity, or an SNR that is no ratio.
    """
    u = np.asarray(spectra)
    if u.ndim != 2 or u.shape[1] == 0 or u.dtype.kind not in "fiu" or not np.isfinite(u).all():
        raise InputError(
            f"spectra: found {u.dtype} of shape {u.shape}, expected finite real (scene, harmonic)"
        )
    if not snr_db > -np.inf:
        raise InputError(f"snr_db: found {snr_db:g}, expected a ratio in dB")
    noisy = u.astype(np.float64)
    if snr_db < np.inf:
        sigma = np.linalg.norm(noisy, axis=1) * 10 ** (-snr_db / 20) / np.sqrt(u.shape[1])
        noisy += sigma[:, None] * rng.standard_normal(u.shape)
    return noisy
