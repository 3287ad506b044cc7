"""Simulation of system matrices on a PyTorch device against its Fourier transforms alone, and against all processors."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.accuracy import bounded
from benchmarks.row import Row
from benchmarks.simulation_case import Case
from benchmarks.timing import best
from mpipipe.physics.system_function import SystemMatrixRows

KINDS = ("immobilised", "fluid")
KEEP_ABOVE = 1e-4
"""Of `simulate_rows`, by default."""
BOUND = 2.0**-23
"""Step of complex64; in float64 the two differ by some 1e-15."""
TARGET = 2.0
FLOOR_BYTES = 2**28
"""Signals of one call of the floor; the spectra and the transform's own memory come on top."""


def device_rows(device: str, quick: bool) -> Iterator[Row]:
    """Yield whole matrices in two and three dimensions; on ``cpu`` too, to see that everything runs."""
    for shape in ((6, 6), (3, 3, 3)) if quick else ((30, 30), (19, 19, 19)):
        yield from (device_matrix(Case(shape, kind), device, quick) for kind in KINDS)


def device_matrix(case: Case, device: str, quick: bool) -> Row:
    """Return one whole matrix beside its floor, all processors, and the share of its moments."""
    signals = 3 * case.grid.voxels
    moments, part = moments_alone(case, device)
    seconds, floor_s, moments_s = best(
        lambda: case.simulate(device),
        transforms_alone(signals, case.samples, device),
        moments,
        repeats=2 if quick else 5,
    )
    (processors_s,) = best(case.simulate, repeats=2)
    found = case.simulate(device)
    return Row(
        subject=f"{case.name}, {case.kind}",
        seconds=seconds,
        floor=f"PyTorch on the same device: {signals} transforms of {case.samples} samples",
        floor_seconds=floor_s,
        target=TARGET,
        others={f"all processors, {case.threads} threads": processors_s},
        error=bounded(difference(found, case.simulate()), BOUND),
        bound_by=f"moments from the table, {moments_s / part / seconds:.0%} of the time; then transforms, choice and copies",
        more={"components": str(len(found.values))} | peak_memory(case, device),
    )


def transforms_alone(signals: int, samples: int, device: str) -> Callable[[], None]:
    """Return what transforms so many real signals in double precision on a device, and waits for it."""
    import torch  # slow to import, and large

    size = min(signals, max(1, FLOOR_BYTES // (8 * samples)))
    data = torch.randn(size, samples, dtype=torch.float64, device=device)

    def run() -> None:
        for start in range(0, signals, size):
            torch.fft.rfft(data[: min(size, signals - start)], norm="forward")
        synchronize(device)

    return run


def moments_alone(case: Case, device: str) -> tuple[Callable[[], None], float]:
    """Return what interpolates the moments of one block on a device, and the block's part of all voxels."""
    import torch

    from mpipipe.physics.torch_sweep import TorchSweep
    from mpipipe.physics.torch_table import TorchTable

    excitation = case.excitation
    sweep = TorchSweep.on(device, excitation, None)
    table = TorchTable.of(sweep.table, sweep.device)
    count = min(case.grid.voxels, sweep.voxels_that_fit(table))
    voxels = case.voxels(count)
    alpha_K, axis, offset = (
        torch.from_numpy(array[voxels]).to(device)
        for array in (excitation.alpha_K, excitation.easy_axis, excitation.offset)
    )
    field = torch.from_numpy(excitation.field).to(device)

    def run() -> None:
        table.moments(alpha_K, axis, offset, field)
        synchronize(device)

    return run, count / case.grid.voxels


def synchronize(device: str) -> None:
    """Wait until a device is done."""
    import torch

    if device != "cpu":
        torch.cuda.synchronize(device)


def peak_memory(case: Case, device: str) -> dict[str, str]:
    """Return the largest memory of a GPU that a simulation takes."""
    import torch

    if device == "cpu":
        return {}
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    case.simulate(device)
    return {"peak memory of the GPU": f"{(torch.cuda.max_memory_allocated(device) - before) / 2**30:.2f} GiB"}


def difference(found: SystemMatrixRows, expected: SystemMatrixRows) -> float:
    """Return the largest difference of two simulations of a matrix, relative to the strongest component of the channel.

    A component at the threshold may be kept in one alone: its distance from the threshold then counts.
    """
    keys = [rows.channel.astype(np.int64) << 32 | rows.frequency for rows in (found, expected)]
    _, here, there = np.intersect1d(*keys, assume_unique=True, return_indices=True)
    worst = 0.0
    for i, j in zip(here, there, strict=True):
        peak = np.abs(expected.values[j]).max() / expected.strength[j]
        worst = max(worst, float(np.abs(found.values[i] - expected.values[j]).max() / peak))
    for rows, common in ((found, here), (expected, there)):
        alone = np.abs(np.delete(rows.strength, common) - KEEP_ABOVE)
        worst = max(worst, float(alone.max(initial=0.0)))
    return worst
