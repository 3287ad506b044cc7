"""A calibration and a measurement of a simulated scanner, with white noise, as a user would record them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mpipipe.config.seeds import derive_seed
from mpipipe.config.simulation import PhantomScan, Simulation
from mpipipe.errors import InputError
from mpipipe.noise.background import complex_normal
from mpipipe.physics.grid import Grid
from mpipipe.physics.sweep import Progress
from mpipipe.physics.system_function import simulate_system_matrix
from mpipipe.scenes.measurement import coarsen, measure
from mpipipe.scenes.phantoms import find_phantom
from mpipipe.scenes.render import render

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class PhantomMeasurement:
    """Signal of a phantom, and the truth.

    Attributes
    ----------
    signal : (channel, frequency) ndarray of complex64
        Noisy signal in the unit of the system matrix.
    concentration : (x, y[, z]) ndarray of float64
        Mean concentration in each voxel of the calibration's grid, relative to the calibration sample.
    """

    signal: npt.NDArray[np.complex64]
    concentration: npt.NDArray[np.float64]


def simulate_calibration(simulation: Simulation, progress: Progress | None = None) -> "xr.DataArray":
    """Return a system matrix with the noise of its calibration.

    Parameters
    ----------
    simulation : Simulation
        Scanner, particle, grid, noise and seed.
    progress : callable, optional
        Called with finished voxels and their total.

    Returns
    -------
    DataArray (channel, frequency, x[, y, z]) of complex64
        As `simulate_system_matrix` returns it; with noise also the coordinate ``snr`` ``(channel, frequency)``: root mean square
        over voxels of the noise-free component over the standard deviation of the noise.

    Raises
    ------
    InputError
        When the matrix would exceed 4 GiB.
    """
    S = simulate_system_matrix(simulation.scanner, simulation.particle, simulation.grid, progress=progress)
    if simulation.noise == 0:
        return S
    values = S.values
    sigma = simulation.noise * float(np.abs(values).max())
    voxels = tuple(range(2, values.ndim))
    level = np.sqrt(np.mean(np.abs(values) ** 2, axis=voxels, dtype=np.float64))
    rng = np.random.default_rng(derive_seed(simulation.seed, "simulate", "calibration"))
    for channel in values:  # one receive channel at a time, so that the noise is never held for all
        channel += np.float32(sigma) * complex_normal(rng, channel.shape)
    label = {"long_name": "signal-to-noise ratio"}
    return S.assign_coords(snr=(("channel", "frequency"), level / sigma, label))


def simulate_phantom(simulation: Simulation, progress: Progress | None = None) -> PhantomMeasurement:
    """Return the measurement of the phantom, simulated on a finer grid than the calibration's.

    Raises
    ------
    InputError
        When the simulation names no phantom, or one that is not known.
    """
    scan = simulation.phantom
    if scan is None:
        raise InputError("phantom: found none, expected one to measure")
    fine = _refined(simulation.grid, scan)
    truth = render(find_phantom(scan.name), fine.shape, fine.field_of_view_mm, fine.centre_mm)
    S = simulate_system_matrix(simulation.scanner, simulation.particle, fine, progress=progress)
    signal = measure(S.values.reshape(-1, *fine.shape), truth, scan.refinement).reshape(S.shape[:2])
    rng = np.random.default_rng(derive_seed(simulation.seed, "simulate", "phantom"))
    noise = scan.noise * float(np.abs(signal).max()) * complex_normal(rng, signal.shape)
    return PhantomMeasurement((signal + noise).astype(np.complex64), coarsen(truth, scan.refinement))


def _refined(grid: Grid, scan: PhantomScan) -> Grid:
    """Return the same field with more voxels."""
    return grid.model_copy(update={"shape": tuple(size * scan.refinement for size in grid.shape)})
