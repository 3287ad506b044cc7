"""System matrices of scanners without MDF: arrays in NumPy, HDF5 or MATLAB files, with the meaning of their axes."""

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_geometry import AXES
from mpipipe.storage.mdf_labels import label_matrix
from mpipipe.storage.numeric_files import MAX_BYTES, read_numbers

ROWS, PART, VOXEL = ("channel", "frequency"), "part", "voxel"
Number = TypeVar("Number", int, float)
NAMES = (*ROWS, *AXES, VOXEL, PART)


def import_matrix(
    path: Path,
    *,
    dataset: str | None = None,
    layout: str,
    grid: Grid,
    scanner: Scanner | None = None,
    frequency: npt.ArrayLike | None = None,
    frequency_Hz: npt.ArrayLike | None = None,
    units: str = "arbitrary",
    max_bytes: int = MAX_BYTES,
) -> xr.DataArray:
    """Read a system matrix from a file that does not say what its axes mean.

    Parameters
    ----------
    path : Path
        ``.npy``, ``.npz``, HDF5 or MATLAB 7.3.
    dataset : str, optional
        Name of the array in the file; by default the only one.
    layout : str
        Names of the axes, the slowest first as NumPy counts them, in MATLAB files in MATLAB's order: ``frequency``;
        ``channel`` unless there is one; ``x``, ``y``, ``z`` as far as the grid has them, or ``voxel``, in which x is the
        fastest; and ``part`` where an axis of 2 holds real and imaginary part.
    grid : Grid
        Where the delta sample stood.
    scanner : Scanner, optional
        Gives frequencies and mixing orders; needed to write MDF.
    frequency : (frequency,) int, optional
        Increasing frequency indices; by default from 0.
    frequency_Hz : (frequency,) float, optional
        Frequencies in Hz; by default those of the scanner.
    units : str
        Unit of the values.
    max_bytes : int
        Largest array that is read.

    Returns
    -------
    DataArray (channel, frequency, x[, y, z]) of complex64
        With the labels of :func:`mpipipe.read_mdf`, as far as they are known.

    Raises
    ------
    InputError
        When the file cannot be read, or the array does not have the axes of the layout, or values are not finite.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> import numpy as np
    >>> from mpipipe import Grid
    >>> file = Path(mkdtemp()) / "S.npy"
    >>> np.save(file, np.ones((12, 3, 20), np.complex64))
    >>> grid = Grid(shape=(4, 3), field_of_view_mm=(20, 15))
    >>> import_matrix(file, layout="voxel,channel,frequency", grid=grid, frequency_Hz=1e4 * np.arange(20)).sizes
    Frozen({'channel': 3, 'frequency': 20, 'x': 4, 'y': 3})
    """
    path = Path(path)
    names = _names(layout, grid)
    values = read_numbers(path, dataset, max_bytes=max_bytes)
    where = f"{path}: {dataset}" if dataset else f"{path}"
    if values.ndim != len(names):
        raise InputError(f"{where}: found {values.ndim} axes {values.shape}, expected {', '.join(names)}")
    arranged = _arranged(where, values, names, grid)
    if not np.isfinite(arranged).all():
        raise InputError(f"{where}: found NaN or infinity, expected finite numbers")
    index, hertz = _frequencies(where, arranged.shape[1], scanner, frequency, frequency_Hz)
    whole = Grid(
        shape=(*grid.shape, *_missing(grid, 1)),
        field_of_view_mm=(*grid.field_of_view_mm, *_missing(grid, 1.0)),
        centre_mm=(*grid.centre_mm, *_missing(grid, 0.0)),
    )
    attributes: dict[str, Any] = {"units": units}
    labelled = label_matrix(arranged, index, hertz, whole, snr=None, scanner=scanner, attributes=attributes)
    return labelled if hertz.any() else labelled.drop_vars("frequency_Hz")


def _names(layout: str, grid: Grid) -> tuple[str, ...]:
    """Return the names of the axes; refuse those that are unknown, twice or missing."""
    names = tuple(name.strip() for name in layout.split(","))
    space = (VOXEL,) if VOXEL in names else AXES[: len(grid.shape)]
    unknown = [name for name in names if name not in NAMES]
    missing = [name for name in ("frequency", *space) if name not in names]
    surplus = [name for name in AXES if name in names and name not in space]
    if unknown or missing or surplus or len(set(names)) < len(names):
        raise InputError(
            f"layout: found {layout!r}, expected frequency, {', '.join(space)} and what there is of channel and part, "
            "each once"
        )
    return names


def _arranged(
    where: str, values: npt.NDArray[Any], names: tuple[str, ...], grid: Grid
) -> npt.NDArray[np.complex64]:
    """Return the values as ``(channel, frequency, x, y, z)``."""
    if PART in names:
        axis = names.index(PART)
        if values.shape[axis] != 2 or values.dtype.kind == "c":
            raise InputError(
                f"{where}: found {values.dtype} {values.shape}, expected 2 real numbers along part"
            )
        values = np.take(values, 0, axis) + 1j * np.take(values, 1, axis)
        names = tuple(name for name in names if name != PART)
    sizes = dict(zip(names, values.shape, strict=True))
    expected = {VOXEL: grid.voxels, **dict(zip(AXES, grid.shape, strict=False))}
    wrong = [name for name in names if name not in ROWS and sizes[name] != expected[name]]
    if wrong or 0 in values.shape:
        raise InputError(
            f"{where}: found sizes {sizes}, expected the grid {grid.shape} of {grid.voxels} voxels"
        )
    if "channel" not in names:
        values, names = values[None], ("channel", *names)
    space = (VOXEL,) if VOXEL in names else AXES[: len(grid.shape)]
    ordered = values.transpose([names.index(name) for name in (*ROWS, *space)])
    if VOXEL in names:
        fastest_x = ordered.reshape(*ordered.shape[:2], *reversed(grid.shape))
        ordered = fastest_x.transpose(0, 1, *reversed(range(2, fastest_x.ndim)))
    return np.ascontiguousarray(ordered, np.complex64).reshape(
        *ordered.shape[:2], *grid.shape, *_missing(grid, 1)
    )


def _frequencies(
    where: str,
    count: int,
    scanner: Scanner | None,
    frequency: npt.ArrayLike | None,
    frequency_Hz: npt.ArrayLike | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return indices and Hz; Hz is 0 where nothing gives it."""
    index = np.arange(count) if frequency is None else np.asarray(frequency, np.int64)
    if index.shape != (count,) or index[0] < 0 or (np.diff(index) <= 0).any():
        raise InputError(
            f"frequency: found {index.size} indices, expected {count} increasing ones for {where}"
        )
    if frequency_Hz is not None:
        hertz = np.asarray(frequency_Hz, np.float64)
    else:
        hertz = np.zeros(count) if scanner is None else np.asarray(scanner.frequency_Hz(index))
    if hertz.shape != (count,) or not np.isfinite(hertz).all():
        raise InputError(f"frequency_Hz: found {hertz.size} values, expected {count} finite ones for {where}")
    return index, hertz


def _missing(grid: Grid, value: Number) -> tuple[Number, ...]:
    return (value,) * (3 - len(grid.shape))
