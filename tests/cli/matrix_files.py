"""Small calibrations in MDF, with noise of a known level, for the verbs on a user's own files."""

from pathlib import Path

import numpy as np

import mpipipe
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.mdf_write import write_mdf_matrix
from tests.restorers.matrices import PARTICLE, PLANE, SPACE, strongest, white

FLAT = mpipipe.Grid(shape=(16, 14), field_of_view_mm=(26, 26), centre_mm=(1, -2))
BLOCK = mpipipe.Grid(shape=(8, 7, 9), field_of_view_mm=(26, 26, 13))
LEVEL = 0.1


def write_pair(folder: Path, grid: mpipipe.Grid = FLAT, *, frames: int = 0) -> tuple[Path, Path]:
    """Write a noisy matrix, ``LEVEL`` of each component's maximum, and the true one; returns both paths."""
    scanner = PLANE if len(grid.shape) == 2 else SPACE
    S = mpipipe.simulate_system_matrix(scanner, PARTICLE, grid)
    values = S.values.reshape(*S.shape[:2], *grid.shape, *(1 for _ in range(3 - len(grid.shape))))
    sigma = LEVEL * np.abs(values).max(axis=(2, 3, 4), keepdims=True)
    noisy = values + white(values.shape, sigma)
    header = MdfHeader.simulated(scanner, PARTICLE, grid, time="2026-01-02T03:04:05.678")
    empty = white((*values.shape[:2], frames), sigma[..., 0, 0], seed=1) if frames else None
    for name, matrix, background in (("noisy", noisy, empty), ("true", values, None)):
        blocks = ((channel, 0, rows) for channel, rows in enumerate(matrix))
        rows = np.arange(values.shape[1])
        write_mdf_matrix(folder / f"{name}.mdf", header, grid, rows, blocks, background=background)
    return folder / "noisy.mdf", folder / "true.mdf"


def write_large(path: Path, rows: int) -> Path:
    """Write one channel of noisy rows on 40 × 40 × 20 voxels, a block at a time."""
    grid = mpipipe.Grid(shape=(40, 40, 20), field_of_view_mm=(26, 26, 13))
    scanner = mpipipe.Scanner(drive_amplitude_mT=(12, 12, 12), divider=(102, 96, 99))
    truth = strongest(grid.shape, count=16)
    header = MdfHeader.simulated(scanner, PARTICLE, grid, channels=1)
    blocks = (
        (0, start, truth + white(truth.shape, LEVEL, seed=start)) for start in range(0, rows, len(truth))
    )
    write_mdf_matrix(path, header, grid, np.arange(1, rows + 1), blocks)
    return path
