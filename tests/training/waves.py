from dataclasses import dataclass

import numpy as np

from mpipipe.training.data import ComponentArrays

CHANNELS, FREQUENCIES = 2, 12


@dataclass
class WaveSource:
    """Components that are products of cosines on random grids, in chunks as storage returns them."""

    chunk_lengths: tuple[int, ...]
    largest: tuple[int, ...] = (10, 12)
    seed: int = 0
    reads: int = 0

    @property
    def num_chunks(self):
        return len(self.chunk_lengths)

    def read_chunk(self, index):
        self.reads += 1
        rng = np.random.default_rng([self.seed, index])
        size = self.chunk_lengths[index]
        values = np.full((size, *self.largest), np.nan + 1j * np.nan, np.complex64)
        grids = np.stack([rng.integers(6, most + 1, size) for most in self.largest], axis=1)
        for row, grid in zip(values, grids, strict=True):
            image = np.exp(1j * rng.uniform(0, 6)) * rng.uniform(0.1, 9)
            for axis, voxels in enumerate(grid):
                wave = np.cos(rng.integers(0, 4) * np.pi * (np.arange(voxels) + 0.5) / voxels)
                image = image * np.expand_dims(wave, [a for a in range(len(grid)) if a != axis])
            row[tuple(slice(0, n) for n in grid)] = image
        return ComponentArrays(
            values=values,
            grid_shape=grids.astype(np.int32),
            matrix=np.full(size, index, np.int32),
            channel=rng.integers(0, CHANNELS, size).astype(np.int32),
            frequency=rng.integers(1, FREQUENCIES, size).astype(np.int32),
        )
