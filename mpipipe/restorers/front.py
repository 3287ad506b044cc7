"""The front door of restoration: a labelled system matrix in, the restored one out."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.restorers.choice import check_fits, choose_card
from mpipipe.restorers.fine_grid import finer_grid, finer_line
from mpipipe.restorers.matrix_restorer import DOUBTFUL_CHANGE, MatrixRestorer, restore_blocks
from mpipipe.restorers.opened import open_card
from mpipipe.storage.pretrained import read_card_weights, read_cards, read_prepared

AXES = ("x", "y", "z")
VOXELS_IN_BLOCK = 2**22
"""Restored voxels of a block: 32 MB."""


def restore(
    system_matrix: xr.DataArray,
    task: str,
    *,
    method: str | None = None,
    sigma: float | str | npt.ArrayLike = "estimate",
    factor: int = 2,
    known: npt.ArrayLike | None = None,
    grid: tuple[int, ...] | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
) -> xr.DataArray:
    """Restore a system matrix with a prepared method.

    Parameters
    ----------
    system_matrix : (channel, frequency, x, y[, z]) or (component, x, y[, z]) DataArray of complex
        Measured or simulated system matrix in any unit.
    task : {"denoise", "inpaint", "upsample", "complete"}
        What is to be done, see :class:`mpipipe.restorers.matrix_restorer.MatrixRestorer`.
    method : str, optional
        Name as in the tables, such as ``"RDN (phase-aligned)"`` or ``"DCT-F"``; by default the one with the best validation
        score.
    sigma : "estimate", float, or array of the shape of the leading axes
        Standard deviation of the complex noise in the unit of the matrix.
    factor : int
        Factor along each axis, for ``upsample`` and ``complete``.
    known : (x, y[, z]) array of bool, optional
        Voxels that were measured, for ``inpaint``.
    grid : tuple of int, optional
        Finer grid of ``upsample``; by default `factor` times the voxels along each axis.
    weights : str or Path, optional
        Weights or tuned parameters of a run of your own, in place of those that come with the package.
    device : {"auto", "cpu", "gpu"}
        Where a network runs.

    Returns
    -------
    DataArray of complex64
        Restored matrix with the coordinates and attributes of the one given; of ``upsample``, the positions and ``grid`` of the
        finer grid. Attribute ``restoration`` says what was done: task, method, factor, digest of the weights, noise
        level, number of components that stayed as they were, number of those that changed by more than noise, device, version.

    Raises
    ------
    InputError
        One line that names the argument.

    Examples
    --------
    >>> import mpipipe as mp
    >>> scanner = mp.Scanner(drive_amplitude_mT=(12, 12, 0), divider=(16, 12, 14))
    >>> particle = mp.Particle(core_diameter_nm=20, anisotropy_J_per_m3=1250)
    >>> S = mp.simulate_system_matrix(scanner, particle, mp.Grid(shape=(12, 10), field_of_view_mm=(24, 20)))
    >>> fine = mp.restore(S, "upsample", method="Bicubic", factor=2)
    >>> fine.shape[2:], fine.attrs["restoration"]["method"]
    ((24, 20), 'Bicubic')
    """
    lead, shape = _shape(system_matrix)
    restorer = prepare(
        task, shape, method=method, factor=factor, known=known, grid=grid, weights=weights, device=device
    )
    values = system_matrix.values.reshape(-1, *shape)
    level = _level(sigma, system_matrix.shape[: len(lead)])
    restored = np.empty((len(values), *restorer.target), np.complex64)
    start = kept = doubtful = 0
    for block in restore_blocks(_blocks(values, restorer.target), restorer, level):
        restored[start : start + len(block.values)] = block.values
        start += len(block.values)
        kept += int(block.kept.sum())
        doubtful += int((block.change > DOUBTFUL_CHANGE).sum())
    done = {
        "sigma": "from the finest cosine coefficients" if level is None else "as given",
        "kept_components": kept,
        "doubtful_components": doubtful,
        "device": device,
    }
    return _labelled(system_matrix, restored, restorer, restorer.described() | done)


def prepare(
    task: str,
    shape: tuple[int, ...],
    *,
    method: str | None = None,
    factor: int = 2,
    known: npt.ArrayLike | None = None,
    grid: tuple[int, ...] | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
) -> MatrixRestorer:
    """Open a method for matrices of one grid; parameters as those of :func:`restore`, `shape` is the grid of the matrix.

    Raises
    ------
    InputError
        When no method fits, weights are of another task, or mask or grid do not fit.
    """
    dimension = sum(size > 1 for size in shape)
    if weights is None:
        card = choose_card(read_cards(), task, dimension, method=method, factor=factor)
        folder = None
    else:
        path = Path(weights)
        card, folder = read_prepared(path), path.parent
        check_fits(card, task, dimension, factor)
    opened = open_card(card, dimension, partial(read_card_weights, card, folder), device)
    return MatrixRestorer(opened, card, task, shape, known=known, target=grid)


def components_in_block(target: tuple[int, ...]) -> int:
    """Return how many components of a restored grid are a block."""
    return max(1, VOXELS_IN_BLOCK // int(np.prod(target)))


def _blocks(values: npt.NDArray[Any], target: tuple[int, ...]) -> Iterator[npt.NDArray[Any]]:
    step = components_in_block(target)
    for start in range(0, len(values), step):
        yield values[start : start + step]


def _shape(S: xr.DataArray) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the leading dimensions and the grid of a labelled matrix."""
    dims = tuple(map(str, S.dims))
    count = len([name for name in dims if name in AXES])
    if not isinstance(S, xr.DataArray) or not count or dims[-count:] != AXES[:count] or count == len(dims):
        raise InputError(
            f"system matrix: found the dimensions {dims}, expected (channel, frequency, x, y[, z])"
        )
    if not np.issubdtype(S.dtype, np.number) or not S.size:
        raise InputError(f"system matrix: found {S.dtype} {S.shape}, expected complex numbers")
    return dims[:-count], S.shape[-count:]


def _level(sigma: float | str | npt.ArrayLike, lead: tuple[int, ...]) -> npt.NDArray[np.float64] | None:
    if isinstance(sigma, str):
        if sigma != "estimate":
            raise InputError(f"sigma: found {sigma!r}, expected 'estimate' or a number")
        return None
    level = np.asarray(sigma, np.float64)
    if level.ndim and level.shape != lead:
        raise InputError(
            f"sigma: found shape {level.shape}, expected one number or {lead} as in the system matrix"
        )
    return level.reshape(-1) if level.ndim else level


def _labelled(
    S: xr.DataArray, restored: npt.NDArray[np.complex64], restorer: MatrixRestorer, done: dict[str, Any]
) -> xr.DataArray:
    coords = dict(S.coords)
    attrs = S.attrs | {"restoration": done}
    if restorer.target != restorer.grid:
        factor = restorer.card.factor
        names = AXES[: len(restorer.grid)]
        coords = {name: values for name, values in coords.items() if not set(values.dims) & set(names)}
        for name, size in zip(names, restorer.target, strict=True):
            if name in S.coords:
                line = finer_line(S[name].values, size, factor)
                coords[name] = xr.Variable(name, line, S[name].attrs)
        if "grid" in attrs:
            attrs["grid"] = finer_grid(
                Grid.model_validate(attrs["grid"]), restorer.target, factor
            ).model_dump(mode="json")
    shape = (*S.shape[: S.ndim - len(restorer.target)], *restorer.target)
    return xr.DataArray(restored.reshape(shape), dims=S.dims, coords=coords, name=S.name, attrs=attrs)
