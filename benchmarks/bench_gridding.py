"""X-space gridding against the bytes that it has to move, a sparse matrix-vector product, and other ways to an image.

The floor of a call is the time in which its memory is touched once, measured in the same run on the same core: the matrices
read, once for each tile of scenes, the signals read, a new array of images filled. The sparse product is SciPy's with the same
matrices and one vector of samples each, nothing more; the other ways interpolate in Delaunay triangles, and average with
Gaussian weights in a plain loop over pixels. Preparation is left out for all. Times are those of a scene of two partitions.

The error is that against SciPy's product in double precision, over the largest value. Ways differ in accuracy, too: the
bias is the largest error of the image of a point source in the central half of the field over its peak, the noise the mean
noise of the images over that of the samples, times the largest speed.
"""

import time
from collections.abc import Iterator
from functools import cache

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.accuracy import bounded
from benchmarks.deblurring_scanner import PARTICLE, SCANNER, pixels
from benchmarks.machine_rates import total
from benchmarks.other_gridding import Delaunay, GaussianLoop
from benchmarks.report import duration, show
from benchmarks.row import Row
from benchmarks.timing import best, timed
from mpipipe.physics.point_spread import collinear_point_spread, point_spread_tensor
from mpipipe.physics.trajectory import (
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)
from mpipipe.reconstruction.gridding import Gridding
from mpipipe.reconstruction.gridding_kernel import LANES
from mpipipe.reconstruction.partition import partition

TITLE = "X-space gridding"
SOURCES_M = 1e-3 * np.array([[0, 0], [1.3, 2.1], [-4.2, 0.7], [3.9, -3.3], [-2, -4.7], [4.95, 4.95]])
GAUSSIAN_M = 0.118e-3
NOISE_DRAWS = 10
BOUND = 1e-5
Images = np.ndarray


def rows(quick: bool) -> Iterator[Row]:
    """Yield grids of the laptop and of the paper, for one scene and for many."""
    with threadpool_limits(1):
        for size in (20,) if quick else (80, 280):
            yield from grid_of(size, (1, 16) if quick else (1, 16, 64))


def grid_of(size: int, counts: tuple[int, ...]) -> Iterator[Row]:
    """Yield the times of a scene, alone and among others."""
    preparation_s = timed(lambda: Gridding.of(SCANNER, pixels(size)))
    gridding = Gridding.of(SCANNER, pixels(size))
    others = other_ways(size)
    samples = [np.random.default_rng(1).standard_normal(len(part)) for part in motion()[2]]
    others_s = best(*(lambda pair=pair: apply(pair, samples) for pair in others.values()), repeats=1)
    for count in counts:
        signals = np.random.default_rng(0).standard_normal((count, 2, gridding.time), np.float32)
        yield Row(
            subject=f"{size} × {size} pixels, {count} scene" + "s" * (count > 1),
            **times(gridding, signals),
            others={"sparse product, SciPy": sparse_s(gridding)} | dict(zip(others, others_s, strict=True)),
            error=bounded(error(gridding, signals[:1]), BOUND),
            bound_by="reading the matrices" if count <= LANES else "gathering samples from the cache",
            more={
                "matrices": f"{matrix_bytes(gridding) / 1e6:.0f} MB",
                "preparation": duration(preparation_s),
            }
            | (accuracy(size, gridding, others) if count == counts[0] and size < 100 else {}),
        )


def times(gridding: Gridding, signals: np.ndarray) -> dict[str, object]:
    """Return the time a scene, and its floor: matrices, signals and images touched once, on one core."""
    arrays = [a for p in gridding.partitions for a in (p.matrix.data, p.matrix.indices.view(np.float32))]
    flat = signals.reshape(-1)
    ours, matrices, inputs, outputs = best(
        lambda: gridding.apply(signals),
        lambda: [total(a) for a in arrays],
        lambda: total(flat),
        lambda: np.full((len(signals), 2, *gridding.shape), 1, np.float32),
        repeats=7,
        clock=time.thread_time,
    )
    floor = -(-len(signals) // LANES) * matrices + inputs + outputs
    return {
        "seconds": ours / len(signals),
        "floor": "matrices, signals and images touched once",
        "floor_seconds": floor / len(signals),
    }


def sparse_s(gridding: Gridding) -> float:
    """Return the time of SciPy's products of both matrices with a vector."""
    vectors = [np.ones(part.matrix.shape[1], np.float32) for part in gridding.partitions]
    pairs = list(zip(gridding.partitions, vectors, strict=True))
    return best(lambda: [part.matrix @ v for part, v in pairs], repeats=5, clock=time.thread_time)[0]


def matrix_bytes(gridding: Gridding) -> int:
    """Return the bytes of values and indices of both matrices."""
    return sum(8 * part.matrix.nnz for part in gridding.partitions)


def error(gridding: Gridding, signals: np.ndarray) -> float:
    """Return the largest difference from SciPy's products in double precision, over the largest value."""
    images = gridding.apply(signals).reshape(len(signals), 2, -1)
    exact = [
        [part.matrix.astype(float) @ (part.projection * u[:, part.samples].astype(float)).sum(axis=0)
         for part in gridding.partitions]
        for u in signals
    ]  # fmt: skip
    return float(np.abs(images - exact).max() / np.abs(exact).max())


@cache
def motion() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return position and velocity of the samples, and their partitions."""
    time_s = sample_times_s(SCANNER)
    velocity = field_free_point_velocity_m_per_s(SCANNER, time_s)[:, :2]
    return field_free_point_m(SCANNER, time_s)[:, :2], velocity, partition(velocity, 0.1)


def other_ways(size: int) -> dict[str, list[Delaunay] | list[GaussianLoop]]:
    """Return other ways to the images of both partitions."""
    position, _, parts = motion()
    centres = pixels(size).positions_m()[..., :2].reshape(-1, 2)
    return {
        "Delaunay triangles, SciPy": [Delaunay(position[part], centres) for part in parts],
        "Gaussian average, plain loop": [GaussianLoop(position[part], centres, GAUSSIAN_M) for part in parts],
    }


def apply(pair, samples: list[np.ndarray]) -> Images:
    """Return the images of both partitions of one scene by another way, ``(partition, pixel)``."""
    return np.array([way.apply(values) for way, values in zip(pair, samples, strict=True)])


def accuracy(size: int, gridding: Gridding, others) -> dict[str, str]:
    """Return bias and noise of every way, as text."""
    _, velocity, parts = motion()
    speed = np.hypot(*velocity.T)
    signals = source_signals()
    collinear = np.einsum("sit,ti->st", signals, velocity) / speed**2
    rng = np.random.default_rng(2)
    draws = rng.standard_normal((NOISE_DRAWS, len(speed))) / speed
    noise = {"ours": gridding.noise_gain.mean()}
    images = {"ours": gridding.apply(signals)}
    for name, pair in others.items():
        found = [apply(pair, [c[part] for part in parts]) for c in (*collinear, *draws)]
        images[name] = np.reshape(found[: len(signals)], (len(signals), 2, size, size))
        noise[name] = np.std(found[len(signals) :], axis=0).mean()
    return {
        f"bias, noise: {name}": f"{100 * bias(found, gridding.direction, size):.1f} %, {speed.max() * noise[name]:.2f}"
        for name, found in images.items()
    }


def source_signals() -> np.ndarray:
    """Return the signals of point sources, ``(source, coil, time)``."""
    position, velocity, _ = motion()
    tensor = point_spread_tensor(PARTICLE, SCANNER.gradient_T_per_m, SOURCES_M[:, None] - position)
    return np.einsum("stij,tj->sit", tensor, velocity)


def bias(images: Images, direction: np.ndarray, size: int) -> float:
    """Return the largest error in the central half of the field over the peak, of ``(source, partition, x, y)``."""
    centres = pixels(size).positions_m()[..., :2]
    central = (np.abs(centres) < 5e-3).all(axis=-1)
    errors = []
    for source, image in zip(SOURCES_M, images, strict=True):
        truth = collinear_point_spread(PARTICLE, SCANNER.gradient_T_per_m, source - centres, direction)
        errors.append(np.abs(image - truth)[:, central].max() / truth.max())
    return float(max(errors))


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
