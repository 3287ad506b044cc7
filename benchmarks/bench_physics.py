"""Simulation of system matrices against their Fourier transforms alone, and against simulation without tables.

The floor is the real transforms of three channels at all voxels, whole periods in double precision, on the same threads,
by whichever of NumPy, SciPy and PyTorch transforms a trial in the shortest time. With cosine drive the matrix needs only half a
period, and that of fluid particles on a centred grid only half of the voxels, so a ratio may be below 1; the transforms of half a
period stand beside. A time contains the matrix's own table.

The other ways are plain NumPy and SciPy over whole periods with NumPy's transforms, voxel by voxel on the same threads:
quadrature with 48 nodes, a series in Bessel functions (exact, as many terms as the anisotropy asks for), and the Langevin
function, which leaves out anisotropy. They are timed for some voxels and scaled to all.

An error is that of a component in some voxels against quadrature, over the component's largest modulus; the bound is the
package's promise, 1e-3 for every component above 1e-4 of its channel's strongest.

On a GPU the same matrices are simulated with `device="cuda"`, their values brought back to the host's memory. The floor is
PyTorch's real transforms of the same size on that GPU alone; the other way is the simulation on all processors, and an error is
the largest difference from that, relative to the strongest component of the channel; its bound is the step of complex64.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.accuracy import bounded
from benchmarks.device_simulation import device_rows
from benchmarks.fourier_floor import Transforms
from benchmarks.machine import cores
from benchmarks.memory import peak_bytes
from benchmarks.other_simulations import bessel_series, langevin, quadrature
from benchmarks.report import show
from benchmarks.row import Row
from benchmarks.simulation_case import Case
from benchmarks.timing import best

TITLE = "System matrix simulation"
KINDS = ("immobilised", "fluid")
OTHERS = {
    "quadrature, NumPy": quadrature,
    "Bessel series, NumPy": bessel_series,
    "Langevin, NumPy, no anisotropy": langevin,
}
BOUND, SERIES_BOUND = 1e-3, 1e-9
MEMORY_BYTES = 4e9
TARGET = 2.0


def rows(quick: bool) -> Iterator[Row]:
    """Yield whole matrices, then how the time grows with voxels, samples and cores."""
    yield from (matrix((6, 6) if quick else (30, 30), kind, quick) for kind in KINDS)
    yield from (matrix((3, 3, 3) if quick else (19, 19, 19), kind, quick) for kind in KINDS)
    least = 0.0 if quick else 1.0
    for shape in ((8, 8),) if quick else ((60, 60), (120, 120), (9, 9, 9)):
        yield scaled(Case(shape), "", least)
    for times in (2,) if quick else (4, 16):
        yield scaled(Case((4, 4) if quick else (30, 30), oversampling=times), f"{times}-fold samples", least)
    for threads in threads_to_try():
        shape = (3, 3, 3) if quick else (13, 13, 13)
        yield scaled(Case(shape, threads=threads), f"{threads} thread" + "s" * (threads > 1), least)


def gpu_rows(quick: bool) -> Iterator[Row]:
    """Yield the whole matrices on a GPU."""
    yield from device_rows("cuda", quick)


def threads_to_try() -> list[int]:
    """Return 1, 2, 4 and so on up to 16 and to all cores."""
    return [count for count in (1, 2, 4, 8, 16) if count <= cores()]


def matrix(shape: tuple[int, ...], kind: str, quick: bool) -> Row:
    """Return one whole matrix beside its floor, other ways, peak memory and the share of its moments."""
    case = Case(shape, kind)
    few = case.voxels(4 * case.threads if len(shape) == 2 else case.threads)
    scale = case.grid.voxels / len(few)
    whole, half = (Transforms.fastest(count, case.threads) for count in (case.samples, case.samples // 2))
    signals = 3 * case.grid.voxels
    some = case.voxels(256 * case.threads)
    seconds, floor_s, half_s, some_s = best(
        case.simulate,
        whole.of(signals),
        half.of(signals),
        case.interpolate(some),
        repeats=2 if len(shape) == 3 or quick else 9,
    )
    share = some_s * case.simulated / len(some) / seconds
    others = best(*(case.otherwise(model, few) for model in OTHERS.values()), repeats=2)
    found = case.simulate()
    return Row(
        subject=f"{case.name}, {kind}",
        seconds=seconds,
        floor=floor_name(case, whole),
        floor_seconds=floor_s,
        target=TARGET,
        others={name: scale * one for name, one in zip(OTHERS, others, strict=True)},
        error=bounded(case.error(found, quadrature, few), BOUND),
        bound_by=f"moments from the table, {share:.0%} of the time; then transforms and passes over memory",
        more={
            "components": str(len(found.values)),
            "time / transforms of half a period": f"{seconds / half_s:.2f}",
            "error of the series": bounded(series_error(case, few), SERIES_BOUND),
        }
        | peak_memory(case),
    )


def floor_name(case: Case, transforms: Transforms) -> str:
    """Return what the floor is, in words."""
    return f"{transforms.library}: {3 * case.grid.voxels} transforms of {case.samples} samples"


def peak_memory(case: Case) -> dict[str, str]:
    """Return the largest memory of a process that simulates a 3-D matrix; it may not exceed 4 GB."""
    if len(case.shape) < 3:
        return {}
    peak = peak_bytes(Case(case.shape, case.kind).simulate)
    if peak > MEMORY_BYTES:
        raise AssertionError(
            f"memory: found {peak / 1e9:.1f} GB, expected at most {MEMORY_BYTES / 1e9:.0f} GB"
        )
    return {"peak memory": f"{peak / 1e9:.2f} GB (bound {MEMORY_BYTES / 1e9:.0f} GB)"}


def series_error(case: Case, voxels: np.ndarray) -> float:
    """Return the largest difference of moments by the series and by quadrature."""
    seen = [case.seen(voxel) for voxel in voxels]
    return max(float(np.abs(bessel_series(*one) - quadrature(*one)).max()) for one in seen)


def scaled(case: Case, addition: str, seconds: float) -> Row:
    """Return another size of immobilised particles beside its floor."""
    whole = Transforms.fastest(case.samples, case.threads)
    taken, floor_s = best(case.simulate, whole.of(3 * case.grid.voxels), repeats=2, seconds=seconds)
    values = case.grid.voxels * case.samples
    return Row(
        subject=f"{case.name}, {addition}" if addition else case.name,
        seconds=taken,
        floor=floor_name(case, whole),
        floor_seconds=floor_s,
        target=TARGET,
        error=bounded(case.error(case.simulate(), quadrature, case.voxels(2)), BOUND),
        bound_by="as the whole matrices",
        more={"time a voxel and sample": f"{1e9 * taken / values:.1f} ns"},
    )


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
