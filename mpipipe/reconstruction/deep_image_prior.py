"""Deep image prior: an untrained network is fitted to the signal (Dittmer et al., MLMIR 2020)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpipipe.config.image_prior import DeepImagePriorConfig
from mpipipe.errors import InputError
from mpipipe.networks.prior_generator import PriorGenerators
from mpipipe.reconstruction.inputs import check_grid, check_system
from mpipipe.reconstruction.result import Reconstruction

Images = npt.NDArray[np.float32]
Real = npt.NDArray[np.float64]


def solve(
    matrix: npt.ArrayLike,
    signal: npt.ArrayLike,
    config: DeepImagePriorConfig,
    *,
    grid: tuple[int, ...],
    noise_norm: npt.ArrayLike | None = None,
) -> Reconstruction:
    """Reconstruct images by fitting an untrained network to each signal.

    The image is ``c = α f_θ``, where θ minimises ``‖A α f_θ − b‖² / ‖b‖²`` by steps of Adam and α is the amplitude of
    `amplitude`. Images are as many times larger as their signals, and do not depend on what else is in the batch.

    Parameters
    ----------
    matrix : (component, voxel) complex
        System matrix A.
    signal : (component,) or (batch, component) complex
        Measurements b, in the unit of the matrix times that of the image.
    config : DeepImagePriorConfig
        Network, steps and learning rate.
    grid : (x, y)
        Voxels along each axis; a flattened image is in C order.
    noise_norm : float or (batch,) float, optional
        Not used; in the signature of every solver that takes a grid.

    Returns
    -------
    Reconstruction
        Images ``(voxel,)`` or ``(batch, voxel)`` of float32, at least 0.

    Raises
    ------
    InputError
        When shapes do not fit, or values are not finite.
    """
    del noise_norm
    A, b = _check(matrix, signal, grid)
    signals = np.atleast_2d(b)
    image = prior_images(A, signals, config, grid=grid, iterations=[config.iterations])[0]
    image = image.reshape(len(signals), -1)
    whole = np.linalg.norm(signals, axis=1)
    left = np.linalg.norm(image @ A.T - signals, axis=1)
    residual = np.divide(left, whole, out=np.zeros_like(whole), where=whole > 0)
    if b.ndim == 1:
        return Reconstruction(image[0], residual[0], config.iterations)
    return Reconstruction(image, residual, config.iterations)


def prior_images(
    matrix: npt.ArrayLike,
    signal: npt.ArrayLike,
    config: DeepImagePriorConfig,
    *,
    grid: tuple[int, ...],
    iterations: Sequence[int],
) -> Images:
    """Return the images after each of several numbers of iterations, from one run.

    The prior is lost when noise is fitted too: the number of iterations is what is tuned on validation signals.

    Parameters
    ----------
    matrix, signal, config, grid
        As in `solve`; ``config.iterations`` is not used.
    iterations : sequence of int
        Increasing numbers of steps.

    Returns
    -------
    (iterations, batch, x, y) ndarray of float32
        One image for each number of steps and signal.

    Raises
    ------
    InputError
        As in `solve`, or when `iterations` do not increase from at least 1.
    """
    A, b = _check(matrix, signal, grid)
    steps = list(iterations)
    if not steps or steps[0] < 1 or any(a >= b for a, b in pairwise(steps)):
        raise InputError(f"iterations: found {steps}, expected increasing numbers from at least 1")
    compressed, data = compress(A, np.atleast_2d(b))
    size = amplitude(compressed, data)
    images = np.zeros((len(steps), len(data), *grid), np.float32)
    fitted = np.flatnonzero(size > 0)
    for start in range(0, len(fitted), config.images_at_once):
        part = fitted[start : start + config.images_at_once]
        unit = np.linalg.norm(data[part], axis=1)
        target = data[part] / unit[:, None]
        scale = size[part] / unit
        for place, made in enumerate(_fit(compressed, target, scale, config, grid, steps)):
            images[place, part] = made * size[part, None, None].astype(np.float32)
    return images


def compress(matrix: npt.NDArray[Any], signal: npt.NDArray[Any]) -> tuple[Real, Real]:
    """Return at most as many real rows as there are voxels, with the same least-squares problem.

    With the real and imaginary rows ``[Re A; Im A] = Q R`` of orthonormal Q, ``‖A c − b‖² = ‖R c − Qᵀb‖² + const`` for
    every real image c, where the constant is what of b no image explains.

    Parameters
    ----------
    matrix : (component, voxel) complex
        System matrix.
    signal : (batch, component) complex
        Signals.

    Returns
    -------
    R : (row, voxel) float64
        Triangular factor.
    projected : (batch, row) float64
        Qᵀ b of each signal.
    """
    rows = np.concatenate([matrix.real, matrix.imag]).astype(np.float64)
    orthonormal, triangular = np.linalg.qr(rows)
    return triangular, np.concatenate([signal.real, signal.imag], 1).astype(np.float64) @ orthonormal


def amplitude(matrix: Real, signal: Real) -> Real:
    """Return the maximum of each signal's back projection, clipped at zero and scaled to explain the signal best.

    For ``p = max(Aᵀb, 0)`` it is ``max(p) ‖p‖² / ‖Ap‖²``: the size of a blurred image of the signal.

    Parameters
    ----------
    matrix : (row, voxel) float64
        Compressed matrix.
    signal : (batch, row) float64
        Compressed signals.

    Returns
    -------
    (batch,) float64
        0 exactly where the empty image is the non-negative image that explains the signal best.
    """
    projection = np.maximum(signal @ matrix, 0)
    peak = projection.max(axis=1, keepdims=True)
    shape = np.divide(projection, peak, out=np.zeros_like(projection), where=peak > 0)
    made = np.square(shape @ matrix.T).sum(axis=1)
    inner = (shape * projection).sum(axis=1)
    size: Real = np.divide(inner, made, out=np.zeros_like(inner), where=made > 0)
    return size


def _fit(
    matrix: Real,
    target: Real,
    scale: Real,
    config: DeepImagePriorConfig,
    grid: tuple[int, ...],
    steps: list[int],
) -> Iterator[Images]:
    """Yield the output of the networks after each number of steps."""
    generators = PriorGenerators(config.generator, (grid[0], grid[1]), len(target), config.seed)
    optimiser = torch.optim.Adam(generators.parameters(), lr=config.learning_rate, fused=True)
    unit = np.linalg.norm(matrix)
    rows = torch.from_numpy((matrix / unit).astype(np.float32))
    data = torch.from_numpy(target.astype(np.float32))
    factor = torch.from_numpy((scale * unit).astype(np.float32))[:, None]
    for step in range(1, steps[-1] + 1):
        optimiser.zero_grad()
        torch.autograd.backward(_misfit(generators(), rows, data, factor))
        optimiser.step()
        if step in steps:
            with torch.no_grad():
                yield generators().numpy()


def _misfit(image: Tensor, rows: Tensor, data: Tensor, factor: Tensor) -> Tensor:
    # A sum, not a mean: the gradient of an image must not depend on how many there are.
    return (factor * (image.flatten(1) @ rows.T) - data).square().sum()


def _check(
    matrix: npt.ArrayLike, signal: npt.ArrayLike, grid: tuple[int, ...]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    A, b = check_system(matrix, signal)
    if len(grid) != 2:
        raise InputError(f"grid: found {tuple(grid)}, expected (x, y)")
    check_grid(grid, A.shape[1])
    return A, b
