"""Measured phantoms of a coil-encoding scanner: what its data and our solver give, checked in two ways."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.reconstruction.encoding_array import IMAGE_SHAPE, SETTINGS, reconstruct_phantoms, refine_bilinear
from mpipipe.reconstruction.result import Reconstruction

FREE = KaczmarzConfig(regularization=5e-2, iterations=3000, real=False, positive=False)
Complex = npt.NDArray[np.complex128]


@dataclass(frozen=True)
class MeasuredCheck:
    """Numbers of one measured phantom.

    Attributes
    ----------
    relative_residual : float
        ‖Ax − b‖/‖b‖ of the real, non-negative image.
    tikhonov_difference : float
        Relative difference between the unconstrained iteration and the closed-form Tikhonov solution.
    """

    relative_residual: float
    tikhonov_difference: float


def reconstruct_and_check(
    system_matrix: Complex, signals: dict[str, Complex]
) -> tuple[dict[str, Reconstruction], dict[str, MeasuredCheck]]:
    """Reconstruct the phantoms on a 15 × 15 grid, and check the solver on the same data.

    Parameters
    ----------
    system_matrix : (component, x, y) ndarray of complex128
        Measured calibration.
    signals : dict of (component,) ndarray of complex128
        Measured phantoms.
    """
    images = reconstruct_phantoms(system_matrix, signals, config=SETTINGS)
    free = reconstruct_phantoms(system_matrix, signals, config=FREE)
    matrix = refine_bilinear(system_matrix, IMAGE_SHAPE).reshape(len(system_matrix), -1)
    checks = {}
    for name, signal in signals.items():
        exact = tikhonov(matrix, signal, FREE.regularization)
        difference = np.linalg.norm(free[name].image.ravel() - exact) / np.linalg.norm(exact)
        checks[name] = MeasuredCheck(float(images[name].relative_residual), float(difference))
    return images, checks


def tikhonov(matrix: Complex, signal: Complex, regularization: float) -> Complex:
    """Return the minimiser of ‖Ax − b‖² + λ‖A‖_F²/N ‖x‖² in closed form, ``Aᴴ (A Aᴴ + λ' I)⁻¹ b``."""
    rows, voxels = matrix.shape
    weight = regularization * float(np.linalg.norm(matrix)) ** 2 / voxels
    return np.asarray(
        matrix.conj().T @ np.linalg.solve(matrix @ matrix.conj().T + weight * np.eye(rows), signal)
    )
