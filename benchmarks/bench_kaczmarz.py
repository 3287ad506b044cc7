"""Kaczmarz sweeps against what the machine allows, a row loop in NumPy, and other ways to the Tikhonov image.

The floor of a sweep is the larger of two times, both measured in the same run with compiled loops on one core. Arithmetic:
16 operations a complex entry, signal and sweep, at the rate of multiply-adds on numbers that stay in registers. Memory:
each row is read once a sweep by a tile of signals, at the rate of summing the same array. Times of sweeps are those of one core,
a signal and sweep; images a second are wall time on all cores, from matrix to image.

The rows of the Tikhonov problem, without projections, compare accuracy as well: sweeps, LSMR for each signal, and one
factorisation of the normal equations for all signals, in single precision. Their error is the distance from the solution in
double precision, over its norm, the worst of the signals; that of the sweeps is asserted after 1000 sweeps. The error
of a sweep is the distance from a row loop in double precision after two sweeps.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
import scipy.linalg
import scipy.sparse.linalg
from threadpoolctl import threadpool_limits

from benchmarks.accuracy import bounded
from benchmarks.machine import cores
from benchmarks.machine_rates import arithmetic_rate, total
from benchmarks.report import show
from benchmarks.row import Row
from benchmarks.timing import best
from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.reconstruction.kaczmarz import TILE, KaczmarzState, solve, sweep
from mpipipe.reconstruction.kaczmarz_system import lay_out

TITLE = "Kaczmarz"
SMALL, LARGE, TINY = (839, 361), (3175, 6859), (60, 40)
"""Components x voxels: the 2-D matrix of the reconstruction study, a 19³ matrix beyond the cache, one for a trial."""
REGULARIZATION = 1e-2
"""Relative λ."""
TARGET, IMAGES_A_SECOND = 1.5, 3000
SWEEP_BOUND, TIKHONOV_BOUND = 1e-4, 1e-3
LOOP = "row loop, NumPy"


def rows(quick: bool) -> Iterator[Row]:
    """Yield sweeps in and beyond the cache, whole solves, and other ways to the same image."""
    rate = arithmetic_rate(5 if quick else 200)
    sizes = ((TINY, (1, 16)),) if quick else ((SMALL, (1, 16, 64)), (LARGE, (1, 16)))
    for size, batches in sizes:
        for signals in batches:
            yield one_sweep(*size, signals, rate)
    yield whole_solve(*(TINY if quick else SMALL), 8 if quick else 1024, rate)
    yield tikhonov(*(TINY if quick else SMALL), 4 if quick else 64)


def one_sweep(components: int, voxels: int, signals: int, rate: float) -> Row:
    """Return the time a signal and sweep beside the floor of one core."""
    A, b = random_problem(components, voxels, signals)
    in_cache = A.nbytes < 2**23
    config = KaczmarzConfig(iterations=40 if in_cache else 1, regularization=REGULARIZATION)
    system = lay_out(A, np.ones(components), config)
    scaled, _ = system.signals(b)
    state = KaczmarzState.zeros(system, signals)
    entries = system.blocks.reshape(-1)
    sweeps_s, memory_s = best(
        lambda: sweep(system, scaled, state, config, workers=1),
        lambda: total(entries),
        repeats=9,
        seconds=1.0 if voxels > 100 else 0.0,
        clock=time.process_time,
    )
    loop_s = best(lambda: row_loop(A, b[0], np.float32(1.0), 1), repeats=1, clock=time.process_time)[0]
    arithmetic_s = 16 * components * voxels * signals / rate
    memory_s *= -(-signals // TILE)
    return Row(
        subject=f"a sweep of {components} × {voxels}, {signals} signal" + "s" * (signals > 1),
        seconds=sweeps_s / config.iterations / signals,
        floor="arithmetic in registers" if arithmetic_s > memory_s else "one pass over the rows",
        floor_seconds=max(arithmetic_s, memory_s) / signals,
        target=TARGET,
        others={LOOP: loop_s},
        error=bounded(sweep_error(A, b[:2]), SWEEP_BOUND),
        bound_by="floating-point rate" if arithmetic_s > memory_s else "memory bandwidth",
        more={"floating-point rate": f"{rate / 1e9:.0f} GFLOP/s", "rows": f"{A.nbytes / 1e6:.1f} MB"},
    )


def whole_solve(components: int, voxels: int, signals: int, rate: float) -> Row:
    """Return the time an image of ten sweeps, batched on all cores, beside the arithmetic of all cores."""
    A, b = random_problem(components, voxels, signals)
    config = KaczmarzConfig(iterations=10, regularization=REGULARIZATION)
    seconds = best(lambda: solve(A, b, config), repeats=5)[0] / signals
    images = 1 / seconds
    floor_s = 10 * 16 * components * voxels / rate / cores()
    met = "met" if images > IMAGES_A_SECOND else "missed"
    return Row(
        subject=f"ART, 10 sweeps of {components} × {voxels}, {signals} signals, all cores",
        seconds=seconds,
        floor="arithmetic in registers",
        floor_seconds=floor_s,
        target=1 / (IMAGES_A_SECOND * floor_s),
        error=bounded(sweep_error(A, b[:2]), SWEEP_BOUND),
        bound_by="floating-point rate, layout of the rows included",
        more={"images/s": f"{images:.0f} (target {IMAGES_A_SECOND}, {met})"},
    )


def tikhonov(components: int, voxels: int, signals: int) -> Row:
    """Return the time a signal to the regularised image by sweeps, LSMR, and a factorisation, with their errors."""
    A, b = random_problem(components, voxels, signals, noise=0.05)
    weight = float(REGULARIZATION * np.linalg.norm(A.astype(complex)) ** 2 / A.shape[1])
    reference = dense(A.astype(complex), b.astype(complex), weight)
    ways = {f"{sweeps} sweeps": sweeps_of(A, b, sweeps) for sweeps in (10, 100, 1000)}
    ways |= {f"LSMR, {limit:g}": lsmr_of(A, b, weight, limit) for limit in (1e-2, 1e-4)}
    ways["Cholesky, batched"] = lambda: dense(A, b, np.float32(weight))
    with threadpool_limits(1):
        times = dict(zip(ways, best(*ways.values(), repeats=2), strict=True))
    errors = {name: relative_error(way(), reference) for name, way in ways.items()}
    bounded(errors["1000 sweeps"], TIKHONOV_BOUND)
    ours, *rest = ways
    return Row(
        subject=f"Tikhonov image by 10 sweeps, {components} × {voxels}, {signals} signals, one core",
        seconds=times[ours] / signals,
        others={name: times[name] / signals for name in rest},
        error=", ".join(f"{name}: {error:.1e}" for name, error in errors.items()),
        bound_by="floating-point rate; sweeps needed",
    )


def random_problem(components: int, voxels: int, signals: int, noise: float = 0.0):
    """Return a Gaussian matrix, and signals of images between zero and one, with noise in proportion."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((components, voxels, 2), np.float32).view(np.complex64)[..., 0]
    b = rng.random((signals, voxels), np.float32) @ A.T
    e = rng.standard_normal((signals, components, 2), np.float32).view(np.complex64)[..., 0]
    return A, b + np.float32(noise * np.linalg.norm(b) / np.linalg.norm(e)) * e


def row_loop(A: np.ndarray, b: np.ndarray, regularization: float, sweeps: int) -> np.ndarray:
    """Run the same iteration with NumPy calls for each row."""
    x, v = np.zeros(A.shape[1], A.dtype), np.zeros(len(A), A.dtype)
    energy = np.sum(np.abs(A) ** 2, axis=1)
    conjugate, root = A.conj(), np.sqrt(regularization).astype(A.real.dtype)
    for _ in range(sweeps):
        for m in range(len(A)):
            alpha = (b[m] - A[m] @ x - root * v[m]) / (energy[m] + regularization)
            x += alpha * conjugate[m]
            v[m] += root * alpha
        x = np.maximum(x.real, 0).astype(A.dtype)
    return x


def sweep_error(A: np.ndarray, b: np.ndarray) -> float:
    """Return the distance of images after two sweeps from the row loop in double precision."""
    weight = REGULARIZATION * np.linalg.norm(A.astype(complex)) ** 2 / A.shape[1]
    reference = [row_loop(A.astype(complex), one.astype(complex), np.float64(weight), 2).real for one in b]
    images = solve(A, b, KaczmarzConfig(iterations=2, regularization=REGULARIZATION)).image
    return relative_error(images, np.array(reference))


def relative_error(x: np.ndarray, reference: np.ndarray) -> float:
    """Return the worst relative distance of a batch of images."""
    return float(np.max(np.linalg.norm(x - reference, axis=1) / np.linalg.norm(reference, axis=1)))


def sweeps_of(A: np.ndarray, b: np.ndarray, sweeps: int) -> Callable[[], np.ndarray]:
    """Return what runs sweeps without projections on one core."""
    config = KaczmarzConfig(iterations=sweeps, regularization=REGULARIZATION, real=False, positive=False)
    return lambda: solve(A, b, config, workers=1).image


def dense(A: np.ndarray, b: np.ndarray, regularization: float) -> np.ndarray:
    """Return Tikhonov images of all signals by the Cholesky factor of the normal equations."""
    normal = A.conj().T @ A
    normal[np.diag_indices_from(normal)] += regularization
    return scipy.linalg.cho_solve(scipy.linalg.cho_factor(normal), A.conj().T @ b.T).T


def lsmr_of(
    A: np.ndarray, b: np.ndarray, regularization: float, tolerance: float
) -> Callable[[], np.ndarray]:
    """Return what finds the Tikhonov images of the signals one by one, on real and imaginary planes."""
    stack = np.block([[A.real, -A.imag], [A.imag, A.real]])
    planes = np.concatenate([b.real, b.imag], axis=1)
    options = {"damp": float(np.sqrt(regularization)), "atol": tolerance, "btol": tolerance, "conlim": 0}

    def run() -> np.ndarray:
        with np.errstate(over="ignore"):  # it starts a minimum at 1e100, which single precision does not hold
            found = np.array([scipy.sparse.linalg.lsmr(stack, one, **options)[0] for one in planes])
        return found[:, : A.shape[1]] + 1j * found[:, A.shape[1] :]

    return run


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
