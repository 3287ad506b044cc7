"""Plug-and-play: ADMM under a bound on the residual, with a denoiser in place of a proximal map."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.admm import PlugAndPlayConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.factorisation import FactorisedSystem, SignalCoordinates
from mpipipe.reconstruction.proximal import Real
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.splitting import SplittingState, advance, solve_batch, start

Denoiser = Callable[[npt.NDArray[np.float32]], npt.NDArray[Any]]
"""Maps noisy images (batch, x, y) with a peak of one to clean ones of the same shape."""


def solve(
    matrix: npt.ArrayLike,
    signal: npt.ArrayLike,
    config: PlugAndPlayConfig,
    denoiser: Denoiser,
    *,
    grid: tuple[int, ...],
    noise_norm: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    system: FactorisedSystem | None = None,
) -> Reconstruction:
    """Reconstruct images by plug-and-play ADMM (PP-MPI).

    The iteration is that of `splitting.advance`, where the proximal map of the image is a denoiser. It is given
    images over their own peak, and what it returns is clipped at zero and scaled back. The number of iterations
    is fixed; a denoiser that is no proximal map has no objective, so the number is a setting to tune.

    Parameters
    ----------
    matrix : (component, voxel) complex64 or complex128
        System matrix A.
    signal : (component,) or (batch, component) complex
        Measurements b, in the unit of the matrix times that of the image.
    config : PlugAndPlayConfig
        Iterations, scale, ε over the noise norm.
    denoiser : callable
        ``(batch, x, y) float32 -> (batch, x, y) float``, for images with a peak of one; negative noise is left in.
    grid, noise_norm, weights, system
        As in `admm.solve`.

    Returns
    -------
    Reconstruction
        Images ``(voxel,)`` or ``(batch, voxel)``, float, at least 0: the denoised copy.

    Raises
    ------
    InputError
        As `admm.solve`, and when the denoiser returns another shape or values that are not finite.

    Notes
    -----
    Askin et al. 2022 (PP-MPI), as used by Peng 2024, section 3.2 (c).
    """
    stops = solve_at(
        matrix, signal, config, denoiser,
        grid=grid, iterations=[config.iterations], noise_norm=noise_norm, weights=weights, system=system,
    )  # fmt: skip
    return next(stops)


def solve_at(
    matrix: npt.ArrayLike,
    signal: npt.ArrayLike,
    config: PlugAndPlayConfig,
    denoiser: Denoiser,
    *,
    grid: tuple[int, ...],
    iterations: Sequence[int],
    noise_norm: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    system: FactorisedSystem | None = None,
) -> Iterator[Reconstruction]:
    """Yield the reconstruction after each of several numbers of iterations, from one run.

    The number of iterations is a setting to tune; each of these equals that of `solve` with this number.

    Parameters
    ----------
    matrix, signal, config, denoiser, grid, noise_norm, weights, system
        As in `solve`; ``config.iterations`` is not used.
    iterations : sequence of int
        Increasing numbers of iterations.

    Raises
    ------
    InputError
        As `solve`, or when `iterations` do not increase from at least 1.
    """
    if not iterations or any(a >= b for a, b in pairwise([0, *iterations])):
        raise InputError(f"iterations: found {list(iterations)}, expected increasing numbers from at least 1")
    states: list[SplittingState] = []
    for done, stop in pairwise([0, *iterations]):
        before, states = (
            iter(states),
            [],
        )  # one state a block of signals, which come in the same order each time

        def images(
            system: FactorisedSystem,
            signals: SignalCoordinates,
            *,
            before: Iterator[SplittingState] = before,
            after: list[SplittingState] = states,
            more: int = stop - done,
        ) -> Real:
            state = next(before, None) or start(system, signals, splits=1)
            after.append(run(system, signals, state, denoiser, grid, more))
            return np.asarray(after[-1].splits[0])

        yield solve_batch(
            images, matrix, signal, config.model_copy(update={"iterations": stop}),
            grid=grid, noise_norm=noise_norm, weights=weights, system=system,
        )  # fmt: skip


def run(
    system: FactorisedSystem,
    signals: SignalCoordinates,
    state: SplittingState,
    denoiser: Denoiser,
    grid: tuple[int, ...],
    iterations: int,
) -> SplittingState:
    """Return the state after some iterations more; the state that is given is not changed."""

    def prox(points: Real, inner: Real) -> tuple[Real, Real]:
        return denoise(points[0], denoiser, grid)[None], inner

    for _ in range(iterations):
        state = advance(system, signals, state, prox)
    return state


def denoise(points: Real, denoiser: Denoiser, grid: tuple[int, ...]) -> Real:
    """Return denoised images ``(batch, voxel)``, at least 0; an image without a positive value is zero."""
    peak = np.maximum(points.max(axis=1), 0)[:, None]
    scaled = points / np.where(peak > 0, peak, 1)
    images = np.asarray(denoiser(scaled.reshape(-1, *grid).astype(np.float32)))
    if images.shape != (len(points), *grid) or not np.isfinite(images).all():
        raise InputError(
            f"denoiser: found an array of shape {images.shape} or values that are not finite, expected finite "
            f"values of shape {(len(points), *grid)}"
        )
    return np.asarray((np.maximum(images, 0).reshape(points.shape) * peak).astype(points.dtype))
