"""Reconstructed images as files that other programs open: NIfTI, Zarr and NumPy."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.storage.atomic import whole

if TYPE_CHECKING:
    import xarray as xr
    from nibabel.nifti1 import Nifti1Image

NIFTI = (".nii", ".nii.gz")
AXES = "xyz"


def write_image(path: Path, image: "xr.DataArray", *, overwrite: bool = False) -> None:
    """Write a concentration map in the format that the ending of the name says.

    ``.nii`` and ``.nii.gz`` (NIfTI-1, float32, millimetres; voxel (i, j, k) lies at the affine's place, a plane is one slice
    thick), ``.zarr`` (the labelled array, for :func:`xarray.open_zarr`), ``.npy`` (values only).

    Parameters
    ----------
    path : Path
        File, or directory of a ``.zarr``.
    image : DataArray ([frame,] x, y[, z]) of float or complex
        Concentration with coordinates in m, as `mpipipe.reconstruct` returns it, and the attribute ``grid``.
    overwrite : bool
        Replace what is there.

    Raises
    ------
    InputError
        When the ending is not known, the file exists, or NIfTI is asked for a complex image.
    """
    write = _writer(path)
    refuse_existing(path, overwrite)
    with whole(path) as partial:
        write(partial, image)


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Refuse to write over a file unless that was asked for."""
    if path.exists() and not overwrite:
        raise InputError(f"{path}: found a file, expected none (--overwrite replaces it)")


def _writer(path: Path) -> Callable[[Path, "xr.DataArray"], None]:
    if path.name.endswith(NIFTI):
        return _write_nifti if path.name.endswith(".nii") else _write_nifti_gz
    writers = {".zarr": _write_zarr, ".npy": _write_npy}
    if path.suffix not in writers:
        raise InputError(f"{path}: found the ending {path.suffix!r}, expected .nii, .nii.gz, .zarr or .npy")
    return writers[path.suffix]


def nifti_affine(grid: Grid) -> npt.NDArray[np.float64]:
    """Return the matrix that takes voxel indices to positions in mm.

    Parameters
    ----------
    grid : Grid
        Grid of one to three axes; further axes have one voxel of the smallest edge, centred at 0.

    Returns
    -------
    (4, 4) ndarray of float64
        ``(x, y, z, 1) = affine · (i, j, k, 1)`` with voxel centres.
    """
    edges = [length / size for length, size in zip(grid.field_of_view_mm, grid.shape, strict=True)]
    affine = np.eye(4)
    for axis in range(3):
        affine[axis, axis] = edges[axis] if axis < len(edges) else min(edges)
    for axis, line in enumerate(grid.axes_m()):
        affine[axis, 3] = 1e3 * line[0]
    return affine


def _nifti(image: "xr.DataArray") -> "Nifti1Image":
    from nibabel.nifti1 import Nifti1Image

    if np.iscomplexobj(image.values):
        raise InputError("image: found complex values, expected real ones for NIfTI")
    grid = Grid.model_validate(image.attrs["grid"])
    axes = [axis for axis in AXES if axis in image.dims]
    ordered = image.transpose(*axes, ...)
    values = np.asarray(ordered.values, np.float32)
    frames = values.shape[len(axes) :]
    values = values.reshape(*values.shape[: len(axes)], *(1,) * (3 - len(axes)), *frames)
    made = Nifti1Image(values, nifti_affine(grid))
    made.header.set_xyzt_units("mm")
    made.header["descrip"] = b"mpipipe: tracer concentration"
    return made


def _write_nifti(path: Path, image: "xr.DataArray") -> None:
    path.write_bytes(_nifti(image).to_bytes())


def _write_nifti_gz(path: Path, image: "xr.DataArray") -> None:
    import gzip

    path.write_bytes(gzip.compress(_nifti(image).to_bytes(), mtime=0))


def _write_zarr(path: Path, image: "xr.DataArray") -> None:
    plain = image.copy()
    plain.attrs = {name: _plain(value) for name, value in image.attrs.items()}
    plain.to_dataset(name=image.name or "concentration").to_zarr(
        path, mode="w", zarr_format=3, consolidated=False
    )


def _plain(value: object) -> object:
    """Return a value that JSON holds."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _write_npy(path: Path, image: "xr.DataArray") -> None:
    with path.open("wb") as stream:
        np.save(stream, image.values, allow_pickle=False)
