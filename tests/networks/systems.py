"""System matrices, images and signals for reconstruction networks."""

import numpy as np
import torch


def random_matrix(components=30, grid=(7, 5), seed=0):
    rng = np.random.default_rng(seed)
    parts = rng.standard_normal((2, components, *grid))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def box_images(count, grid, seed=0):
    """Images (item, x, y) of one box each, with values in 0.5 … 1."""
    rng = np.random.default_rng(seed)
    images = np.zeros((count, *grid), np.float32)
    for image in images:
        x, y = (int(rng.integers(0, max(1, n - 2))) for n in grid)
        image[x : x + 3, y : y + 3] = rng.uniform(0.5, 1)
    return images


def normalised_signals(matrix, images):
    """Signals (item, 2, component) over their largest moduli (item, 1, 1), and those moduli."""
    signals = np.tensordot(images, matrix, ((1, 2), (1, 2)))
    moduli = np.abs(signals).max(1)[:, None, None]
    parts = np.stack([signals.real, signals.imag], 1) / moduli
    return torch.from_numpy(parts.astype(np.float32)), torch.from_numpy(moduli.astype(np.float32))
