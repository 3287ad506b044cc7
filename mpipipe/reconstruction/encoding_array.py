"""The measured phantoms of a coil-encoding scanner: 8 x 8 calibration, images of 15 x 15."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.result import Reconstruction

IMAGE_SHAPE = (15, 15)
SETTINGS = KaczmarzConfig(regularization=5e-4, normalization="relative", iterations=1000)


def refine_bilinear(system_matrix: npt.NDArray[Any], shape: tuple[int, int]) -> npt.NDArray[Any]:
    """Interpolate a system matrix to a finer grid between the same outermost positions.

    Parameters
    ----------
    system_matrix : (component, x, y) complex64 or complex128
        Calibration.
    shape : (x, y) int
        Number of positions of the result.

    Returns
    -------
    (component, *shape) complex64 or complex128
        Bilinear interpolation; the corners keep their values.

    Raises
    ------
    InputError
        When the matrix is not 3-D.
    """
    S = np.asarray(system_matrix)
    if S.ndim != 3:
        raise InputError(f"system_matrix: found shape {S.shape}, expected (component, x, y)")
    along_x, along_y = (
        _hats(coarse, fine).astype(S.real.dtype) for coarse, fine in zip(S.shape[1:], shape, strict=True)
    )
    return np.asarray(along_x @ S @ along_y.T)


def reconstruct_phantoms(
    system_matrix: npt.NDArray[Any],
    signals: Mapping[str, npt.NDArray[Any]],
    *,
    shape: tuple[int, int] = IMAGE_SHAPE,
    config: KaczmarzConfig = SETTINGS,
) -> dict[str, Reconstruction]:
    """Reconstruct measured phantoms on a grid finer than the calibration.

    Parameters
    ----------
    system_matrix : (component, x, y) complex
        Calibration.
    signals : mapping of (component,) complex
        Measurements by name.
    shape : (x, y) int
        Image grid.
    config : KaczmarzConfig
        Solver settings; by default λ = 5e-4 ‖A‖_F²/N, real, non-negative, rows in order, 1000 sweeps.

    Returns
    -------
    dict of Reconstruction
        Images ``(x, y)`` by the names of the signals.
    """
    A = refine_bilinear(system_matrix, shape).reshape(len(system_matrix), -1)
    solved = solve(A, np.stack(list(signals.values())), config)
    residuals = np.atleast_1d(solved.relative_residual)
    return {
        name: Reconstruction(image.reshape(shape), residual, solved.iterations)
        for name, image, residual in zip(signals, solved.image, residuals, strict=True)
    }


def _hats(coarse: int, fine: int) -> npt.NDArray[np.float64]:
    """Return the weights (fine, coarse) of linear interpolation between equally spaced positions."""
    positions = np.linspace(0, coarse - 1, fine)
    return np.asarray(np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(coarse))))
