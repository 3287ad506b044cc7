"""The signal of a tracer distribution, without its system matrix."""

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.threads import on_threads
from mpipipe.errors import InputError
from mpipipe.physics.excitation import Excitation, Moments
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import Method
from mpipipe.physics.particle import Particle
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.spectrum import FourierTransform
from mpipipe.physics.sweep import BATCH_VALUES
from mpipipe.physics.system_function import receive_gain
from mpipipe.physics.table import MomentTable

FloatArray = npt.NDArray[np.float64]

BLOCK_VOXELS = 32


def simulate_signal(
    scanner: Scanner,
    particle: Particle,
    grid: Grid,
    concentration: npt.NDArray[np.floating],
    channel: npt.NDArray[np.integer],
    frequency: npt.NDArray[np.integer],
    *,
    refinement: int = 1,
    oversampling: int = 1,
    relaxation: Relaxation | None = None,
    transfer_function: TransferFunction | None = None,
    method: Method = "table",
    table: MomentTable | None = None,
    threads: int | None = None,
) -> npt.NDArray[np.complex64]:
    """Simulate the signal of a concentration map.

    ``b_k = g_k (2 pi i k / T) (1/V) sum_j M(t_j) exp(-2 pi i j k / V)``,  ``M(t) = sum_r m(B(r, t)) c(r) dV``

    Moments are added up in time and transformed once, so only occupied voxels cost time and no matrix is held: what
    :func:`mpipipe.scenes.measurement.measure` gives with the system matrix of this grid, up to rounding.

    Parameters
    ----------
    scanner, particle : Scanner, Particle
        What is simulated.
    grid : Grid
        Grid of the concentration map. A fluid particle's anisotropy is relative to the largest field on it.
    concentration : (x[, y, z]) ndarray of float
        Concentration relative to the calibration sample.
    channel, frequency : (component,) ndarray of int
        Components that are wanted: receive channel (0, 1, 2 for x, y, z) and frequency index.
    refinement : int
        Voxels of this grid in a voxel of the calibration grid, along each axis; ``dV = refinement^(-axes)``.
    oversampling, relaxation, transfer_function, method, table, threads
        As in :func:`mpipipe.physics.system_function.simulate_rows`.

    Returns
    -------
    (component,) ndarray of complex64
        Signal in 1/s, in the unit of a system matrix.

    Raises
    ------
    InputError
        A map that does not fit the grid or is not finite, a component beyond the spectrum, or an argument out of range.
    """
    amount = _amounts(concentration, grid, refinement)
    excitation = Excitation.of(scanner, particle, grid, oversampling, relaxation)
    gain = receive_gain(scanner, excitation.samples // 2 + 1, transfer_function)
    _check_components(channel, frequency, gain.shape[1])
    moment = _total_moment(excitation, excitation.moments(method, table, threads), amount, threads)
    coefficients = FourierTransform(3, excitation.samples, excitation.symmetric)(moment)
    return np.asarray(gain[channel, frequency] * coefficients[channel, frequency], np.complex64)


def _total_moment(
    excitation: Excitation, moments: Moments, amount: FloatArray, threads: int | None
) -> FloatArray:
    """Return ``sum_r amount_r m_r`` as ``(3, time)``; the sum has one order, whatever the number of threads."""
    voxels = np.flatnonzero(amount)
    shape = excitation.field.shape
    batch = max(1, BATCH_VALUES // excitation.field.size)

    def add(start: int) -> FloatArray:
        block = voxels[start : start + BLOCK_VOXELS]
        total, memory = np.zeros(shape), np.empty((min(batch, len(block)), *shape))
        for first in range(0, len(block), batch):
            part = block[first : first + batch]
            signal = memory[: len(part)]
            moments(part, signal)
            for one, weight in zip(signal, amount[part], strict=True):
                one *= weight
                total += one
        return total

    total = np.zeros(shape)
    for part in on_threads(add, range(0, len(voxels), BLOCK_VOXELS), threads):
        total += part
    return total


def _amounts(concentration: npt.NDArray[np.floating], grid: Grid, refinement: int) -> FloatArray:
    """Return ``c(r) dV`` as ``(voxel,)``."""
    found = np.asarray(concentration)
    if found.shape != grid.shape:
        raise InputError(f"concentration: found shape {found.shape}, expected the grid's {grid.shape}")
    if not np.isfinite(found).all():
        raise InputError("concentration: found NaN or infinity, expected finite values")
    if refinement < 1:
        raise InputError(f"refinement: found {refinement}, expected at least 1")
    return np.ravel(found).astype(np.float64) / float(refinement) ** found.ndim


def _check_components(
    channel: npt.NDArray[np.integer], frequency: npt.NDArray[np.integer], frequencies: int
) -> None:
    if channel.ndim != 1 or channel.shape != frequency.shape:
        raise InputError(
            f"frequency: found shape {frequency.shape} for channels {channel.shape}, expected (component,) for both"
        )
    for name, values, size in (("channel", channel, 3), ("frequency", frequency, frequencies)):
        outside = values[(values < 0) | (values >= size)]
        if len(outside):
            raise InputError(f"{name}: found {int(outside[0])}, expected 0 to {size - 1}")
