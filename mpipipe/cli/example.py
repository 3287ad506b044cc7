"""Verb ``example``: a small simulated calibration and measurement to play with."""

from pathlib import Path

import typer

from mpipipe.cli.simulate_file import check_outputs, write_simulation
from mpipipe.config.simulation import PhantomScan, Simulation
from mpipipe.physics.grid import Grid
from mpipipe.storage.images import refuse_existing
from mpipipe.storage.yaml_section import write_section

SIMULATION = Simulation(
    grid=Grid(shape=(30, 30), field_of_view_mm=(30, 30)),
    noise=2e-3,
    phantom=PhantomScan(name="spiral", noise=1e-3),
)
COMMENT = """Scanner, particle and grid of the example; edit it and run
mpipipe simulate scanner.yaml --out calibration.mdf --measurement phantom.mdf"""


def write_example(folder: Path, *, overwrite: bool = False) -> None:
    """Write ``scanner.yaml``, a noisy and a noise-free calibration, and the measurement of a spiral.

    Raises
    ------
    InputError
        When one of the files is there already.
    """
    source, clean = folder / "scanner.yaml", folder / "reference.mdf"
    noisy, measurement = folder / "calibration.mdf", folder / "phantom.mdf"
    refuse_existing(source, overwrite)
    refuse_existing(clean, overwrite)
    check_outputs(SIMULATION, noisy, measurement, overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    write_section(source, SIMULATION, COMMENT)
    typer.echo(f"{source}: what is simulated")
    write_simulation(SIMULATION, noisy, measurement, overwrite=overwrite)
    write_simulation(SIMULATION.model_copy(update={"noise": 0.0}), clean, None, overwrite=overwrite)
    typer.echo(
        f"next: mpipipe inspect {noisy}\n"
        f"      mpipipe restore denoise {noisy} --out {folder}/denoised.mdf\n"
        f"      mpipipe score {folder}/denoised.mdf {clean} --keep-above 0.01\n"
        f"      mpipipe reconstruct {folder}/denoised.mdf {measurement} --out {folder}/image.png"
    )
