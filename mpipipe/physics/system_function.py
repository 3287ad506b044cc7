"""System functions: the receive spectra of a delta sample at every voxel of a grid.

``S_k(r) = g_k (2 pi i k / T) (1/V) sum_j m(B(r, t_j)) exp(-2 pi i j k / V)``

is the Fourier coefficient of the time derivative of the mean moment over its saturation, in 1/s, with the receive
chain's gain ``g_k`` (1 by default) and homogeneous receive coils (Maass et al. 2024). The induced voltage is ``S`` times
``-mu0``, coil sensitivity, saturation moment and number of particles. Sampling is at the base frequency times the
oversampling, without a band limit; what lies above the highest frequency is aliased.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.excitation import Excitation
from mpipipe.physics.grid import Grid
from mpipipe.physics.kept_components import kept_components, strengths, take_rows
from mpipipe.physics.magnetization import Method
from mpipipe.physics.mirror import Mirror
from mpipipe.physics.mixing import mixing_orders
from mpipipe.physics.particle import Particle
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.sweep import Progress, Sweep
from mpipipe.physics.table import MomentTable

if TYPE_CHECKING:
    import xarray as xr

    from mpipipe.physics.torch_sweep import TorchSweep

FloatArray = npt.NDArray[np.float64]

CANDIDATE_MARGIN = 0.3
CANDIDATES = 2
"""Components held for each one of the strongest that is kept: a subset of voxels ranks them only roughly."""
PREVIEW_VOXELS = 64
"""Voxels of a preview at least: with fewer, one component that they miss costs a second pass over the whole grid."""
WHOLE_VALUES = 2**23
LARGEST_ARRAY_BYTES = 2**32


@dataclass(frozen=True)
class SystemMatrixRows:
    """Components of a system matrix that carry signal, in order of channel and frequency.

    Attributes
    ----------
    values : (component, x[, y, z]) ndarray of complex64
        System function in 1/s.
    channel, frequency : (component,) ndarray of int32
        Receive channel (0, 1, 2 for x, y, z) and frequency index.
    strength : (component,) ndarray of float32
        Largest modulus over voxels relative to the strongest component of the channel.
    """

    values: npt.NDArray[np.complex64]
    channel: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]
    strength: npt.NDArray[np.float32]


def simulate_rows(
    scanner: Scanner,
    particle: Particle,
    grid: Grid,
    *,
    keep_above: float = 1e-4,
    strongest: int | None = None,
    oversampling: int = 1,
    relaxation: Relaxation | None = None,
    transfer_function: TransferFunction | None = None,
    method: Method = "table",
    table: MomentTable | None = None,
    block_voxels: int | None = None,
    threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> SystemMatrixRows:
    """Simulate the components of a system matrix that carry signal.

    A component is kept if its largest modulus over voxels exceeds `keep_above` times the channel's strongest; frequency
    0 never is, nor is a channel whose strongest component is below 1e-6 of the matrix's strongest. Of those, `strongest`
    limits the number to the ones with the largest moduli in the whole matrix. Voxels are simulated in blocks, where the
    fields allow on one side of a plane only (`mpipipe.physics.mirror`), and of a large matrix only the components that a
    subset of voxels proposes are held; should the whole grid reveal others, they are simulated in a second pass, so the
    result follows the rule exactly.

    Parameters
    ----------
    scanner, particle, grid : Scanner, Particle, Grid
        What is simulated.
    keep_above : float
        Threshold relative to the channel's strongest component.
    strongest : int, optional
        Largest number of components that are kept; default all above the threshold.
    oversampling : int
        Samples a tick of the base frequency.
    relaxation : Relaxation, optional
        Lag of the moments behind their equilibrium; default none.
    transfer_function : TransferFunction, optional
        Receive chain; default gain 1.
    method : {"table", "quadrature"}
        Interpolated or directly integrated moments.
    table : MomentTable, optional
        Table to use; default one made for this matrix.
    block_voxels : int, optional
        Voxels in a block, which bounds the memory but does not change the result; default about 2 MB of moments; with a
        device 1 GiB of its memory, and the result changes in its last digits.
    threads : int, optional
        Number of threads; default all processors that the process may use. Not used with a device.
    device : str, optional
        PyTorch device that simulates, in float64: ``cuda``, ``cuda:<number>``, or ``cpu`` for tests; default the
        processors, by compiled loops. Its values are the same up to rounding. It takes equilibrium moments from the
        table only.
    progress : callable, optional
        Called with finished voxels and the number of those that are simulated.

    Returns
    -------
    SystemMatrixRows
        Values, channel, frequency index and relative strength of the kept components.

    Raises
    ------
    InputError
        An argument out of range, a table that does not cover the fields, or a device that is absent or asked for
        quadrature or relaxation.
    """
    if not 0 <= keep_above < 1:
        raise InputError(f"keep_above: found {keep_above}, expected at least 0 and below 1")
    _check_counts(strongest=strongest, block_voxels=block_voxels, threads=threads)
    excitation = Excitation.of(scanner, particle, grid, oversampling, relaxation)
    sweep = _sweep(excitation, method, table, block_voxels, threads, device)
    gain = receive_gain(scanner, excitation.samples // 2 + 1, transfer_function)
    mirror = Mirror.of(scanner, excitation, grid)
    everything = np.arange(grid.voxels) if mirror is None else mirror.voxels
    held = np.arange(gain.size)
    if gain.size * len(everything) > WHOLE_VALUES:
        preview, _ = sweep.run(_preview_voxels(everything), held[:0], gain)
        candidates = None if strongest is None else CANDIDATES * strongest
        held = kept_components(preview, gain, CANDIDATE_MARGIN * keep_above, candidates)
    largest, values = sweep.run(everything, held, gain, progress)
    kept = kept_components(largest, gain, keep_above, strongest)
    missed = np.setdiff1d(kept, held)
    if len(missed):
        _, found = sweep.run(everything, missed, gain)
        held, values = np.concatenate([held, missed]), np.concatenate([values, found])
    return _rows(take_rows(values, held, kept), kept, largest, gain, grid, mirror)


def simulate_system_matrix(
    scanner: Scanner,
    particle: Particle,
    grid: Grid,
    *,
    oversampling: int = 1,
    relaxation: Relaxation | None = None,
    transfer_function: TransferFunction | None = None,
    method: Method = "table",
    table: MomentTable | None = None,
    threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> "xr.DataArray":
    """Simulate a whole system matrix as a labelled array; parameters as in :func:`simulate_rows`.

    Returns
    -------
    DataArray (channel, frequency, x[, y, z]) of complex64
        System function in 1/s with channel names, frequency index and Hz, mixing orders, positions in m; scanner,
        particle and grid as attributes.

    Raises
    ------
    InputError
        As in `simulate_rows`, or the array would exceed 4 GiB: `simulate_rows` holds only components that carry signal.
    """
    _check_counts(threads=threads)
    excitation = Excitation.of(scanner, particle, grid, oversampling, relaxation)
    gain = receive_gain(scanner, excitation.samples // 2 + 1, transfer_function)
    size = 8 * gain.size * grid.voxels
    if size > LARGEST_ARRAY_BYTES:
        raise InputError(
            f"grid: found a system matrix of {size / 2**30:.1f} GiB, expected at most "
            f"{LARGEST_ARRAY_BYTES / 2**30:.0f} GiB; simulate_rows keeps only components that carry signal"
        )
    sweep = _sweep(excitation, method, table, None, threads, device)
    mirror, components = Mirror.of(scanner, excitation, grid), np.arange(gain.size)
    voxels = np.arange(grid.voxels) if mirror is None else mirror.voxels
    _, values = sweep.run(voxels, components, gain, progress)
    if mirror is not None:
        values = mirror.unfold(values, *np.divmod(components, gain.shape[1]))
    return _labelled(values.reshape(*gain.shape, *grid.shape), scanner, particle, grid)


def receive_gain(
    scanner: Scanner, frequencies: int, transfer_function: TransferFunction | None = None
) -> npt.NDArray[np.complex128]:
    """Return the factor from moment to signal, ``2 pi i f_k g_k``, as ``(channel, frequency)`` in 1/s."""
    frequency = scanner.frequency_Hz(np.arange(frequencies))
    chain = np.ones((3, 1)) if transfer_function is None else transfer_function.at(frequency)
    gain: npt.NDArray[np.complex128] = 2j * np.pi * frequency * chain
    return gain


def _sweep(
    excitation: Excitation,
    method: Method,
    table: MomentTable | None,
    block_voxels: int | None,
    threads: int | None,
    device: str | None,
) -> "Sweep | TorchSweep":
    """Return what passes over the voxels, on the processors or on a device."""
    if device is None:
        return Sweep(excitation, excitation.moments(method, table, threads), block_voxels, threads)
    if method != "table":
        raise InputError(f"method: found {method!r} with device {device!r}, expected 'table'")
    from mpipipe.physics.torch_sweep import TorchSweep  # PyTorch takes seconds to load

    return TorchSweep.on(device, excitation, table, block_voxels)


def _check_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        if value is not None and value < 1:
            raise InputError(f"{name}: found {value}, expected an integer of at least 1")


def _rows(
    values: npt.NDArray[np.complex64],
    kept: npt.NDArray[np.intp],
    largest: FloatArray,
    gain: npt.NDArray[np.complex128],
    grid: Grid,
    mirror: Mirror | None,
) -> SystemMatrixRows:
    channel, frequency = np.divmod(kept, gain.shape[1])
    if mirror is not None:
        values = mirror.unfold(values, channel, frequency)
    strength, strongest = strengths(largest, gain)
    relative = strength.ravel()[kept] / strongest[channel, 0]
    return SystemMatrixRows(
        values=values.reshape(-1, *grid.shape),
        channel=channel.astype(np.int32),
        frequency=frequency.astype(np.int32),
        strength=relative.astype(np.float32),
    )


def _preview_voxels(voxels: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return scattered voxels, one in 27: those on a regular subgrid share planes on which components vanish."""
    size = min(len(voxels), max(PREVIEW_VOXELS, -(-len(voxels) // 27)))
    return np.sort(np.random.default_rng(0).choice(voxels, size=size, replace=False))


def _labelled(
    values: npt.NDArray[np.complex64], scanner: Scanner, particle: Particle, grid: Grid
) -> "xr.DataArray":
    import xarray as xr  # slow to import, and only labelled arrays need it

    index = np.arange(values.shape[1])
    names = ("x", "y", "z")[: len(grid.shape)]
    coordinates: dict[str, tuple[str, npt.NDArray[np.generic], dict[str, str]]] = {
        "channel": ("channel", np.array(["x", "y", "z"]), {"long_name": "receive channel"}),
        "frequency": ("frequency", index, {"long_name": "frequency index"}),
        "frequency_Hz": ("frequency", scanner.frequency_Hz(index), {"units": "Hz"}),
    }
    for name, order in zip(("x", "y", "z"), mixing_orders(scanner, len(index)).T, strict=True):
        coordinates[f"mixing_order_{name}"] = (
            "frequency",
            order,
            {"long_name": f"mixing order along {name}"},
        )
    for name, position in zip(names, grid.axes_m(), strict=True):
        coordinates[name] = (name, position, {"units": "m"})
    models = {"scanner": scanner, "particle": particle, "grid": grid}
    return xr.DataArray(
        values,
        dims=("channel", "frequency", *names),
        coords=coordinates,
        name="system_matrix",
        attrs={"units": "1/s"} | {name: model.model_dump(mode="json") for name, model in models.items()},
    )
