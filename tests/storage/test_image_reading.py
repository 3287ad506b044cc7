"""Images are read back as they were written, and what is no image is one line."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
import xarray as xr

from mpipipe.cli.inspect_file import inspect_file
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.storage.image_reading import read_image
from mpipipe.storage.images import write_image

PLANE = Grid(shape=(5, 4), field_of_view_mm=(10, 8), centre_mm=(1.5, -2))
VOLUME = Grid(shape=(3, 4, 2), field_of_view_mm=(6, 4, 3))


def image_on(grid: Grid, frames: int = 0, dtype: str = "float32") -> xr.DataArray:
    rng = np.random.default_rng(0)
    shape = ((frames,) if frames else ()) + grid.shape
    values = rng.random(shape) + (1j * rng.random(shape) if dtype.startswith("c") else 0)
    axes = "xyz"[: len(grid.shape)]
    lines = dict(zip(axes, grid.axes_m(), strict=True))
    attributes = {"grid": grid.model_dump(mode="json"), "method": "ART", "units": "a.u."}
    dims = (*(("frame",) if frames else ()), *axes)
    return xr.DataArray(values.astype(dtype), dims=dims, coords=lines, name="concentration", attrs=attributes)


@pytest.mark.parametrize("grid", [PLANE, VOLUME])
@pytest.mark.parametrize("frames", [0, 3])
@pytest.mark.parametrize(
    ("name", "dtype"),
    [("i.zarr", "float32"), ("i.zarr", "complex64"), ("i.nii", "float32"), ("i.nii.gz", "float32")],
)
def test_what_was_written_is_read(tmp_path: Path, grid: Grid, frames: int, name: str, dtype: str) -> None:
    image = image_on(grid, frames, dtype)
    write_image(tmp_path / name, image)
    read = read_image(tmp_path / name)
    np.testing.assert_array_equal(read.transpose(*image.dims).values, image.values)
    found = Grid.model_validate(read.attrs["grid"])
    assert found.shape == grid.shape
    np.testing.assert_allclose(found.field_of_view_mm, grid.field_of_view_mm, rtol=1e-6)
    np.testing.assert_allclose(found.centre_mm, grid.centre_mm, rtol=1e-6, atol=1e-6)


def test_inspect_tells_and_draws_an_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, frames in (("one.zarr", 0), ("many.zarr", 9), ("one.nii.gz", 0)):
        write_image(tmp_path / name, image_on(PLANE, frames))
        inspect_file(tmp_path / name, tmp_path / f"{name}.png")
        printed = capsys.readouterr().out
        assert "5 × 4" in printed and "2 × 2 mm" in printed and ("9 frames" in printed) == bool(frames)
        assert (tmp_path / f"{name}.png").read_bytes()[1:4] == b"PNG"
    assert "ART" not in printed  # NIfTI has no place for it


def test_a_line_of_voxels_is_told_and_not_drawn(tmp_path: Path) -> None:
    write_image(tmp_path / "line.zarr", image_on(Grid(shape=(6,), field_of_view_mm=(12,))))
    inspect_file(tmp_path / "line.zarr")
    with pytest.raises(InputError, match="found an image of 1 axis"):
        inspect_file(tmp_path / "line.zarr", tmp_path / "line.png")
    assert not (tmp_path / "line.png").exists()


def edited(store: Path, edit: dict[str, object]) -> None:
    described = json.loads((store / "concentration/zarr.json").read_text())
    (store / "concentration/zarr.json").write_text(json.dumps(described | edit))


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({"attributes": {}}, "expected a Grid"),
        ({"attributes": {"grid": {"shape": [4, 5], "field_of_view_mm": [1, 1]}}}, "expected [frame,] x, y"),
        ({"dimension_names": ["y", "x"]}, "expected [frame,] x, y"),
        ({"shape": [5, 2**40]}, "i.zarr"),
        ({"data_type": "int8", "fill_value": 0}, "int8"),
    ],
)
def test_a_changed_store_is_one_line(tmp_path: Path, edit: dict[str, object], expected: str) -> None:
    write_image(tmp_path / "i.zarr", image_on(PLANE))
    edited(tmp_path / "i.zarr", edit)
    with pytest.raises(InputError) as error:
        read_image(tmp_path / "i.zarr")
    assert str(tmp_path / "i.zarr") in str(error.value) and expected in str(error.value)
    assert "\n" not in str(error.value)


def test_a_nifti_image_of_another_program_is_read_and_its_claims_are_bounded(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    image = nibabel.Nifti1Image(values, np.diag([2.0, 3.0, 4.0, 1.0]))
    nibabel.save(image, tmp_path / "other.nii")
    read = read_image(tmp_path / "other.nii")
    np.testing.assert_array_equal(read.values, values)
    assert read.attrs["grid"]["field_of_view_mm"] == [4, 9, 16]
    content = bytearray((tmp_path / "other.nii").read_bytes())
    content[42:48] = np.full(3, 30000, np.int16).tobytes()
    (tmp_path / "other.nii").write_bytes(content)
    with pytest.raises(InputError, match="claim of"):
        read_image(tmp_path / "other.nii")
