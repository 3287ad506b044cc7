"""Images of one smooth blob each, and a system matrix to measure them with."""

import numpy as np

GRID = (7, 6)


def blobs(count, seed=0, grid=GRID):
    """Images (item, x, y) of float32 with maximum 1: a Gaussian at a random place."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(*map(np.arange, grid), indexing="ij")
    centre = rng.uniform(1, np.array(grid) - 2, (count, 2))
    square = (x - centre[:, 0, None, None]) ** 2 + (y - centre[:, 1, None, None]) ** 2
    images = np.exp(-square / 2)
    return (images / images.max(axis=(1, 2), keepdims=True)).astype(np.float32)


def system_matrix(components=24, seed=1, grid=GRID):
    """A random complex matrix (component, x, y) of complex64."""
    rng = np.random.default_rng(seed)
    parts = rng.standard_normal((2, components, *grid))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)
