"""Simulation against its floor: moments against quadrature, system matrices against their Fourier transforms alone.

    python benchmarks/bench_physics.py [--matrices 10]

Every figure is a ratio within one run on one machine: the parts are timed in turn, the smallest of several repeats counts.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.fft

from mpipipe.config.sample import CalibrationRanges, Ensemble, ParticleRanges, ScannerRanges
from mpipipe.config.seeds import derive_seed
from mpipipe.physics.excitation import Excitation
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import moment_by_quadrature
from mpipipe.physics.particle import Particle
from mpipipe.physics.sampling import draw_table, particle_of, scanner_of
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import SystemMatrixRows, simulate_rows

THREADS = 2
KINDS = ("immobilised", "fluid")


def setup(dimension: int, kind: str) -> tuple[Scanner, Particle, Grid]:
    """Return an Open-MPI-like scanner; the easy axis is generic, so all three channels carry signal."""
    amplitude = (12, 12, 12 if dimension == 3 else 0)
    scanner = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=amplitude, divider=(102, 96, 99))
    particle = Particle(core_diameter_nm=20, anisotropy_J_per_m3=3000, kind=kind, easy_axis=(0.3, 0.5, 0.8))
    shape, size = ((30, 30), (30.0, 30.0)) if dimension == 2 else ((19,) * 3, (30.0, 30.0, 15.0))
    return scanner, particle, Grid(shape=shape, field_of_view_mm=size)


def best(*calls: Callable[[], object], repeats: int) -> list[float]:
    """Time the calls in turn, so that a busy machine hits all alike, and return the smallest time of each in s."""
    times = [[] for _ in calls]
    for _ in range(repeats):
        for call, found in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            found.append(time.perf_counter() - start)
    return [min(found) for found in times]


def fourier_floor(scanner: Scanner, grid: Grid) -> Callable[[], object]:
    """Return the real Fourier transforms of three channels at all voxels, block by block on the same threads."""
    block = max(1, 2**19 // (3 * scanner.samples))
    signal = np.random.default_rng(0).normal(size=(block, 3, scanner.samples))

    def run() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _: scipy.fft.rfft(signal).size, range(-(-grid.voxels // block))))

    return run


def moments() -> Iterator[str]:
    """Yield the table of moment evaluation against vectorised quadrature with 48 nodes in NumPy."""
    yield "| moment evaluation | table | quadrature | ratio |"
    yield "| --- | ---: | ---: | ---: |"
    for kind in KINDS:
        fast_ns, slow_ns = moment_times_ns(kind)
        yield f"| {kind}, ns a sample | {fast_ns:.1f} | {slow_ns:.0f} | {slow_ns / fast_ns:.0f} × faster |"


def moment_times_ns(kind: str) -> tuple[float, float]:
    """Return the time a sample of the table and of quadrature, on the same threads."""
    excitation = Excitation.of(*setup(2, kind))
    table, voxels, few = excitation.table(), np.arange(len(excitation.offset)), 2
    out = np.empty((len(voxels), 3, excitation.field.shape[1]))
    field = (excitation.offset[:few, :, None] + excitation.field[None]).transpose(0, 2, 1)
    alpha, axis = excitation.alpha_K[:few, None], excitation.easy_axis[:few, None]

    def fast() -> None:
        halves = np.array_split(voxels, THREADS)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda v: excitation.moments_by_table(table, v, out[v[0] : v[-1] + 1]), halves))

    def slow() -> None:
        parts = zip(*(np.array_split(a, THREADS) for a in (field, alpha, axis)), strict=True)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda p: moment_by_quadrature(*p, nodes=48), parts))

    fast_s, slow_s = best(fast, slow, repeats=5)
    return fast_s / out[:, 0].size * 1e9, slow_s / field[..., 0].size * 1e9


def matrices() -> Iterator[str]:
    """Yield the table of whole system matrices against their Fourier transforms alone."""
    yield "| system matrix | components | Fourier floor | table | matrix | matrix / floor | with table / floor |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for dimension, repeats in ((2, 9), (3, 2)):
        for kind in KINDS:
            scanner, particle, grid = setup(dimension, kind)
            excitation = Excitation.of(scanner, particle, grid)
            table = excitation.table()
            rows = simulate_rows(scanner, particle, grid, table=table, threads=THREADS)
            floor, made, whole = best(
                fourier_floor(scanner, grid),
                excitation.table,
                lambda s=scanner, p=particle, g=grid, t=table: simulate_rows(
                    s, p, g, table=t, threads=THREADS
                ),
                repeats=repeats,
            )
            name = f"{dimension}-D {'×'.join(map(str, grid.shape))}, {kind}"
            yield (
                f"| {name} | {len(rows.values)} | {floor * 1e3:.0f} ms | {made * 1e3:.0f} ms | {whole * 1e3:.0f} ms "
                f"| {whole / floor:.2f} | {(whole + made) / floor:.2f} |"
            )


def errors(count: int) -> Iterator[str]:
    """Yield the worst error of components above 1e-4 of their channel's strongest, over random matrices."""
    ranges = (ParticleRanges(), ScannerRanges(), CalibrationRanges())
    drawn = draw_table(
        Ensemble(train=count, val=1, test=2), *ranges, seed_of=lambda s, i: derive_seed(7, s, i)
    )
    yield "| particles | matrices | components | worst error | median of the worst |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for kind in KINDS:
        worst, components = [], 0
        for _, row in drawn.query("split == 'train'").iterrows():
            scanner = scanner_of(row)
            particle = particle_of(row).model_copy(update={"kind": kind})
            size = (row["field_of_view_x_mm"], row["field_of_view_y_mm"])
            grid = Grid(shape=(6, 6), field_of_view_mm=size)
            found = error_of(scanner, particle, grid)
            worst.append(found.max())
            components += len(found)
        yield f"| {kind} | {count} | {components} | {max(worst):.1e} | {np.median(worst):.1e} |"


def error_of(scanner: Scanner, particle: Particle, grid: Grid) -> np.ndarray:
    """Return each component's largest error over voxels, relative to its own largest modulus."""
    reference = simulate_rows(scanner, particle, grid, method="quadrature")
    fast = simulate_rows(scanner, particle, grid, keep_above=5e-5)
    row = {pair: i for i, pair in enumerate(zip(fast.channel, fast.frequency, strict=True))}
    chosen = fast.values[[row[pair] for pair in zip(reference.channel, reference.frequency, strict=True)]]

    def peak(values: SystemMatrixRows) -> np.ndarray:
        return np.abs(values).reshape(len(values), -1).max(axis=1)

    return peak(chosen - reference.values) / peak(reference.values)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matrices", type=int, default=10, help="random matrices a kind in the error check")
    arguments = parser.parse_args()
    for part in (moments(), matrices(), errors(arguments.matrices)):
        print("\n".join(part), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
