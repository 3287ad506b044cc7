"""The alternating iteration that a penalty and a denoiser share: one image, split towards prior and data."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.admm import ConstrainedConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.factorisation import FactorisedSystem, SignalCoordinates, factorise, locate
from mpipipe.reconstruction.inputs import check_grid, check_noise_norm, check_system, check_weights
from mpipipe.reconstruction.proximal import Real, onto_ball
from mpipipe.reconstruction.result import Reconstruction

BLOCK = 64
"""Signals that are solved together: enough for the matrix products, and the state still fits in the cache."""


@dataclass(frozen=True)
class SplittingState:
    """Everything that an iteration changes; a solve can be stopped and continued between iterations.

    All in the units of `SignalCoordinates`.

    Attributes
    ----------
    splits : (split, batch, voxel) float
        Copies z of the image, one a term of the prior.
    multipliers : (split, batch, voxel) float
        Scaled multipliers d of z = x.
    data : (batch, rank + 1) float
        Copy of Ax inside the ball about the signal.
    data_multipliers : (batch, rank + 1) float
        Scaled multipliers of data = Ax.
    inner : (batch, 2, voxel) float
        Dual variables that the proximal map of the total variation starts from; ``(batch, 0, voxel)`` without.
    """

    splits: Real
    multipliers: Real
    data: Real
    data_multipliers: Real
    inner: Real


Prox = Callable[[Real, Real], tuple[Real, Real]]
"""Maps points (split, batch, voxel) and inner variables to new splits and new inner variables."""

Solver = Callable[[FactorisedSystem, SignalCoordinates], Real]
"""Maps a system and signals to images (batch, voxel), in the units of the signals."""


def start(
    system: FactorisedSystem, signals: SignalCoordinates, splits: int, inner: int = 0
) -> SplittingState:
    """Return the state whose first image is the start of the signals: z = x, data = Ax, no multipliers."""
    batch, voxels = signals.start.shape
    kind = system.right.dtype
    images = np.repeat(signals.start[None], splits, axis=0)
    data = np.zeros_like(signals.values)
    data[:, :-1] = (signals.start @ system.right) * system.singular_values
    return SplittingState(
        images, np.zeros_like(images), data, np.zeros_like(data), np.zeros((batch, inner, voxels), kind)
    )


def advance(
    system: FactorisedSystem, signals: SignalCoordinates, state: SplittingState, prox: Prox
) -> SplittingState:
    """Return the state after one iteration.

        x ← (kI + AᵀA)⁻¹ ( Σ (z + d) + Aᵀ(z' + d') )
        z ← prox(x − d)          z' ← the point of ‖z' − b‖ ≤ ε nearest to Ax − d'
        d ← d + z − x            d' ← d' + z' − Ax

    for k splits z and the data z'. With A = U diag(s) Vᵀ, x costs two products with V.

    Parameters
    ----------
    system, signals
        Matrix and signals.
    state : SplittingState
        State before; not changed.
    prox : callable
        Proximal map, or denoiser, of the splits.
    """
    s, V = system.singular_values, system.right
    k = len(state.splits)
    pull = (state.splits + state.multipliers).sum(axis=0)
    along = pull @ V
    fit = (along + s * (state.data + state.data_multipliers)[:, :-1]) / (s * s + k)
    image = pull / k + (fit - along / k) @ V.T

    towards = -state.data_multipliers - signals.values
    towards[:, :-1] += s * fit
    residual = onto_ball(towards, signals.radius)

    points = image - state.multipliers
    splits, inner = prox(points, state.inner)
    return SplittingState(splits, splits - points, signals.values + residual, residual - towards, inner)


def residual_norm(
    system: FactorisedSystem, signals: SignalCoordinates, images: Real
) -> npt.NDArray[np.float64]:
    """Return ‖Ax − b‖ of images ``(batch, voxel)``, both in the units of the signals."""
    difference = -signals.values.astype(np.float64)
    difference[:, :-1] += system.singular_values * (images.astype(np.float64) @ system.right)
    return np.asarray(np.linalg.norm(difference, axis=1))


def solve_batch(
    solver: Solver,
    matrix: npt.ArrayLike,
    signal: npt.ArrayLike,
    config: ConstrainedConfig,
    *,
    grid: tuple[int, ...],
    noise_norm: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
    system: FactorisedSystem | None,
) -> Reconstruction:
    """Check, weight and factorise a system once, and solve its signals block by block.

    Parameters
    ----------
    solver : callable
        Returns images ``(batch, voxel)`` of a factorised system and signals, both in the units of the signals.
    matrix, signal, config, grid, noise_norm, weights, system
        As in `admm.solve`.
    """
    A, b = check_system(matrix, signal)
    check_grid(grid, A.shape[1])
    batch = np.atleast_2d(b)
    norms = None if noise_norm is None else check_noise_norm(noise_norm, len(batch))
    if weights is not None:
        w = check_weights(weights, len(A))
        A, batch = (A * w[:, None]).astype(A.dtype), batch * w
    if system is None:
        system = factorise(A, config.scale)
    elif len(system.right) != A.shape[1] or len(system.left) != 2 * len(A):
        raise InputError(
            f"system: found {len(system.left) // 2} components and {len(system.right)} voxels, expected {A.shape}"
        )
    images = np.empty((len(batch), A.shape[1]), A.real.dtype)
    residuals = np.empty(len(batch))
    for first in range(0, len(batch), BLOCK):
        part = slice(first, first + BLOCK)
        signals = locate(system, batch[part], None if norms is None else norms[part], config.noise_factor)
        found = solver(system, signals)
        images[part] = found * signals.peak[:, None]
        whole = np.linalg.norm(signals.values.astype(np.float64), axis=1)
        residuals[part] = np.divide(
            residual_norm(system, signals, found), whole, out=np.zeros_like(whole), where=whole > 0
        )
    if b.ndim == 1:
        return Reconstruction(images[0], residuals[0], config.iterations)
    return Reconstruction(images, residuals, config.iterations)
