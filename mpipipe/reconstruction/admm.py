"""ADMM with an L1 norm, a total variation, or both, under a bound on the residual."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.admm import AdmmConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.factorisation import FactorisedSystem, SignalCoordinates
from mpipipe.reconstruction.proximal import Real, shrink
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.splitting import SplittingState, advance, residual_norm, solve_batch, start
from mpipipe.reconstruction.total_variation import shrink_variation, total_variation


@dataclass(frozen=True)
class Penalty:
    """The prior ``R(x) = a TV(x) + c ‖x‖₁`` under x ≥ 0; a term with weight zero takes no part.

    Attributes
    ----------
    variation, sparsity : float
        Weights a and c.
    grid : tuple of int
        Shape of the image; (x, y) where there is a total variation.
    iterations : int
        Iterations of a proximal map of the total variation.
    """

    variation: float
    sparsity: float
    grid: tuple[int, ...]
    iterations: int

    @classmethod
    def of(cls, config: AdmmConfig, grid: tuple[int, ...]) -> "Penalty":
        """Return the penalty of a config; an `InputError` when it needs a two-dimensional grid."""
        share = {"l1": 0.0, "tv": 1.0, "l1_tv": config.tv_share}[config.penalty]
        if share > 0 and len(grid) != 2:
            raise InputError(f"grid: found {tuple(grid)}, expected (x, y) for the total variation")
        return cls(share, 1 - share, tuple(grid), config.tv_iterations)

    @property
    def splits(self) -> int:
        """Number of terms."""
        return (self.variation > 0) + (self.sparsity > 0)

    @property
    def inner(self) -> int:
        """Dual variables a voxel of the total variation."""
        return 2 if self.variation > 0 else 0

    def value(self, images: Real) -> npt.NDArray[np.float64]:
        """Return R of images ``(batch, voxel)``."""
        value = self.sparsity * np.abs(images).sum(axis=1, dtype=np.float64)
        if self.variation > 0:
            value += self.variation * total_variation(images.reshape(len(images), *self.grid))
        return np.asarray(value)

    def prox(self, points: Real, inner: Real, mu: float) -> tuple[Real, Real]:
        """Return the proximal maps of each term over μ at its point ``(split, batch, voxel)``."""
        splits = np.empty_like(points)
        if self.sparsity > 0:
            splits[-1] = shrink(points[-1], self.sparsity / mu)
        if self.variation > 0:
            images, duals = points[0].reshape(-1, *self.grid), inner.reshape(-1, 2, *self.grid)
            images, duals = shrink_variation(images, self.variation / mu, self.iterations, duals)
            splits[0], inner = images.reshape(splits[0].shape), duals.reshape(inner.shape)
        return splits, inner


def solve(
    matrix: npt.ArrayLike,
    signal: npt.ArrayLike,
    config: AdmmConfig,
    *,
    grid: tuple[int, ...],
    noise_norm: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    system: FactorisedSystem | None = None,
) -> Reconstruction:
    """Reconstruct images by ADMM under a bound on the residual.

    After enough iterations the image is a solution of

        min R(x)   subject to   ‖W(Ax − b)‖ ≤ ε,   x real, x ≥ 0

    with W = diag(w), ``R(x) = ‖x‖₁``, ``TV(x)``, or ``α TV(x) + (1 − α) ‖x‖₁``, and TV isotropic. The number of
    iterations is fixed; there is no other stopping rule. The iteration is in `splitting.advance`: one copy of the
    image a term of R, and one of the signal. μ and the scale of the matrix decide how fast it gets
    there, and so what 200 iterations look like, but not the limit. The proximal map of TV is a few iterations from
    the dual variables of the iteration before, so that it too is exact in the limit. Zero is the image where
    ε ≥ ‖Wb‖; where no image meets the bound, the iteration goes towards that of the smallest residual.

    Parameters
    ----------
    matrix : (component, voxel) complex64 or complex128
        System matrix A. Its precision is the precision of the iteration; it is factorised in double precision.
    signal : (component,) or (batch, component) complex
        Measurements b, in the unit of the matrix times that of the image.
    config : AdmmConfig
        Penalty, μ, iterations, scale, ε over the noise norm.
    grid : (x, y) int
        Shape of the image; any shape for the L1 norm alone.
    noise_norm : float or (batch,) float, optional
        Norm of the noise in Wb. By default it is estimated from the part of Wb that no image explains,
        ``‖(I − UUᵀ)Wb‖ √(2M/(2M − rank))`` for white noise in M complex components.
    weights : (component,) float, optional
        Row weights w >= 0; one by default.
    system : FactorisedSystem, optional
        The weighted matrix, factorised before at ``config.scale``, when it is solved with again and again.

    Returns
    -------
    Reconstruction
        Images ``(voxel,)`` or ``(batch, voxel)``, float, at least 0.

    Raises
    ------
    InputError
        When shapes do not fit, values are NaN or infinite, a weight or noise norm is negative, or the noise norm
        is neither given nor to be estimated.

    Notes
    -----
    M. V. Afonso, J. M. Bioucas-Dias, M. A. T. Figueiredo, IEEE Trans. Image Process. 20 (2011), in MPI by Ilbey et
    al. 2017 and Askin et al. 2022, as used by Peng 2024, section 3.2 (b).
    """
    penalty = Penalty.of(config, grid)

    def images(system: FactorisedSystem, signals: SignalCoordinates) -> Real:
        state = run(system, signals, begin(system, signals, penalty), penalty, config.mu, config.iterations)
        return estimate(state)

    return solve_batch(
        images, matrix, signal, config, grid=grid, noise_norm=noise_norm, weights=weights, system=system
    )


def begin(system: FactorisedSystem, signals: SignalCoordinates, penalty: Penalty) -> SplittingState:
    """Return the state before the first iteration."""
    return start(system, signals, penalty.splits, penalty.inner)


def run(
    system: FactorisedSystem,
    signals: SignalCoordinates,
    state: SplittingState,
    penalty: Penalty,
    mu: float,
    iterations: int,
) -> SplittingState:
    """Return the state after some iterations more; the state that is given is not changed.

    Parameters
    ----------
    system, signals
        Matrix and signals, from `factorisation`.
    state : SplittingState
        Where to go on, from `begin` or from an earlier run.
    penalty : Penalty
        R.
    mu : float
        μ.
    iterations : int
        Number of iterations.
    """
    for _ in range(iterations):
        state = advance(system, signals, state, lambda points, inner: penalty.prox(points, inner, mu))
    return state


def estimate(state: SplittingState) -> Real:
    """Return the images ``(batch, voxel)`` of a state, at least 0, in the units of its signals.

    Of two copies of the image, which agree in the limit, this is the one with exact zeros (L1).
    """
    return np.asarray(state.splits[-1])


def assess(
    system: FactorisedSystem, signals: SignalCoordinates, state: SplittingState, penalty: Penalty
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return objective and constraint violation of the images of a state.

    Returns
    -------
    objective : (batch,) float64
        R(x), in the unit of the image.
    violation : (batch,) float64
        max(0, ‖Ax − b‖ − ε), in the unit of the signal.
    """
    images = estimate(state)
    excess = residual_norm(system, signals, images) - signals.radius.astype(np.float64)
    return penalty.value(images) * signals.peak, np.maximum(excess, 0) * signals.peak * system.unit
