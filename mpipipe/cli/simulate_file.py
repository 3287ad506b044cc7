"""Verb ``simulate``: a YAML of scanner, particle and grid in; a system matrix and a measurement out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mpipipe.cli.progress_bar import progress_bar
from mpipipe.config.simulation import Simulation
from mpipipe.errors import InputError
from mpipipe.physics.sweep import Progress
from mpipipe.storage.images import refuse_existing
from mpipipe.storage.mdf_export import matrix_of
from mpipipe.storage.mdf_write import write_mdf, write_mdf_measurement
from mpipipe.storage.yaml_section import read_section
from mpipipe.storage.zarr_write import write_zarr_matrix
from mpipipe.studies.simulated_scan import simulate_calibration, simulate_phantom

if TYPE_CHECKING:
    import xarray as xr

MDF = (".mdf", ".h5", ".hdf5")


def simulate_file(
    source: Path, out: Path, measurement: Path | None = None, *, overwrite: bool = False
) -> None:
    """Simulate what a file describes and write it.

    Parameters
    ----------
    source : Path
        YAML of a :class:`Simulation`.
    out : Path
        System matrix: ``.mdf``, ``.h5``, or ``.zarr`` (with a manifest).
    measurement : Path, optional
        Measurement of the file's phantom: ``.mdf`` or ``.h5``.
    overwrite : bool
        Replace what is there.

    Raises
    ------
    InputError
        When the file or an output cannot be used; nothing is written then.
    """
    simulation = read_section(source, Simulation)
    check_outputs(simulation, out, measurement, overwrite)
    write_simulation(simulation, out, measurement, overwrite=overwrite)


def check_outputs(simulation: Simulation, out: Path, measurement: Path | None, overwrite: bool) -> None:
    """Refuse outputs that exist or cannot be written, before anything is simulated."""
    for path, endings in ((out, (*MDF, ".zarr")), (measurement, MDF)):
        if path is None:
            continue
        if path.suffix not in endings:
            raise InputError(
                f"{path}: found the ending {path.suffix!r}, expected one of {', '.join(endings)}"
            )
        refuse_existing(path, overwrite)
    if measurement is not None and simulation.phantom is None:
        raise InputError(
            f"{measurement}: found no phantom to measure, expected the key 'phantom' in the YAML"
        )


def write_simulation(
    simulation: Simulation, out: Path, measurement: Path | None, *, overwrite: bool = False
) -> None:
    """Simulate and write; outputs were checked before."""
    with _progress("calibration") as advance:
        S = simulate_calibration(simulation, advance)
    if out.suffix == ".zarr":
        _write_zarr(out, S, simulation, overwrite=overwrite)
    else:
        write_mdf(out, S, overwrite=overwrite)
    typer.echo(f"{out}: {' × '.join(map(str, S.shape))} ({', '.join(map(str, S.dims))})")
    if measurement is None or simulation.phantom is None:
        return
    with _progress("phantom") as advance:
        scan = simulate_phantom(simulation, advance)
    write_mdf_measurement(
        measurement,
        scan.signal,
        simulation.scanner,
        particle=simulation.particle,
        overwrite=overwrite,
    )
    typer.echo(f"{measurement}: {simulation.phantom.name}, {' × '.join(map(str, scan.signal.shape))}")


def _write_zarr(out: Path, S: "xr.DataArray", simulation: Simulation, *, overwrite: bool) -> None:
    found = matrix_of(S, None, None)
    recipe = {"verb": "simulate", "simulation": simulation.model_dump(mode="json")}
    write_zarr_matrix(
        out, found.header, found.grid, found.frequency, found.blocks(),
        scanner=simulation.scanner, snr=found.snr, recipe=recipe, overwrite=overwrite,
    )  # fmt: skip


@contextmanager
def _progress(text: str) -> Iterator[Progress]:
    with progress_bar() as bar:
        task = bar.add_task(f"simulating the {text}", total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance
