"""Images as files: every format says the same, and NIfTI puts each voxel where it is."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.storage.images import write_image

PLANE = Grid(shape=(4, 3), field_of_view_mm=(8, 9), centre_mm=(1, -2))
VOLUME = Grid(shape=(4, 3, 2), field_of_view_mm=(8, 9, 5), centre_mm=(1, -2, 0.5))


def image(grid: Grid, *frames: int, kind: type = np.float32) -> xr.DataArray:
    values = np.random.default_rng(1).uniform(0, 1, (*frames, *grid.shape)).astype(kind)
    axes = "xyz"[: len(grid.shape)]
    return xr.DataArray(
        values,
        dims=(*(("frame",) if frames else ()), *axes),
        coords={name: (name, line) for name, line in zip(axes, grid.axes_m(), strict=True)},
        attrs={"grid": grid.model_dump(mode="json"), "relative_residual": [0.25], "method": "ART"},
    )


def values_of(path: Path, grid: Grid) -> npt.NDArray:
    if path.suffix == ".zarr":
        return xr.open_zarr(path, consolidated=False)["concentration"].values
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False)
    return np.asarray(nibabel.load(path).dataobj).reshape(grid.shape)


@pytest.mark.parametrize("grid", [PLANE, VOLUME], ids=["plane", "volume"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".zarr", ".npy"])
def test_values_come_back_to_the_bit(grid: Grid, ending: str, tmp_path: Path) -> None:
    path, made = tmp_path / f"c{ending}", image(grid).rename("concentration")
    write_image(path, made)
    np.testing.assert_array_equal(values_of(path, grid), made.values)


@pytest.mark.parametrize("grid", [PLANE, VOLUME], ids=["plane", "volume"])
def test_nifti_says_where_each_voxel_lies_in_mm(grid: Grid, tmp_path: Path) -> None:
    write_image(tmp_path / "c.nii", image(grid))
    read = nibabel.load(tmp_path / "c.nii")
    assert read.header.get_xyzt_units()[0] == "mm" and len(read.shape) == 3
    for index in np.ndindex(*grid.shape):
        place = read.affine @ [*index, *(0,) * (3 - len(index)), 1]
        expected = [1e3 * line[i] for line, i in zip(grid.axes_m(), index, strict=True)]
        np.testing.assert_allclose(place[: len(index)], expected, atol=1e-5)


def test_frames_are_the_last_axis_of_nifti(tmp_path: Path) -> None:
    made = image(VOLUME, 5)
    write_image(tmp_path / "c.nii.gz", made)
    read = np.asarray(nibabel.load(tmp_path / "c.nii.gz").dataobj)
    np.testing.assert_array_equal(np.moveaxis(read, -1, 0), made.values)


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        write_image(tmp_path / name, image(PLANE))
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.nii.gz").read_bytes())[:4] == (348).to_bytes(4, "little")


def test_nothing_is_written_over_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "c.npy"
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match="--overwrite"):
        write_image(path, image(PLANE))
    assert path.read_bytes() == b"mine"
    write_image(path, image(PLANE), overwrite=True)
    assert np.load(path).shape == (4, 3)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [("c.tif", np.float32, "found the ending '.tif'"), ("c.nii", np.complex64, "found complex values")],
)
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(
    tmp_path: Path, name: str, kind: type, expected: str
) -> None:
    with pytest.raises(InputError, match=expected):
        write_image(tmp_path / name, image(PLANE, kind=kind))
    assert list(tmp_path.iterdir()) == []
