"""The front door: a labelled system matrix or plain arrays in, an image out."""

from typing import Any, overload

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.reconstruction.methods import find_method
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.rows import GRID_DIMS, aligned, rows_of


@overload
def reconstruct(
    S: xr.DataArray,
    signal: xr.DataArray | npt.ArrayLike,
    method: str = "ART",
    *,
    weights: str | npt.ArrayLike | None = None,
    snr: npt.ArrayLike | None = None,
    noise_norm: npt.ArrayLike | None = None,
    **settings: object,
) -> xr.DataArray: ...


@overload
def reconstruct(
    S: npt.ArrayLike,
    signal: npt.ArrayLike,
    method: str = "ART",
    *,
    weights: str | npt.ArrayLike | None = None,
    snr: npt.ArrayLike | None = None,
    noise_norm: npt.ArrayLike | None = None,
    **settings: object,
) -> npt.NDArray[Any]: ...


def reconstruct(
    S: xr.DataArray | npt.ArrayLike,
    signal: xr.DataArray | npt.ArrayLike,
    method: str = "ART",
    *,
    weights: str | npt.ArrayLike | None = None,
    snr: npt.ArrayLike | None = None,
    noise_norm: npt.ArrayLike | None = None,
    **settings: object,
) -> xr.DataArray | npt.NDArray[Any]:
    """Reconstruct concentrations from measured signals.

    Parameters
    ----------
    S : (channel, frequency, x, y[, z]) DataArray, or (component, x, y[, z]) or (component, voxel) complex
        System matrix. In a DataArray, a component that is NaN in every voxel is one that is not kept.
    signal : (channel, frequency) or (component,) complex, with an optional batch axis in front
        Measurements, laid out as the matrix's leading axes, in the unit of matrix times concentration.
    method : str
        Solver, a key of `mpipipe.reconstruction.methods.METHODS`; 'ART' is regularised Kaczmarz.
    weights : {"none", "row_norm"} or array of the shape of one signal, optional
        Row weights, in place of the setting ``weighting``.
    snr : array of the shape of one signal, optional
        Signal-to-noise ratio of each component, for ``snr_threshold``; by default S's coordinate ``snr``.
    noise_norm : float or (batch,) float, optional
        Norm of the noise in the weighted rows that take part, for the ADMM methods; by default they estimate it
        from the part of the signal that no image explains.
    **settings
        Fields of the solver's config, such as ``regularization``, ``normalization``, ``iterations``,
        ``real``, ``positive``, ``mu``, ``snr_threshold``, ``min_frequency_Hz``, ``channels``.

    Returns
    -------
    ([batch,] x, y[, z]) or ([batch,] voxel) float or complex
        Images; a DataArray where S is one, with relative residual and iterations as attributes.

    Raises
    ------
    InputError
        One line that names the argument: unknown method or setting, unfit shapes or coordinates, NaN.

    Examples
    --------
    >>> reconstruct(np.eye(2), [1.0, 2.0], regularization=0, iterations=1)
    array([1., 2.])
    """
    solver = find_method(method)
    if isinstance(weights, str):
        settings["weighting"], weights = weights, None
    if noise_norm is not None and not solver.constrained:
        raise InputError(f"noise_norm: found a value, expected none: {method} has no bound on the residual")
    config = solver.configure(settings)
    table = rows_of(S, snr)
    vectors = table.flat("signal", aligned(signal, S), batch=True)
    rows = table.select(config)
    chosen = None if weights is None else table.flat("weights", np.asarray(weights))[rows]
    extra = {"grid": table.grid, "noise_norm": noise_norm} if solver.constrained else {}
    result = solver.solve(table.matrix[rows], vectors[..., rows], config, weights=chosen, **extra)
    image = result.image.reshape(*result.image.shape[:-1], *table.grid)
    return _labelled_image(image, result, S) if isinstance(S, xr.DataArray) else image


def _labelled_image(image: npt.NDArray[Any], result: Reconstruction, S: xr.DataArray) -> xr.DataArray:
    grid = [dim for dim in S.dims if dim in GRID_DIMS]
    dims = ["batch", *grid][-image.ndim :]
    coords = {
        name: values for name, values in S.coords.items() if values.dims and set(values.dims) <= set(grid)
    }
    attrs = {"relative_residual": result.relative_residual, "iterations": result.iterations}
    return xr.DataArray(image, dims=dims, coords=coords, name="concentration", attrs=attrs)
