"""Checks of what every solver is given: a matrix, signals that fit it, weights, noise norms."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError


def check_system(
    matrix: npt.ArrayLike, signal: npt.ArrayLike
) -> tuple[npt.NDArray[np.complexfloating[Any, Any]], npt.NDArray[np.complexfloating[Any, Any]]]:
    """Return matrix and signal as complex arrays that fit each other.

    Parameters
    ----------
    matrix : (component, voxel) numbers
        System matrix.
    signal : (component,) or (batch, component) numbers
        Measurements.

    Raises
    ------
    InputError
        When shapes do not fit, values are no numbers, or one of them is NaN or infinite.
    """
    A, b = _complex("matrix", matrix), _complex("signal", signal)
    if A.ndim != 2 or A.shape[1] == 0:
        raise InputError(f"matrix: found shape {A.shape}, expected (component, voxel)")
    if b.ndim not in (1, 2) or b.shape[-1] != A.shape[0]:
        raise InputError(
            f"signal: found shape {b.shape}, expected ({A.shape[0]},) or (batch, {A.shape[0]}) "
            f"for a matrix of shape {A.shape}"
        )
    for name, array in (("matrix", A), ("signal", b)):
        if not np.isfinite(array).all():
            raise InputError(f"{name}: found NaN or infinity, expected finite values")
    return A, b


def check_weights(weights: npt.ArrayLike, components: int) -> npt.NDArray[np.float64]:
    """Return row weights ``(component,)``, finite and not negative, or raise `InputError`."""
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (components,):
        raise InputError(
            f"weights: found shape {w.shape}, expected ({components},) for {components} components"
        )
    if not (np.isfinite(w).all() and (w >= 0).all()):
        raise InputError(f"weights: found {w.min()}, expected finite values of at least 0")
    return w


def check_noise_norm(noise_norm: npt.ArrayLike, batch: int) -> npt.NDArray[np.float64]:
    """Return one noise norm a signal ``(batch,)``, finite and not negative, or raise `InputError`."""
    norms = np.asarray(noise_norm, dtype=np.float64)
    if norms.shape not in ((), (1,), (batch,)):
        raise InputError(f"noise_norm: found shape {norms.shape}, expected one number or ({batch},)")
    if not (np.isfinite(norms).all() and (norms >= 0).all()):
        raise InputError(f"noise_norm: found {norms.min()}, expected finite values of at least 0")
    return np.broadcast_to(norms, (batch,))


def check_grid(grid: tuple[int, ...], voxels: int) -> None:
    """Raise `InputError` when a grid does not hold the voxels of the matrix."""
    if int(np.prod(grid)) != voxels:
        raise InputError(f"grid: found {tuple(grid)}, expected a shape of {voxels} voxels as in the matrix")


def _complex(name: str, values: npt.ArrayLike) -> npt.NDArray[np.complexfloating[Any, Any]]:
    array = np.asarray(values)
    if array.dtype.kind not in "fciu":
        raise InputError(f"{name}: found dtype {array.dtype}, expected numbers")
    return np.asarray(array.astype(np.result_type(array.dtype, np.complex64), copy=False))
