"""X-space signals against a convolution's floor and against the sum over pixels.

The floor is what a convolution by FFT cannot do without: one forward real FFT of the scene, padded to twice its size, in single
precision, and one pass that reads sixteen nodes of three maps for each sample; measured in the same run on the same core.
The sum over pixels, the formula that defines the signal, is timed for a few samples and scaled to all. The error is that
of the sum's samples, relative to the largest signal, for a scene that is full and for one of a single pixel.
"""

import time
from collections.abc import Iterator

import numba
import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from benchmarks.accuracy import bounded
from benchmarks.deblurring_scanner import PARTICLE, SCANNER, pixels
from benchmarks.report import duration, show
from benchmarks.row import Row
from benchmarks.timing import best, timed
from mpipipe.physics.grid import Grid
from mpipipe.physics.point_spread import point_spread_tensor
from mpipipe.physics.trajectory import field_free_point_m, field_free_point_velocity_m_per_s, sample_times_s
from mpipipe.physics.xspace import XSpaceSignal

TITLE = "X-space signals"
SUMMED_SAMPLES = 20
BOUND = 2e-5


def rows(quick: bool) -> Iterator[Row]:
    """Yield a scene of the study's size and a larger one."""
    with threadpool_limits(1):
        yield from (scene_of(size, quick) for size in ((40,) if quick else (320, 560)))


def scene_of(size: int, quick: bool) -> Row:
    """Return the time of the signals of one scene."""
    grid = pixels(size)
    preparation_s = timed(lambda: XSpaceSignal.of(SCANNER, PARTICLE, grid))
    prepared = XSpaceSignal.of(SCANNER, PARTICLE, grid)
    scene = np.random.default_rng(0).random((size, size), np.float32)
    padded = np.zeros((2 * size, 2 * size), np.float32)
    padded[:size, :size] = scene
    stride = len(prepared.y.even)
    maps = np.zeros((3, len(prepared.x.even) * stride), np.float32)
    out = np.empty(SCANNER.samples, np.float32)
    ours_s, transform_s, gather_s = best(
        lambda: prepared.signals(scene[None]),
        lambda: scipy.fft.rfft2(padded),
        lambda: read_nodes(maps, prepared.first, stride, out),
        repeats=5 if quick else 40,
        clock=time.process_time,
    )
    few = np.arange(2 if quick else SUMMED_SAMPLES)
    sum_s = timed(lambda: sum_over_pixels(grid, scene, few)) * SCANNER.samples / len(few)
    return Row(
        subject=f"{size} × {size} pixels, {SCANNER.samples} samples",
        seconds=ours_s,
        floor="FFT of the padded scene, reading the nodes",
        floor_seconds=transform_s + gather_s,
        others={"sum over pixels, NumPy": sum_s},
        error=bounded(worst_error(prepared, grid, scene, few), BOUND),
        bound_by="two matrix products, then reading the nodes",
        more={
            "FFT": duration(transform_s),
            "reading the nodes": duration(gather_s),
            "preparation, once": duration(preparation_s),
        },
    )


@numba.njit(fastmath=True)
def read_nodes(maps, first, stride, out):
    """Add up the 16 x 3 floats that a sample needs."""
    for n in range(first.size):
        total = np.float32(0)
        for m in range(3):
            for i in range(4):
                start = first[n] + i * stride
                row = maps[m, start : start + 4]
                for k in range(4):
                    total += row[k]
        out[n] = total


def sum_over_pixels(grid: Grid, scene: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return the signal at some samples by the formula that defines it, over the occupied pixels."""
    at = sample_times_s(SCANNER)[samples]
    place = field_free_point_m(SCANNER, at)[:, :2]
    velocity = field_free_point_velocity_m_per_s(SCANNER, at)[:, :2]
    positions, amounts = grid.positions_m()[scene > 0][:, :2], scene[scene > 0].astype(np.float64)
    area = 1e-6 * np.prod(grid.field_of_view_mm) / grid.voxels
    signal = np.empty((2, len(samples)))
    for n, (x, v) in enumerate(zip(place, velocity, strict=True)):
        tensor = point_spread_tensor(PARTICLE, SCANNER.gradient_T_per_m, positions - x)
        signal[:, n] = area * np.tensordot(amounts, tensor, 1) @ v
    return signal


def worst_error(prepared: XSpaceSignal, grid: Grid, full: np.ndarray, few: np.ndarray) -> float:
    """Return the largest deviation from the sum over pixels, over the largest signal, of both scenes."""
    pixel = np.zeros_like(full)
    pixel[len(pixel) // 3, len(pixel) // 2] = 1
    errors = []
    for scene in (full, pixel):
        signal = prepared.signals(scene[None])[0]
        spread = np.linspace(0, SCANNER.samples - 1, len(few)).astype(int)
        samples = np.union1d(spread, np.abs(signal).argmax(axis=1))
        deviation = signal[:, samples] - sum_over_pixels(grid, scene, samples)
        errors.append(np.abs(deviation).max() / np.abs(signal).max())
    return float(max(errors))


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
