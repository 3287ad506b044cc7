"""Images of tracer concentration as `write_image` wrote them, and NIfTI images of other programs."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import zarr

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.storage.images import AXES, NIFTI
from mpipipe.storage.layout import check_values, open_array, open_group
from mpipipe.storage.limits import GIB, check_claim
from mpipipe.storage.location import readable
from mpipipe.storage.mdf_export import to_model

if TYPE_CHECKING:
    import xarray as xr
    from nibabel.nifti1 import Nifti1Image

IMAGE = "concentration"
IMAGE_BYTES = 4 * GIB
TYPES = ("float32", "float64", "complex64", "complex128")


def holds_image(path: Path) -> bool:
    """Return whether a Zarr directory holds an array of the name that images have."""
    return (path / IMAGE / "zarr.json").is_file()


def read_image(path: Path) -> "xr.DataArray":
    """Read a concentration map.

    Parameters
    ----------
    path : Path
        ``.zarr`` of :func:`mpipipe.storage.images.write_image`, or a NIfTI image.

    Returns
    -------
    DataArray ([frame,] x, y[, z]) of float or complex
        Concentration; frames of a NIfTI image come last. The attribute ``grid`` describes its voxels.

    Raises
    ------
    InputError
        When it is missing, damaged, or would take more than 4 GiB.
    """
    read = _read_nifti if path.name.endswith(NIFTI) else _read_zarr
    try:
        with readable(path, "an image of tracer concentration"):
            return read(path)
    except InputError as error:
        named = str(error).startswith(str(path))
        raise InputError(str(error) if named else f"{path}: {error}") from None


def _read_zarr(path: Path) -> "xr.DataArray":
    import xarray as xr

    group = open_group(path)
    if not isinstance(group.get(IMAGE), zarr.Array):
        raise InputError(f"{path}: found no array {IMAGE!r}, expected an image")
    own: Any = group[IMAGE]
    if str(own.dtype) not in TYPES:
        raise InputError(f"{path}: found values of type {own.dtype}, expected {', '.join(TYPES)}")
    array = open_array(path, group, IMAGE, str(own.dtype), (1, 2, 3, 4))
    check_values(path, IMAGE, array.shape, array.dtype.itemsize, IMAGE_BYTES)
    grid = to_model(Grid, "grid", array.attrs.get("grid"))
    names = tuple(str(name) for name in getattr(array.metadata, "dimension_names", None) or ())
    axes = tuple(AXES[: len(grid.shape)])
    shape = dict(zip(names, array.shape, strict=False))
    if names not in (axes, ("frame", *axes)) or tuple(shape[axis] for axis in axes) != grid.shape:
        raise InputError(f"{path}: found axes {shape}, expected [frame,] {', '.join(axes)} of {grid.shape}")
    return xr.DataArray(np.asarray(array[...]), dims=names, name=IMAGE, attrs=dict(array.attrs))


def _read_nifti(path: Path) -> "xr.DataArray":
    import nibabel
    import xarray as xr

    image = nibabel.load(path)
    check_claim(f"{path}: image {image.shape}", 8 * math.prod(image.shape), IMAGE_BYTES)
    grid = _nifti_grid(path, image)
    values = np.asarray(image.dataobj)
    if values.dtype.kind not in "iufc":
        raise InputError(f"{path}: found values of type {values.dtype}, expected numbers")
    axes = AXES[: len(grid.shape)]
    values = values.reshape(*grid.shape, *values.shape[3:])
    dims = (*axes, *("frame",) * (values.ndim - len(axes)))
    return xr.DataArray(values, dims=dims, name=IMAGE, attrs={"grid": grid.model_dump(mode="json")})


def _nifti_grid(path: Path, image: "Nifti1Image") -> Grid:
    """Return the voxels of a NIfTI image; a last axis of one voxel is dropped."""
    if not 1 <= image.ndim <= 4 or 0 in image.shape:
        raise InputError(f"{path}: found an image of shape {image.shape}, expected (x, y, z[, frame])")
    shape: tuple[int, ...] = image.shape[:3]
    shape = shape[:2] if len(shape) == 3 and shape[2] == 1 else shape
    edges: npt.NDArray[np.float64] = np.asarray(image.header.get_zooms()[: len(shape)], float)
    first = image.affine[: len(shape), 3]
    centre = first + np.diag(image.affine)[: len(shape)] * (np.array(shape) - 1) / 2
    fields = {"shape": shape, "field_of_view_mm": edges * shape, "centre_mm": centre}
    return to_model(Grid, "grid", {name: np.asarray(value).tolist() for name, value in fields.items()})
