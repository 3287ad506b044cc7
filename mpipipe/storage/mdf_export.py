"""A labelled system matrix as an MDF file holds it: every channel with the same frequencies, on a 3-D grid."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.config.base import Section
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_geometry import AXES, to_thousandths
from mpipipe.storage.mdf_header import FLAGS, MdfHeader, Value
from mpipipe.storage.mdf_simulated import checked_time

ROW_DIMS = (("channel", "frequency"), ("component",))
EVEN = 1e-6
Model = TypeVar("Model", bound=Section)


@dataclass(frozen=True)
class Matrix:
    """Rows and labels.

    Attributes
    ----------
    values : (channel, row, x[, y, z]) complex
        Finite rows.
    frequency : (row,) int64
        Increasing frequency indices.
    snr : (channel, row) float64 or None
        Signal-to-noise ratio.
    grid : Grid
        3-D grid.
    header : MdfHeader
        All else.
    """

    values: npt.NDArray[Any]
    frequency: npt.NDArray[np.int64]
    snr: npt.NDArray[np.float64] | None
    grid: Grid
    header: MdfHeader

    def blocks(self) -> Iterator[tuple[int, int, npt.NDArray[Any]]]:
        """Yield channel, first row and rows."""
        for channel, rows in enumerate(self.values):
            yield channel, 0, rows

    def uncorrected(self) -> Self:
        """Return the matrix with the note that the background has not been subtracted."""
        return replace(self, header=self.header.replace({FLAGS[0]: False}))


def matrix_of(S: xr.DataArray, header: MdfHeader | None, time: str | None) -> Matrix:
    """Return what a file holds of a labelled array; arguments as in :func:`mpipipe.storage.mdf_write.write_mdf`.

    Raises
    ------
    InputError
        When dimensions, a coordinate or an attribute is missing or does not fit.
    """
    names = tuple(str(name) for name in S.dims)
    leading = tuple(name for name in names if name not in AXES)
    axes = names[len(leading) :]
    if leading not in ROW_DIMS or not axes or axes != tuple(AXES[: len(axes)]):
        raise InputError(
            f"system matrix: found axes {S.dims}, expected (channel, frequency, x[, y, z]) or (component, x[, y, z])"
        )
    if S.dtype.kind != "c":
        raise InputError(f"system matrix: found {S.dtype}, expected complex numbers")
    spread = _spread if leading == ("component",) else _whole
    values, frequency, snr = spread(S)
    kept = ~np.isnan(values).all(axis=(0, *range(2, values.ndim)))
    values, frequency = values[:, kept], frequency[kept]
    absent = np.isnan(values).all(axis=tuple(range(2, values.ndim)))
    if absent.any():
        values = np.where(absent.reshape(*absent.shape, *(1,) * len(axes)), 0, values)
    if snr is not None:
        snr = np.where(absent, 0.0, snr[:, kept])
    grid = grid_of(S, axes)
    return Matrix(values, frequency, snr, grid, _header(S, header, grid, len(values), frequency, time))


def _whole(
    S: xr.DataArray,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.float64] | None]:
    snr = np.asarray(S["snr"], np.float64) if "snr" in S.coords else None
    return S.values, np.asarray(_coordinate(S, "frequency"), np.int64), snr


def _spread(
    S: xr.DataArray,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.float64] | None]:
    """Return components as channels of the same frequencies; what is no component is NaN."""
    channel, index = _coordinate(S, "channel"), _coordinate(S, "frequency")
    if channel.dtype.kind not in "iu":
        raise InputError(f"channel: found {channel.dtype}, expected numbers from 0 for each component")
    frequency, row = np.unique(np.asarray(index, np.int64), return_inverse=True)
    shape = (max(3, int(channel.max()) + 1), len(frequency))
    values = np.full((*shape, *S.shape[1:]), np.nan, S.dtype)
    values[channel, row] = S.values
    if "snr" not in S.coords:
        return values, frequency, None
    snr = np.zeros(shape)
    snr[channel, row] = S["snr"]
    return values, frequency, snr


def _coordinate(S: xr.DataArray, name: str) -> npt.NDArray[Any]:
    if name not in S.coords:
        raise InputError(f"{name}: found none in the system matrix, expected a coordinate")
    return np.asarray(S[name].values)


def grid_of(S: xr.DataArray, axes: tuple[str, ...]) -> Grid:
    """Return the 3-D grid: the attribute, or where it does not fit the positions, that of the coordinates."""
    shape = tuple(S.sizes[name] for name in axes)
    known = S.attrs.get("grid")
    grid = to_model(Grid, "grid", known) if known is not None else None
    if grid is None or grid.shape != shape:
        lengths, centres = zip(*(_axis_mm(S, name) for name in axes), strict=True)
        grid = Grid(shape=shape, field_of_view_mm=lengths, centre_mm=centres)
    missing = AXES[len(axes) :]
    voxel = min(length / size for length, size in zip(grid.field_of_view_mm, shape, strict=True))
    heights = [
        to_thousandths(float(S[name])) if name in S.coords and S[name].ndim == 0 else 0.0 for name in missing
    ]
    return Grid(
        shape=(*shape, *(1 for _ in missing)),
        field_of_view_mm=(*grid.field_of_view_mm, *(voxel for _ in missing)),
        centre_mm=(*grid.centre_mm, *heights),
    )


def _axis_mm(S: xr.DataArray, name: str) -> tuple[float, float]:
    """Return length and centre of an axis of evenly spaced positions."""
    positions = np.asarray(_coordinate(S, name), np.float64)
    steps = np.diff(positions)
    if not len(steps) or steps[0] <= 0 or np.abs(steps - steps[0]).max() > EVEN * steps[0]:
        raise InputError(
            f"{name}: found positions that are not evenly spaced, expected those of a regular grid in m"
        )
    step = (positions[-1] - positions[0]) / len(steps)
    return to_thousandths(step * len(positions)), to_thousandths((positions[0] + positions[-1]) / 2)


def _header(
    S: xr.DataArray,
    header: MdfHeader | None,
    grid: Grid,
    channels: int,
    frequency: npt.NDArray[np.int64],
    time: str | None,
) -> MdfHeader:
    changes: dict[str, Value | None] = {}
    header = S.attrs.get("header") if header is None else header
    if header is None:
        if "scanner" not in S.attrs:
            raise InputError("system matrix: found no attribute scanner or header, expected one")
        scanner = to_model(Scanner, "scanner", S.attrs["scanner"])
        particle = to_model(Particle, "particle", S.attrs["particle"]) if "particle" in S.attrs else None
        samples = scanner.samples * max(1, -(-2 * int(frequency.max(initial=0)) // scanner.samples))
        header = MdfHeader.simulated(
            scanner, particle, grid, unit=str(S.attrs.get("units", "arbitrary")), time=time, samples=samples
        )
    elif time is not None:
        changes["/time"] = checked_time(time)
    changes["/acquisition/receiver/numChannels"] = channels
    if "calibration_method" in S.attrs:
        changes["/calibration/method"] = str(S.attrs["calibration_method"])
    if "is_transfer_function_corrected" in S.attrs:
        changes[FLAGS[2]] = bool(S.attrs["is_transfer_function_corrected"])
    return header.replace(changes)


def to_model(kind: type[Model], name: str, content: object) -> Model:
    """Return the model that an attribute holds, or refuse it."""
    try:
        return kind.model_validate(content)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"attribute {name}: found {reason}, expected a {kind.__name__}") from None
