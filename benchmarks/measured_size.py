"""Made-up system matrices of measured size, written as MDF block by block."""

from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

import mpipipe as mp
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.mdf_write import write_mdf_matrix

CHANNELS, NOISE = 3, 0.1
"""Receive channels, and standard deviation of the complex noise over the largest modulus without it."""


@dataclass(frozen=True)
class Size:
    """A matrix: frequencies of the whole, those that are measured, those that the network restores, and the grid."""

    whole: int
    rows: int
    network_rows: int
    grid: tuple[int, ...]

    @property
    def text(self) -> str:
        """Size of what is measured."""
        own = f"{CHANNELS} x {self.rows} x {self.grid[0]}^{len(self.grid)}"
        return own if self.rows == self.whole else f"{own} of {self.whole} frequencies"


def scanner(size: Size) -> mp.Scanner:
    """Return the fields of a matrix."""
    return mp.Scanner(drive_amplitude_mT=(12, 12, 12 if len(size.grid) == 3 else 0), divider=(102, 96, 99))


def block(size: Size, start: int, stop: int) -> npt.NDArray[np.complex64]:
    """Return components ``(row, x, y[, z])``: waves that get finer with the frequency, and noise."""
    rng = np.random.default_rng(start)
    values = rng.standard_normal((stop - start, *size.grid, 2), np.float32).view(np.complex64)[..., 0]
    values *= np.float32(NOISE / np.sqrt(2))
    lines = [np.linspace(0, np.pi, count, dtype=np.float32) for count in size.grid]
    for own, row in zip(values, range(start, stop), strict=True):
        orders = 1 + row % 7, 1 + row // 7 % 7, 1 + row // 49 % 7
        waves = [np.cos(order * line) for order, line in zip(orders, lines, strict=False)]
        wave = waves[0]
        for other in waves[1:]:
            wave = wave[..., None] * other
        own += np.exp(1j * row).astype(np.complex64) * wave
    return values


def write(path: Path, size: Size) -> None:
    """Write a matrix block by block."""
    fov = (37.0,) * len(size.grid)
    grid = mp.Grid(shape=size.grid, field_of_view_mm=fov)
    header = MdfHeader.simulated(scanner(size), None, grid, time="2025-01-01T00:00:00.000")
    step = max(1, 2**25 // (8 * prod(size.grid)))
    blocks = (
        (channel, start, block(size, start, min(start + step, size.rows)))
        for channel in range(CHANNELS)
        for start in range(0, size.rows, step)
    )
    write_mdf_matrix(path, header, grid, np.arange(size.rows), blocks)


def image(size: Size) -> npt.NDArray[np.float32]:
    """Return concentrations (voxel,): a block in the middle."""
    values = np.zeros(size.grid, np.float32)
    values[tuple(slice(count // 3, count // 2) for count in size.grid)] = 1
    return values.reshape(-1)
