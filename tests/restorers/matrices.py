"""System matrices that no method was trained, tuned or scored on, and noise of a known level."""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

import mpipipe
from mpipipe.config.background import BackgroundConfig
from mpipipe.config.sample import CalibrationRanges, Ensemble, ParticleRanges, ScannerRanges
from mpipipe.config.seeds import derive_seed
from mpipipe.noise.background import synthesise_background
from mpipipe.noise.series import BackgroundSeries, draw_background
from mpipipe.physics.sampling import draw_table, grid_of, particle_of, scanner_of
from mpipipe.physics.system_function import simulate_rows

SEED = 987_654_321
"""Of no run."""
FREQUENCIES = 817
PLANE = mpipipe.Scanner(drive_amplitude_mT=(12, 12, 0), divider=(16, 12, 14))
SPACE = mpipipe.Scanner(drive_amplitude_mT=(12, 12, 12), divider=(8, 6, 7))
PARTICLE = mpipipe.Particle(core_diameter_nm=20, anisotropy_J_per_m3=1250)


@dataclass(frozen=True)
class Drawn:
    """Components at max|s| = 1 of one drawn system matrix."""

    truth: np.ndarray
    channel: np.ndarray
    frequency: np.ndarray


@cache
def drawn_matrices(count: int, components: int, refinement: float = 1.0, dimension: int = 2) -> list[Drawn]:
    """Draw matrices from the distribution of the training data, with a seed of their own."""
    size = Ensemble(dimension=dimension, train=1, val=1, test=count, refinement=refinement)
    ranges = (ParticleRanges(), ScannerRanges(), CalibrationRanges())
    table = draw_table(size, *ranges, seed_of=lambda split, item: derive_seed(SEED, split, item))
    found = []
    for _, row in table.query("split == 'test'").iterrows():
        rows = simulate_rows(scanner_of(row), particle_of(row), grid_of(row))
        rng = np.random.default_rng(derive_seed(SEED, "components", int(row["matrix"])))
        chosen = np.sort(rng.choice(len(rows.values), min(components, len(rows.values)), replace=False))
        found.append(Drawn(to_unit(rows.values[chosen]), rows.channel[chosen], rows.frequency[chosen]))
    return found


@lru_cache(maxsize=1)
def frames() -> BackgroundSeries:
    """Empty frames of the training's noise model, drawn anew."""
    rng = np.random.default_rng(derive_seed(SEED, "background"))
    return BackgroundSeries(synthesise_background(BackgroundConfig(), 4000, 3, 64, rng), FREQUENCIES)


def with_background(matrix: Drawn, sigma: float) -> np.ndarray:
    """Add empty frames of a level."""
    rng = np.random.default_rng(derive_seed(SEED, "noise", str(sigma)))
    series = frames().components(matrix.channel, matrix.frequency)
    return matrix.truth + draw_background(series, matrix.truth.shape[1:], sigma, rng)


def to_unit(values: np.ndarray) -> np.ndarray:
    return values / np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)


def white(shape: tuple[int, ...], sigma: object, seed: int = 0) -> np.ndarray:
    """Complex white noise of a level, complex64."""
    rng = np.random.default_rng(seed)
    pairs = rng.normal(size=(*shape, 2)) / np.sqrt(2)
    return (np.asarray(sigma) * (pairs[..., 0] + 1j * pairs[..., 1])).astype(np.complex64)


def psnr(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Mean PSNR of components at max|s| = 1, written out."""
    error = np.abs(estimate.astype(complex) - truth) ** 2
    return float(np.mean(-10 * np.log10(error.reshape(len(truth), -1).mean(axis=1))))


def strongest(grid: tuple[int, ...], count: int = 24) -> np.ndarray:
    """Strongest components of a fixed scanner at max|s| = 1."""
    scanner = PLANE if len(grid) == 2 else SPACE
    field = mpipipe.Grid(shape=grid, field_of_view_mm=(26.0, 26.0, 13.0)[: len(grid)])
    return to_unit(simulate_rows(scanner, PARTICLE, field, strongest=count).values)


def every(grid: tuple[int, ...], count: int) -> np.ndarray:
    """Some of all components of a fixed scanner in space at max|s| = 1, strong and weak ones."""
    field = mpipipe.Grid(shape=grid, field_of_view_mm=(26.0, 26.0, 13.0))
    values = simulate_rows(SPACE, PARTICLE, field).values
    chosen = np.random.default_rng(SEED).choice(len(values), count, replace=False)
    return to_unit(values[chosen])


def labelled(grid: tuple[int, ...] = (14, 12)):
    """A whole simulated system matrix with white noise, in another unit, and its noise level (channel, frequency)."""
    S = mpipipe.simulate_system_matrix(
        PLANE if len(grid) == 2 else SPACE,
        PARTICLE,
        mpipipe.Grid(shape=grid, field_of_view_mm=tuple(float(n) for n in grid), centre_mm=(1.0,)),
    )
    scaled = 1e-9 * S
    scaled.attrs = S.attrs
    axes = tuple(range(2, S.ndim))
    sigma = 0.1 * np.abs(scaled.values).max(axis=axes)
    noise = white(S.shape, sigma.reshape(*sigma.shape, *(1 for _ in axes)))
    return scaled.copy(data=(scaled.values + noise).astype(np.complex64)), scaled, sigma
