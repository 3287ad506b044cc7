"""ADMM iterations against the matrix products they need, and against the iteration written out in PyTorch.

The floor is the two products with V alone, the smallest number with which an iteration can be run, batched as the iteration is,
measured in the same run on one core. The other way is the iteration on all 2M coordinates of one signal, with the
inverse matrix, as plain PyTorch calls, on one core too. Times are those of a signal and iteration; of a whole solve with 200
iterations the factorisation is a part.

The error is the distance of an image after 50 iterations from the plain iteration's, over its norm. The map of the total
variation is iterated and starts anew in every plain iteration, here from the last one's dual variables.
"""

from collections.abc import Iterator

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.accuracy import bounded
from benchmarks.report import duration, show
from benchmarks.row import Row
from benchmarks.timing import best
from mpipipe.config.admm import AdmmConfig
from mpipipe.reconstruction.admm import Penalty, begin, run, solve
from mpipipe.reconstruction.factorisation import factorise, locate

TITLE = "ADMM"
COMPONENTS, GRID = 839, (19, 19)
"""The 2-D matrix of the reconstruction study."""
ITERATIONS = 50
PENALTIES = ("l1", "tv", "l1_tv")
BOUND = 1e-3


def rows(quick: bool) -> Iterator[Row]:
    """Yield the penalties, for one signal and for many."""
    torch.set_num_threads(1)
    components, grid, counts = (60, (5, 5), (1, 4)) if quick else (COMPONENTS, GRID, (1, 64))
    rng = np.random.default_rng(0)
    A = rng.standard_normal((components, grid[0] * grid[1], 2), np.float32).view(np.complex64)[..., 0]
    b = rng.random((max(counts), A.shape[1]), np.float32) @ A.T
    noise = 0.03 * np.linalg.norm(b, axis=1)
    with threadpool_limits(1):
        for penalty in PENALTIES:
            for count in counts:
                yield iteration(A, b[:count], noise[:count], grid, AdmmConfig(penalty=penalty))


def iteration(
    A: np.ndarray, b: np.ndarray, noise_norm: np.ndarray, grid: tuple[int, int], config: AdmmConfig
) -> Row:
    """Return the time of one iteration beside its matrix products and the plain iteration."""
    system = factorise(A, config.scale)
    signals = locate(system, b, noise_norm)
    penalty = Penalty.of(config, grid)
    state = begin(system, signals, penalty)
    image = state.splits[0]
    steps = len(b) * ITERATIONS
    ours_s, floor_s = best(
        lambda: run(system, signals, state, penalty, config.mu, ITERATIONS),
        lambda: [(image @ system.right) @ system.right.T for _ in range(ITERATIONS)],
        repeats=9,
    )
    plain = PlainIteration(A, b[0], system.unit, signals, penalty, config.mu)
    plain_s, whole_s = best(
        plain.run, lambda: solve(A, b, config, grid=grid, noise_norm=noise_norm), repeats=2
    )
    return Row(
        subject=f"{config.penalty}, {A.shape[0]} × {A.shape[1]}, {len(b)} signal" + "s" * (len(b) > 1),
        seconds=ours_s / steps,
        floor="products with V",
        floor_seconds=floor_s / steps,
        others={"PyTorch, signal by signal": plain_s / ITERATIONS},
        error=bounded(error(system, signals, penalty, config, plain), BOUND),
        bound_by="calls of one signal's steps" if len(b) == 1 else "matrix products and proximal maps",
        more={"whole solve, a signal": duration(whole_s / len(b))},
    )


def error(system, signals, penalty: Penalty, config: AdmmConfig, plain: "PlainIteration") -> float:
    """Return the distance of the first image from that of the plain iteration, over its norm."""
    state = run(system, signals, begin(system, signals, penalty), penalty, config.mu, ITERATIONS)
    reference = plain.run().numpy()
    return float(np.linalg.norm(state.splits[-1][0] - reference) / np.linalg.norm(reference))


class PlainIteration:
    """The iteration on every row of the stacked matrix, for one signal, in PyTorch."""

    def __init__(self, A, b, unit, signals, penalty: Penalty, mu: float):
        self.A = torch.tensor(np.concatenate([A.real, A.imag]) / unit)
        stacked = np.concatenate([b.real, b.imag]) / (unit * signals.peak[0])
        self.b = torch.tensor(stacked, dtype=self.A.dtype)
        self.inverse = torch.linalg.inv(penalty.splits * torch.eye(A.shape[1]) + self.A.T @ self.A)
        self.radius, self.penalty, self.mu = signals.radius[0], penalty, mu
        self.start = torch.from_numpy(signals.start[0])

    def run(self) -> torch.Tensor:
        """Return the image after all iterations."""
        A, b, penalty = self.A, self.b, self.penalty
        terms = [weight for weight in (penalty.variation, penalty.sparsity) if weight]
        z = self.start.repeat(len(terms), 1)
        data, d = A @ self.start, torch.zeros_like(z)
        multiplier = torch.zeros_like(b)
        for _ in range(ITERATIONS):
            x = self.inverse @ ((z + d).sum(0) + A.T @ (data + multiplier))
            Ax = A @ x
            points = x - d
            z = torch.clamp(points - penalty.sparsity / self.mu, min=0)
            if penalty.variation:
                field = points[0].reshape(penalty.grid)
                z[0] = prox_tv(field, penalty.variation / self.mu, penalty.iterations).flatten()
            residual = Ax - multiplier - b
            data = b + residual * torch.clamp(self.radius / residual.norm(), max=1)
            d = d + z - x
            multiplier = multiplier + data - Ax
        return z[-1]


def prox_tv(v: torch.Tensor, weight: float, iterations: int) -> torch.Tensor:
    """Return the proximal map of the total variation by projected gradient steps on its dual."""
    p = torch.zeros((2, *v.shape))
    zero_x, zero_y = torch.zeros((1, v.shape[1])), torch.zeros((v.shape[0], 1))

    def image(p: torch.Tensor) -> torch.Tensor:
        steps = torch.diff(p[0], dim=0, prepend=zero_x) + torch.diff(p[1], dim=1, prepend=zero_y)
        return (v + weight * steps).clamp(min=0)

    for _ in range(iterations):
        u = image(p)
        p[0, :-1] += torch.diff(u, dim=0) / (8 * weight)
        p[1, :, :-1] += torch.diff(u, dim=1) / (8 * weight)
        p /= p.norm(dim=0).clamp(min=1)
    return image(p)


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
