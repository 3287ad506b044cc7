"""Kaczmarz sweeps against what the machine allows, and against a row loop in NumPy.

``python benchmarks/bench_kaczmarz.py`` prints a Markdown table. The floor is the larger of two times, both
measured in the same run with compiled loops on one thread. Arithmetic: 16 operations a complex entry and
sweep, at the rate of multiply-adds on numbers that stay near the registers. Memory: each row is read once a
sweep by a tile of signals, at the rate of summing the same array. All on one thread but for the whole solve.
"""

import time

import numba
import numpy as np

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.reconstruction.kaczmarz import TILE, KaczmarzState, lay_out, solve, sweep

SIZES = ((839, 361), (3175, 6859))
"""Components x voxels: the 2-D matrix of the reconstruction study, and a 19³ matrix beyond the cache."""


@numba.njit(fastmath=True)
def multiply_adds(values, rounds):
    """Fused multiply-adds on 256 numbers that stay close to the registers: 2 * 256 * rounds operations."""
    for _ in range(rounds):
        for k in range(256):
            values[k] = values[k] * np.float32(0.999) + np.float32(0.001)
    return values


@numba.njit(fastmath=True)
def total(values):
    """Sum of an array: one pass over the memory."""
    result = values.dtype.type(0)
    for k in range(values.size):
        result += values[k]
    return result


def best_time(function, repeats=15):
    """Shortest of a few runs, in seconds, after one run that compiles."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def numpy_sweeps(A, b, regularization, sweeps):
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


def arithmetic_rate():
    """Operations a second of one thread, in single precision."""
    values = np.ones(256, np.float32)
    rounds = 200_000
    return 2 * 256 * rounds / best_time(lambda: multiply_adds(values, rounds))


def bench(components, voxels, signals, rate, sweeps=10):
    """One row of the table."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((components, voxels, 2), np.float32).view(np.complex64)[..., 0]
    b = rng.random((signals, voxels), np.float32) @ A.T
    config = KaczmarzConfig(iterations=sweeps)
    system = lay_out(A, np.ones(components), config)
    scaled, _ = system.signals(b)
    state = KaczmarzState.zeros(system, signals)

    one = best_time(lambda: sweep(system, scaled, state, config, workers=1)) / sweeps
    arithmetic = 16 * components * voxels * signals / rate
    traffic = best_time(lambda: total(system.rows.reshape(-1))) * -(-signals // TILE)
    floor = max(arithmetic, traffic)
    whole = best_time(lambda: solve(A, b, config), 3) / sweeps
    loop = best_time(lambda: numpy_sweeps(A, b[0], np.float32(1.0), 1), 2) * signals
    times = (one, arithmetic, traffic, loop, whole)
    cells = (f"{components} x {voxels}", signals, *(f"{1e3 * t:.3f}" for t in times))
    ratios = (f"{one / floor:.2f}", f"{loop / one:.1f}")
    return "| " + " | ".join(map(str, cells + ratios)) + " |"


def main():
    """Print the table."""
    rate = arithmetic_rate()
    print(f"complex64, {rate / 1e9:.0f} GFLOP/s multiply-add rate of one thread; times in ms a sweep\n")
    titles = (
        "matrix", "signals", "sweep", "arithmetic floor", "memory floor", "NumPy row loop",
        "whole solve / sweeps, all cores", "sweep / floor", "NumPy / sweep",
    )  # fmt: skip
    print("| " + " | ".join(titles) + " |\n|" + " --- |" * len(titles))
    for components, voxels in SIZES:
        for signals in (1, 16):
            print(bench(components, voxels, signals, rate), flush=True)


if __name__ == "__main__":
    main()
