"""Labels of a system matrix that was read from an MDF file."""

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.physics.grid import Grid
from mpipipe.physics.mixing import mixing_orders
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_geometry import AXES, trim

LARGEST_INDEX = 2**24  # mixing orders are counted from 0 to the largest index


def label_matrix(
    values: npt.NDArray[np.complex64],
    frequency: npt.NDArray[np.int64],
    frequency_Hz: npt.NDArray[np.float64],
    grid: Grid,
    *,
    snr: npt.NDArray[np.float64] | None,
    scanner: Scanner | None,
    attributes: dict[str, Any],
) -> xr.DataArray:
    """Return a matrix with its coordinates, axes of a single position at the end dropped and kept as scalar coordinates.

    Parameters
    ----------
    values : (channel, frequency, x, y, z) complex64
        System matrix.
    frequency, frequency_Hz : (frequency,)
        Frequency indices, and frequencies in Hz.
    grid : Grid
        3-D grid.
    snr : (channel, frequency) float64 or None
        Signal-to-noise ratio.
    scanner : Scanner or None
        Gives the mixing orders.
    attributes : dict
        Attributes besides ``grid`` and ``scanner``.
    """
    kept = trim(grid)
    dimensions = len(kept.shape)
    lines = dict(zip(AXES, grid.axes_m(), strict=True))
    coordinates = row_labels(values.shape[0], frequency, frequency_Hz)
    for name in AXES[:dimensions]:
        coordinates[name] = (name, lines[name], {"units": "m"})
    for name in AXES[dimensions:]:
        coordinates[name] = ((), lines[name][0], {"units": "m"})
    if snr is not None:
        coordinates["snr"] = (("channel", "frequency"), snr, {"long_name": "signal-to-noise ratio"})
    attributes = attributes | {"grid": kept.model_dump(mode="json")}
    if scanner is not None:
        attributes["scanner"] = scanner.model_dump(mode="json")
        coordinates |= _mixing_labels(scanner, frequency)
    return xr.DataArray(
        values.reshape(*values.shape[:2], *kept.shape),
        dims=("channel", "frequency", *AXES[:dimensions]),
        coords=coordinates,
        name="system_matrix",
        attrs=attributes,
    )


def row_labels(
    channels: int, frequency: npt.NDArray[np.int64], frequency_Hz: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Return the coordinates of channels and frequencies."""
    names = AXES if channels <= len(AXES) else map(str, range(channels))
    return {
        "channel": ("channel", np.array(list(names)[:channels]), {"long_name": "receive channel"}),
        "frequency": ("frequency", frequency, {"long_name": "frequency index"}),
        "frequency_Hz": ("frequency", frequency_Hz, {"units": "Hz"}),
    }


def _mixing_labels(scanner: Scanner, frequency: npt.NDArray[np.int64]) -> dict[str, Any]:
    if not len(frequency) or frequency.max() > LARGEST_INDEX or max(scanner.harmonic) > LARGEST_INDEX:
        return {}
    orders = mixing_orders(scanner, int(frequency.max()) + 1)[frequency]
    return {
        f"mixing_order_{name}": ("frequency", order, {"long_name": f"mixing order along {name}"})
        for name, order in zip(AXES, orders.T, strict=True)
    }
