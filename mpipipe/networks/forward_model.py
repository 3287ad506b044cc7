"""The system matrix and its signals as reconstruction networks take them: real, and checked."""

from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mpipipe.errors import InputError


def real_rows(matrix: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the system matrix of real images: its real parts, then its imaginary parts.

    Signals ``(batch, 2, component)`` of float are laid out alike once their last two axes are made one.

    Parameters
    ----------
    matrix : (component, x, y) ndarray of complex
        System matrix.

    Returns
    -------
    (2 component, voxel) ndarray of float64

    Raises
    ------
    InputError
        When the matrix has not three axes, is empty, holds values that are not finite, or only zeros.
    """
    if matrix.ndim != 3 or 0 in matrix.shape:
        raise InputError(
            f"system matrix: found shape {matrix.shape}, expected (component, x, y), none of them 0"
        )
    rows = matrix.reshape(len(matrix), -1).astype(np.complex128)
    if not np.isfinite(rows).all():
        raise InputError("system matrix: found values that are not finite, expected finite ones")
    if not rows.any():
        raise InputError("system matrix: found zeros only, expected values other than zero")
    return np.concatenate([rows.real, rows.imag])


def check_signal(signal: Tensor, components: int) -> None:
    """Raise an `InputError` unless a signal is ``(batch, 2, component)`` with as many components as the matrix."""
    if signal.ndim != 3 or signal.shape[1:] != (2, components):
        raise InputError(f"signal: found shape {tuple(signal.shape)}, expected (batch, 2, {components})")
