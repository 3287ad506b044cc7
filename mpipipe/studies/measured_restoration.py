"""Restoration of a measured system matrix: its noise, the restored matrices, and what can be said of them without a truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.reconstruction.encoding_array import IMAGE_SHAPE, reconstruct_phantoms, refine_bilinear
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.restoration.method import Mask, Restorer, Sigma
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.phase import best_phase, phase_spread

FloatArray = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex64]

MEASURED = "Measured"
SIGMA_FACTOR = 0.3
"""By which Tsanda et al. 2025 scale the estimated noise level of real measurements for DCT-F."""


@dataclass(frozen=True)
class RestorationSummary:
    """What a method did to a measured matrix.

    Attributes
    ----------
    removed_energy : float
        ‖y − ŝ‖² / ‖y‖² over the whole matrix: energy of what was taken away.
    noise_energy : float
        Share of the energy that noise of the given level has, Σ N σ² / ‖y‖²: what a perfect method would take away.
    spread_before, spread_after : (component,) ndarray of float64
        Phase spread of each component, see :func:`mpipipe.restoration.phase.phase_spread`.
    phase_change_rad : (component,) ndarray of float64
        Change of each component's best single phase, in (−π/2, π/2].
    relative_residual : dict of float
        ‖Ax − b‖/‖b‖ of each phantom's image; empty without signals.
    """

    removed_energy: float
    noise_energy: float
    spread_before: FloatArray
    spread_after: FloatArray
    phase_change_rad: FloatArray
    relative_residual: dict[str, float]


@dataclass(frozen=True)
class RestoredMatrix:
    """What is kept of a restored matrix; the whole one may be large.

    Attributes
    ----------
    summary : RestorationSummary
        What the method did.
    components : (shown, x, y[, z]) ndarray of complex64
        The components that are shown.
    images : dict of Reconstruction
        Images of each phantom by name.
    """

    summary: RestorationSummary
    components: Complex
    images: dict[str, Reconstruction]


@dataclass(frozen=True)
class ScaledLevel:
    """A method that is told a multiple of the noise level."""

    method: Restorer
    factor: float

    def apply(
        self,
        observed: Complex,
        sigma: Sigma = 0.0,
        *,
        known: Mask | None = None,
        grid: tuple[int, ...] | None = None,
    ) -> Complex:
        """Restore components with the scaled noise level."""
        return self.method.apply(observed, self.factor * np.asarray(sigma), known=known, grid=grid)


def with_scaled_level(methods: Mapping[str, Restorer]) -> dict[str, Restorer]:
    """Return the methods with DCT-F at 0.3 times the noise level behind DCT-F, as the paper has it for measured data."""
    found: dict[str, Restorer] = {}
    for name, method in methods.items():
        found[name] = method
        if name == "DCT-F":
            found[f"{name} ({SIGMA_FACTOR:g} σ)"] = ScaledLevel(method, SIGMA_FACTOR)
    return found


def restore_measured(
    matrix: npt.NDArray[Any], sigma: FloatArray, methods: Mapping[str, Restorer]
) -> dict[str, Complex]:
    """Restore a measured matrix with each method; components are brought to unit peak and back.

    Parameters
    ----------
    matrix : (component, x, y[, z]) ndarray of complex
        Measured system matrix.
    sigma : (component,) ndarray of float64
        Standard deviation of its complex noise.
    methods : mapping of Restorer
        Prepared methods by name.

    Returns
    -------
    dict of (component, x, y[, z]) ndarray of complex64
        Restored matrices by the methods' names.

    Raises
    ------
    InputError
        When there is not one non-negative noise level a component.
    """
    _check_sigma(matrix, sigma)
    values = np.asarray(matrix, np.complex64)
    peak = peak_modulus(values)
    return {
        name: np.asarray(method.apply(values / peak, sigma / peak.reshape(-1)) * peak, np.complex64)
        for name, method in methods.items()
    }


def restore_in_turn(
    matrix: npt.NDArray[Any],
    sigma: FloatArray,
    methods: Mapping[str, Restorer],
    shown: Sequence[int],
    reconstruct: Callable[[npt.NDArray[Any]], dict[str, Reconstruction]],
) -> dict[str, RestoredMatrix]:
    """Return what is shown of the measured matrix, under the name ``Measured``, and of each restored one.

    Parameters
    ----------
    matrix : (component, x, y[, z]) ndarray of complex
        Measured system matrix.
    sigma : (component,) ndarray of float64
        Standard deviation of its complex noise.
    methods : mapping of Restorer
        Prepared methods by name.
    shown : sequence of int
        Components that are kept.
    reconstruct : callable
        Images of the phantoms from a matrix.
    """
    found = {}
    for name in (MEASURED, *methods):
        # One matrix at a time: a restored 3-D matrix is hundreds of megabytes.
        restored = (
            matrix if name == MEASURED else restore_measured(matrix, sigma, {name: methods[name]})[name]
        )
        (summary,) = summarise_restoration(matrix, sigma, {name: restored}).values()
        components = np.asarray(restored[list(shown)], np.complex64)
        found[name] = RestoredMatrix(summary, components, reconstruct(restored))
    return found


def summarise_restoration(
    matrix: npt.NDArray[Any],
    sigma: FloatArray,
    restored: Mapping[str, npt.NDArray[Any]],
    signals: Mapping[str, npt.NDArray[np.complex128]] | None = None,
) -> dict[str, RestorationSummary]:
    """Return what each method did to a measured matrix.

    Parameters
    ----------
    matrix : (component, x, y[, z]) ndarray of complex
        Measured system matrix.
    sigma : (component,) ndarray of float64
        Standard deviation of its complex noise.
    restored : mapping of (component, x, y[, z]) ndarray of complex
        Restored matrices; the measured one may be among them, for comparison.
    signals : mapping of (component,) ndarray of complex128, optional
        Measured phantoms, which are reconstructed with each matrix as :mod:`mpipipe.reconstruction.encoding_array` does.
        A matrix that fits the signals less well is not necessarily the worse one: noise in it helps to fit.

    Returns
    -------
    dict of RestorationSummary
        By the names of the restored matrices.
    """
    _check_sigma(matrix, sigma)
    return {name: _summarise(np.asarray(matrix), sigma, one, signals or {}) for name, one in restored.items()}


def _summarise(
    matrix: npt.NDArray[Any],
    sigma: FloatArray,
    restored: npt.NDArray[Any],
    signals: Mapping[str, npt.NDArray[np.complex128]],
) -> RestorationSummary:
    if restored.shape != matrix.shape:
        raise InputError(f"restored: found shape {restored.shape}, expected the matrix's {matrix.shape}")
    energy = float(np.linalg.norm(matrix)) ** 2
    voxels = matrix[0].size
    images = phantom_images(restored, signals) if signals else {}
    return RestorationSummary(
        removed_energy=float(np.linalg.norm(matrix - restored)) ** 2 / energy,
        noise_energy=float(voxels * (sigma**2).sum()) / energy,
        spread_before=phase_spread(matrix),
        spread_after=phase_spread(restored),
        phase_change_rad=_turn(best_phase(restored) - best_phase(matrix)),
        relative_residual={name: float(image.relative_residual) for name, image in images.items()},
    )


def phantom_images(
    matrix: npt.NDArray[Any], signals: Mapping[str, npt.NDArray[np.complex128]]
) -> dict[str, Reconstruction]:
    """Reconstruct the phantoms of the coil-encoding scanner, with residuals over all rows."""
    fine = refine_bilinear(matrix, IMAGE_SHAPE)
    found = reconstruct_phantoms(matrix, signals)
    return {name: over_all_rows(fine, signals[name], image) for name, image in found.items()}


def over_all_rows(
    matrix: npt.NDArray[Any], signal: npt.NDArray[Any], found: Reconstruction
) -> Reconstruction:
    """Return a reconstruction with the residual ‖Ax − b‖/‖b‖ over all rows, without weights.

    A solver leaves rows that vanish out of its own; a method that empties a row would seem to fit better.
    """
    rest = matrix.reshape(len(matrix), -1) @ found.image.reshape(-1) - signal
    energy = float(np.linalg.norm(signal))
    return replace(found, relative_residual=np.float64(np.linalg.norm(rest) / energy if energy else 0.0))


def _turn(angle: FloatArray) -> FloatArray:
    """Return the angle between two lines in (−π/2, π/2]: lines are the same after half a turn."""
    return np.asarray(np.angle(np.exp(2j * angle)) / 2, np.float64)


def _check_sigma(matrix: npt.NDArray[Any], sigma: FloatArray) -> None:
    if np.shape(sigma) != (len(matrix),):
        raise InputError(
            f"sigma: found shape {np.shape(sigma)}, expected one value a component ({len(matrix)})"
        )
    if not (np.isfinite(sigma).all() and (np.asarray(sigma) >= 0).all()):
        raise InputError(
            "sigma: found a value that is negative or not finite, expected noise levels of at least 0"
        )
