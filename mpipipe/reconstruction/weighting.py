"""Row weights: how much each component counts in a reconstruction."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import Weighting
from mpipipe.errors import InputError


def row_norms(matrix: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return ‖a_m‖ of each row, summed in double precision.

    Parameters
    ----------
    matrix : (component, voxel) complex64 or complex128
        System matrix.

    Returns
    -------
    (component,) float64
        Euclidean norms, in the unit of the matrix.
    """
    planes = np.ascontiguousarray(matrix).view(matrix.real.dtype)
    peak = max(float(planes.max(initial=0)), -float(planes.min(initial=0))) or 1.0
    norms = np.empty(len(matrix))
    for rows in row_blocks(len(matrix)):
        block = planes[rows].astype(np.float64) / peak
        norms[rows] = np.sqrt(np.einsum("ij,ij->i", block, block))
    return norms * peak


def row_blocks(rows: int, size: int = 128) -> Iterator[slice]:
    """Cut a range of rows into blocks, so that no second matrix is needed in memory."""
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def row_weights(
    matrix: npt.NDArray[Any], weighting: Weighting, background_std: npt.ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """Return the weight w_m of each row.

    'none': 1. 'row_norm': 1/‖a_m‖, and 0 for a row without norm (Tsanda 2025 weights by the row norms).
    'background': mean(σ)/σ_m with σ the standard deviation of the empty scanner's signal (Maass et al.,
    IEEE Trans. Comput. Imaging 10 (2024)).

    Parameters
    ----------
    matrix : (component, voxel) complex64 or complex128
        System matrix.
    weighting : {"none", "row_norm", "background"}
        Rule.
    background_std : (component,) float, optional
        σ of each component, in the unit of the signal.

    Returns
    -------
    (component,) float64
        Weights, not negative.

    Raises
    ------
    InputError
        When 'background' is asked for without a positive σ for each component.
    """
    if weighting == "none":
        return np.ones(len(matrix))
    if weighting == "row_norm":
        norms = row_norms(matrix)
        return np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    return _background_weights(len(matrix), background_std)


def _background_weights(components: int, background_std: npt.ArrayLike | None) -> npt.NDArray[np.float64]:
    if background_std is None:
        raise InputError(
            "weighting: found 'background' without background_std, expected one value a component"
        )
    sigma = np.asarray(background_std, dtype=np.float64)
    if sigma.shape != (components,):
        raise InputError(f"background_std: found shape {sigma.shape}, expected ({components},)")
    if not (np.isfinite(sigma).all() and (sigma > 0).all()):
        raise InputError(
            "background_std: found values that are not positive and finite, expected positive values"
        )
    return np.asarray(sigma.mean() / sigma)
