"""The rows of a system matrix as solvers take them, from labelled and from plain arrays."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.config.reconstruct import RowSelection
from mpipipe.errors import InputError
from mpipipe.reconstruction.selection import select_rows

GRID_DIMS = ("x", "y", "z")


@dataclass(frozen=True)
class RowTable:
    """Rows of a system matrix with what is known of each.

    Attributes
    ----------
    matrix : (component, voxel) complex
        All rows, also those that are not kept.
    lead, grid : tuple of int
        The shapes that the two axes came from.
    sparse : bool
        Whether a row of NaN is one that is not kept.
    snr, frequency_Hz, channel : (component,) float or int, optional
        What a row selection looks at.
    """

    matrix: npt.NDArray[Any]
    lead: tuple[int, ...]
    grid: tuple[int, ...]
    sparse: bool
    snr: npt.NDArray[Any] | None
    frequency_Hz: npt.NDArray[Any] | None = None
    channel: npt.NDArray[Any] | None = None

    def present(self) -> npt.NDArray[np.intp]:
        """Return the rows that are kept: in a labelled matrix, those that are not NaN throughout."""
        if not self.sparse:
            return np.arange(len(self.matrix))
        return np.flatnonzero(~np.isnan(self.matrix).all(axis=1))

    def select(self, selection: RowSelection) -> npt.NDArray[np.intp] | slice:
        """Return the rows that are kept and selected; a slice, which copies nothing, when that is all."""
        kept = self.present()
        columns = {"snr": self.snr, "frequency_Hz": self.frequency_Hz, "channel": self.channel}
        of_kept = {name: values if values is None else values[kept] for name, values in columns.items()}
        chosen = kept[select_rows(selection, components=len(kept), **of_kept)]
        return slice(None) if len(chosen) == len(self.matrix) else chosen

    def flat(self, name: str, values: npt.NDArray[Any], *, batch: bool = False) -> npt.NDArray[Any]:
        """Return values with their component axes made one, after a check of the shape."""
        extra = values.ndim - len(self.lead)
        if extra not in ((0, 1) if batch else (0,)) or values.shape[extra:] != self.lead:
            allowed = f"{self.lead} or (batch, {', '.join(map(str, self.lead))})" if batch else str(self.lead)
            raise InputError(
                f"{name}: found shape {values.shape}, expected {allowed} as in the system matrix"
            )
        return values.reshape(*values.shape[:extra], -1)


def rows_of(S: xr.DataArray | npt.ArrayLike, snr: npt.ArrayLike | None = None) -> RowTable:
    """Return the rows of a labelled matrix or of a plain array, as `mpipipe.reconstruct` takes them.

    Parameters
    ----------
    S : (channel, frequency, x, y[, z]) DataArray, or (component, x, y[, z]) or (component, voxel) complex
        System matrix.
    snr : array of the shape of one signal, optional
        Signal-to-noise ratio of each component; by default the coordinate ``snr`` of S.
    """
    table = _labelled(S) if isinstance(S, xr.DataArray) else _plain(S)
    return table if snr is None else replace(table, snr=table.flat("snr", np.asarray(snr)))


def aligned(signal: xr.DataArray | npt.ArrayLike, S: xr.DataArray | npt.ArrayLike) -> npt.NDArray[Any]:
    """Return the signal as an array in the axis order of S; labelled arrays must share their coordinates."""
    if not (isinstance(signal, xr.DataArray) and isinstance(S, xr.DataArray)):
        return np.asarray(signal)
    dims = [dim for dim in S.dims if dim not in GRID_DIMS]
    if not set(dims) <= set(signal.dims):
        raise InputError(
            f"signal: found dimensions {signal.dims}, expected ([batch,] {', '.join(map(str, dims))})"
        )
    try:
        xr.align(S, signal, join="exact", exclude=set(signal.dims) - set(dims))
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"signal: found other coordinates than the system matrix ({reason}), expected equal"
        ) from None
    return np.asarray(signal.transpose(..., *dims).values)


def _plain(S: npt.ArrayLike) -> RowTable:
    matrix = np.asarray(S)
    if not 2 <= matrix.ndim <= 4 or 0 in matrix.shape:
        raise InputError(
            f"S: found shape {matrix.shape}, expected (component, voxel) or (component, x, y[, z])"
        )
    return RowTable(matrix.reshape(len(matrix), -1), matrix.shape[:1], matrix.shape[1:], False, None)


def _labelled(S: xr.DataArray) -> RowTable:
    lead = tuple(str(dim) for dim in S.dims if dim not in GRID_DIMS)
    grid = tuple(str(dim) for dim in S.dims if dim in GRID_DIMS)
    if lead not in (("channel", "frequency"), ("component",)) or not grid or 0 in S.shape:
        raise InputError(
            f"S: found dimensions {dict(S.sizes)}, expected (channel, frequency, x, y[, z]) "
            "or (component, x, y[, z])"
        )
    values = S.transpose(*lead, *grid).values
    shape = values.shape[: len(lead)]
    return RowTable(
        values.reshape(int(np.prod(shape)), -1),
        shape,
        values.shape[len(lead) :],
        True,
        _column(S, "snr", lead),
        _column(S, "frequency_Hz", lead),
        _channels(S, lead),
    )


def _column(S: xr.DataArray, name: str, lead: tuple[str, ...]) -> npt.NDArray[Any] | None:
    if name not in S.coords:
        return None
    rows = S.isel({dim: 0 for dim in S.dims if dim in GRID_DIMS})
    return np.asarray(rows.coords[name].broadcast_like(rows).transpose(*lead).values.reshape(-1))


def _channels(S: xr.DataArray, lead: tuple[str, ...]) -> npt.NDArray[Any] | None:
    if lead == ("component",):
        return _column(S, "channel", lead)
    return np.repeat(np.arange(S.sizes["channel"]), S.sizes["frequency"])
