"""Random systems and closed-form solutions that the solver tests share."""

import numpy as np


def random_system(seed=0, components=24, voxels=10, dtype=np.complex128, batch=None):
    """A full-rank complex matrix, and signals of real non-negative images with noise."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(components, voxels)) + 1j * rng.normal(size=(components, voxels))
    lead = () if batch is None else (batch,)
    x = rng.random((*lead, voxels)) * (rng.random((*lead, voxels)) > 0.4)
    noise = rng.normal(size=(*lead, components)) + 1j * rng.normal(size=(*lead, components))
    return A.astype(dtype), (x @ A.T + noise).astype(dtype)


def tikhonov(A, b, regularization):
    """Minimiser of ‖Ax − b‖² + λ‖x‖² by the normal equations in double precision."""
    A, b = A.astype(np.complex128), b.astype(np.complex128)
    return np.linalg.solve(A.conj().T @ A + regularization * np.eye(A.shape[1]), A.conj().T @ b)
