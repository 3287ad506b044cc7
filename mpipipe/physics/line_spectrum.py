"""Harmonics of a 1-D scan as real numbers in float64.

`mpipipe.physics.system_function` gives the same system function as complex64, which is too coarse for small particles:
at 25 nm its condition number is above the inverse of single precision.
"""

import numpy as np
import numpy.typing as npt

from mpipipe.config.line_scanner import LineScanner
from mpipipe.errors import InputError
from mpipipe.physics.magnetization import langevin

FloatArray = npt.NDArray[np.float64]


def line_system_matrix(config: LineScanner, diameter_nm: float | None = None) -> FloatArray:
    r"""Return the system matrix S of a line, ``u = S c`` (Chae 2017, eqs. 3 and 4).

    .. math:: S_k(x) = 2\pi k f \; \frac1T \int_0^T L\left(\beta [G x + A \cos 2\pi f t]\right) \cos(2\pi k f t)\, dt

    with the Langevin function L and ``β = m / kT``. The moment is even in time, so its Fourier coefficients are real and
    those of its derivative are ``i S_k``: S is the imaginary part of the package's system function, in 1/s, and the
    spectrum of eq. 3 is ``-i μ0 p`` times the saturation moment times u. Multiplying inputs by a constant changes nothing
    for a normalised network.

    Particles of infinite size have ``S_k(x) = 4 f U_{k-1}(-z) sqrt(1 - z²)``, ``z = G x / A``, with the Chebyshev
    polynomials of the second kind, zero for |z| ≥ 1: -z is the place of the voxel in units of the field-free point's
    path ``x_s(t) = -(A/G) cos 2πft``. Any particle has ``S_k(-x) = (-1)^(k-1) S_k(x)``.

    Parameters
    ----------
    config : LineScanner
        Scanner, voxels and harmonics.
    diameter_nm : float, optional
        Core diameter; default that of the configuration's particle.

    Returns
    -------
    (harmonic, voxel) ndarray of float64
        Harmonics 1, 2, …, in 1/s. Values are exact to about 1e-15 of the largest: what lies below is rounding.

    Raises
    ------
    InputError
        When the diameter is not positive.
    """
    particle = config.particle
    if diameter_nm is not None:
        if not diameter_nm > 0:
            raise InputError(f"diameter_nm: found {diameter_nm}, expected a positive diameter")
        particle = particle.model_copy(update={"core_diameter_nm": diameter_nm})
    # The samples are those of one period of the only drive, whose trapezoidal rule converges exponentially.
    phase = 2 * np.pi * np.arange(config.scanner.samples) / config.scanner.samples
    drive = 1e-3 * config.scanner.drive_amplitude_mT[0] * np.cos(phase)
    selection = config.scanner.gradient_T_per_m[0] * config.grid.axes_m()[0]
    moment = langevin(particle.beta_per_T * (selection[:, None] + drive))
    harmonic = np.arange(1, config.harmonics + 1)
    coefficients = np.fft.rfft(moment, norm="forward").real[:, harmonic]
    return np.ascontiguousarray((2 * np.pi * config.scanner.frequency_Hz(harmonic) * coefficients).T)


def line_spectra(system_matrix: FloatArray, scenes: npt.NDArray[np.floating]) -> FloatArray:
    """Return the spectra ``u = S c`` of scenes, noise-free.

    Parameters
    ----------
    system_matrix : (harmonic, voxel) ndarray of float64
        From `line_system_matrix`.
    scenes : (scene, voxel) ndarray of float
        Concentrations.

    Returns
    -------
    (scene, harmonic) ndarray of float64
        In the unit of the system matrix.

    Raises
    ------
    InputError
        When the shapes do not fit, or a scene is not finite.
    """
    found = np.asarray(scenes, np.float64)
    if found.ndim != 2 or found.shape[1] != system_matrix.shape[1] or not np.isfinite(found).all():
        raise InputError(
            f"scenes: found shape {found.shape}, expected finite values (scene, {system_matrix.shape[1]})"
        )
    return found @ system_matrix.T
