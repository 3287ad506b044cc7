"""Stored system matrices as labelled arrays."""

from pathlib import Path

import numpy as np
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.ensemble import AXES, Part


def open_system_matrix(path: str | Path, i: int = 0) -> xr.DataArray:
    """Return one system matrix of a stored part, with coordinates and units.

    Parameters
    ----------
    path : str or Path
        Part of an ensemble, ``….zarr``, or its URL in an object store (``s3://bucket/….zarr``).
    i : int
        Position of the matrix in the part.

    Returns
    -------
    DataArray (component, x, y[, z]) of complex64
        Kept components. Coordinates: ``channel``, ``frequency`` (index) and ``frequency_Hz`` along `component`; ``x``, ``y``
        [, ``z``] in m. Attributes: ``scanner``, ``particle``, ``grid``, and ``matrix``, the row of the parameter table.

    Raises
    ------
    InputError
        When the part is missing, truncated or changed, has no such matrix, or does not say of what scanner it is.
    """
    stored = Part(path).read_matrix(i)
    if "scanner" not in stored.parameters:
        raise InputError(f"{path}: matrix {i}: found no scanner, expected one whose frequencies are known")
    scanner = Scanner.model_validate(stored.parameters["scanner"])
    grid = Grid.model_validate(stored.parameters["grid"])
    axes = AXES[: stored.values.ndim - 1]
    positions = {name: (name, line, {"units": "m"}) for name, line in zip(axes, grid.axes_m(), strict=False)}
    along = {
        "channel": ("component", stored.channel),
        "frequency": ("component", stored.frequency),
        "frequency_Hz": ("component", np.asarray(scanner.frequency_Hz(stored.frequency)), {"units": "Hz"}),
    }
    return xr.DataArray(
        stored.values,
        dims=("component", *axes),
        coords={**along, **positions},
        name="system_matrix",
        attrs={**stored.parameters, "matrix": stored.matrix},
    )
