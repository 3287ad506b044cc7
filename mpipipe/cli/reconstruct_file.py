"""Verb ``reconstruct``: a matrix and a measurement in, an image out."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import typer

from mpipipe.cli.progress_bar import progress_bar
from mpipipe.config.recipe import digest
from mpipipe.config.reconstruct import RowSelection
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.reconstruction.measured_rows import choose_rows, reconstruct_measured
from mpipipe.reconstruction.methods import find_method
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.storage.images import NIFTI, refuse_existing, write_image
from mpipipe.storage.limits import GIB, check_claim
from mpipipe.storage.mdf_measurement import open_mdf_measurement
from mpipipe.storage.mdf_pairing import check_pair
from mpipipe.storage.system_matrix_file import SystemMatrixFile, open_system_matrix_file

if TYPE_CHECKING:
    import xarray as xr

SNR_THRESHOLD = 2.0
ABOVE_DRIVE = 1.2
"""Rows up to so many times the highest drive frequency are left out: there the drive field itself is received."""
FRAMES_BYTES = 16 * GIB
"""Largest measurement of which every frame is reconstructed; of their mean it may have any size."""
AXES = "xyz"


def reconstruct_file(
    matrix: Path,
    measurement: Path,
    out: Path,
    method: str,
    settings: dict[str, object],
    *,
    noise_norm: float | None = None,
    every_frame: bool = False,
    overwrite: bool = False,
) -> None:
    """Reconstruct a measurement in MDF with a system matrix and write the image.

    Parameters
    ----------
    matrix, measurement : Path
        System matrix in MDF or Zarr, and measurement in MDF, of the same sequence.
    out : Path
        ``.nii``, ``.nii.gz``, ``.zarr``, ``.npy``, or ``.png`` for a picture.
    method : str
        Solver.
    settings : dict
        Its settings; None stands for the default. ``snr_threshold`` is 2 where the file has a signal-to-noise ratio, and
        ``min_frequency_Hz`` 1.2 times the highest drive frequency where the file says it.
    noise_norm : float, optional
        Norm of the noise in the rows that take part, for the ADMM methods, which estimate it by default.
    every_frame : bool
        One image a frame, and not one of their mean.
    overwrite : bool
        Replace the output.

    Raises
    ------
    InputError
        When a file cannot be used, the two do not fit, or the output is there already.
    """
    started = time.perf_counter()
    _check_output(out, overwrite, every_frame)
    solver = find_method(method)
    with open_system_matrix_file(matrix) as A:
        signal = _signal(A, measurement, every_frame)
        config = solver.configure(_settings(A, settings))
        rows = choose_rows(A, A.grid.voxels, config)
        with _progress(f"{method}, {len(rows.row)} rows") as advance:
            grid = _image_grid(A.grid)
            found = reconstruct_measured(
                rows, signal, method, config, grid.shape, noise_norm=noise_norm, progress=advance
            )
        image = _labelled(found, grid, every_frame, {"method": method, **config.model_dump(mode="json")})
        total = A.channels * len(A.frequency)
    if out.suffix == ".png":
        _draw(out, image, f"{measurement.name}", method, config)
    else:
        write_image(out, image, overwrite=overwrite)
    typer.echo(
        f"{out}: {' × '.join(map(str, image.shape))} by {method}, {len(rows.row)} of {total} rows "
        f"(SNR ≥ {config.snr_threshold:g}, ≥ {config.min_frequency_Hz / 1e3:.1f} kHz), relative residual "
        f"{float(np.max(found.relative_residual)):.3g}, {time.perf_counter() - started:.1f} s"
    )


def _check_output(out: Path, overwrite: bool, every_frame: bool) -> None:
    refuse_existing(out, overwrite)
    if not out.name.endswith((*NIFTI, ".zarr", ".npy", ".png")):
        raise InputError(f"{out}: found this ending, expected .nii, .nii.gz, .zarr, .npy or .png")
    if out.suffix == ".png" and every_frame:
        raise InputError(f"{out}: found a picture for many frames, expected .nii.gz, .zarr or .npy")


def _settings(A: SystemMatrixFile, given: dict[str, object]) -> dict[str, object]:
    """Return the given settings, and a selection of rows where none is given."""
    chosen = {name: value for name, value in given.items() if value is not None}
    chosen.setdefault("snr_threshold", SNR_THRESHOLD if A.snr is not None else 0.0)
    if A.scanner is not None:
        highest = max(A.scanner.drive_frequency_Hz[axis] for axis in A.scanner.active)
        chosen.setdefault("min_frequency_Hz", ABOVE_DRIVE * highest)
    return chosen


def _signal(A: SystemMatrixFile, measurement: Path, every_frame: bool) -> npt.NDArray[np.complex64]:
    """Return the measurement ``(frame, channel, row)`` at the frequencies of the matrix."""
    with open_mdf_measurement(measurement) as measured:
        if measured.header.get("/calibration/method") is not None:
            raise InputError(f"{measurement}: found a system matrix, expected the measurement of an object")
        check_pair(A.header, measured.header)
        missing = np.setdiff1d(A.frequency, measured.frequency)
        if len(missing):
            raise InputError(
                f"{measurement}: found no frequency {missing[0]} ({len(missing)} are missing), expected those of {A.path}"
            )
        if not every_frame:
            frames = measured.mean()[None]
        else:
            size = 8 * measured.frames * measured.channels * len(measured.frequency)
            check_claim(f"{measurement}: frames", size, FRAMES_BYTES)
            frames = measured.read(0, measured.frames)
        return frames[:, :, np.searchsorted(measured.frequency, A.frequency)]


def _image_grid(grid: Grid) -> Grid:
    """Return the grid of the image: a last axis of a single position is dropped."""
    dimensions = 2 if grid.shape[2] == 1 else 3
    kept = {name: getattr(grid, name)[:dimensions] for name in ("shape", "field_of_view_mm", "centre_mm")}
    return Grid(**kept)


def _labelled(
    found: Reconstruction, grid: Grid, every_frame: bool, attributes: dict[str, Any]
) -> "xr.DataArray":
    """Return the images with positions in m."""
    import xarray as xr

    axes = AXES[: len(grid.shape)]
    values = found.image.reshape(-1, *grid.shape)
    lines = zip(axes, grid.axes_m(), strict=True)
    return xr.DataArray(
        values if every_frame else values[0],
        dims=("frame", *axes) if every_frame else tuple(axes),
        coords={name: (name, line, {"units": "m"}) for name, line in lines},
        name="concentration",
        attrs={
            "units": "concentration of the calibration sample",
            "grid": grid.model_dump(mode="json"),
            "relative_residual": np.asarray(found.relative_residual).tolist(),
            **attributes,
        },
    )


def _draw(out: Path, image: "xr.DataArray", name: str, method: str, config: RowSelection) -> None:
    from mpipipe.evaluation.captions import Provenance
    from mpipipe.evaluation.component_axes import extent_of
    from mpipipe.evaluation.figures import render
    from mpipipe.evaluation.image_panel import PanelImage, image_panel
    from mpipipe.storage.atomic import write_bytes

    grid = Grid.model_validate(image.attrs["grid"])
    recipe = {"measurement": name, "method": method, **config.model_dump(mode="json")}
    provenance = Provenance(scale="measured", digest=digest(recipe), seed=0)
    values = np.abs(image.values) if np.iscomplexobj(image.values) else image.values
    panel = [PanelImage(f"{name}, {method}", values, {})]
    figure = image_panel(panel, extent_of(grid.field_of_view_mm, grid.centre_mm), provenance)
    write_bytes(out, render(figure, 150).png)


@contextmanager
def _progress(text: str) -> Iterator[Any]:
    """Show passes over a matrix that does not fit into memory; nothing where there is only one."""
    with progress_bar() as bar:
        task = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def parsed_settings(pairs: list[str]) -> dict[str, object]:
    """Return settings given as ``NAME=VALUE``, values as YAML reads them.

    Raises
    ------
    InputError
        When one has not this form.
    """
    import yaml

    found: dict[str, object] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name.isidentifier():
            raise InputError(f"--setting: found {pair!r}, expected NAME=VALUE")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(
                f"--setting: found {pair!r}, expected a number, a word or a list as VALUE"
            ) from None
    return found
