"""Deconvolution of collinear images by least squares with a total variation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.deconvolution import VariationConfig
from mpipipe.reconstruction.blur import Blur, Images
from mpipipe.reconstruction.normal_equations import NormalEquations, inner
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.total_variation import shrink_variation, total_variation

Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VariationState:
    """Everything that an iteration changes, in units in which ``max(Hᵀy) = ‖H‖²``.

    Attributes
    ----------
    images : (item, x, y) ndarray of float32
        Images c that fit the data.
    applied : (item, x, y) ndarray of float32
        Left-hand side (HᵀH + ρ) c of the images.
    split : (item, x, y) ndarray of float32
        Copies z of them that are at least 0 and have little variation: the estimates.
    multiplier : (item, x, y) ndarray of float32
        Scaled multipliers d of z = c.
    dual : (item, 2, x, y) ndarray of float32
        Dual variables that the proximal map starts from.
    """

    images: Images
    applied: Images
    split: Images
    multiplier: Images
    dual: Images


def solve(blur: Blur, images: npt.ArrayLike, config: VariationConfig) -> Reconstruction:
    r"""Estimate concentrations by least squares with a total variation, under positivity.

    After enough iterations the estimate minimises

    .. math:: \tfrac12 \sum_p \|H_p c - y_p\|^2 + w \max(H^T y) \, \mathrm{TV}(c),    c \ge 0

    with the isotropic total variation. The weight is relative to the back projection, so that the estimate of larger
    images is larger in proportion; it is zero where ``max(Hᵀy)`` is not positive. The number of iterations is fixed,
    there is no other stopping rule; the penalty parameter decides the speed, not the limit.

    Parameters
    ----------
    blur : Blur
        H.
    images : (item, partition, x, y) array_like
        Collinear images y.
    config : VariationConfig
        w, penalty parameter, iterations, iterations of each proximal map.

    Returns
    -------
    Reconstruction
        Image ``(item, x, y)`` float32, at least 0.

    Raises
    ------
    InputError
        When shapes do not fit, or values are not finite.

    Notes
    -----
    The alternating direction method of multipliers (S. Boyd et al., Found. Trends Mach. Learn. 3 (2011) 1). Proximal
    gradients (FISTA) need far more iterations here: they are as slow as the blur is ill-conditioned.
    """
    y = blur.check(images)
    back = blur.adjoint(y)
    unit = np.maximum(back.max(axis=(1, 2)), 0)[:, None, None] / np.float32(blur.squared_norm)
    projection = np.divide(back, unit, out=np.zeros_like(back), where=unit > 0)
    equations = NormalEquations(blur, config.penalty, 0.0)
    state = begin(projection)
    for _ in range(config.iterations):
        state = advance(equations, projection, state, config)
    estimate = state.split * unit
    return Reconstruction(estimate, blur.relative_residual(y, estimate), config.iterations)


def objective(blur: Blur, images: npt.NDArray[Any], concentrations: npt.NDArray[Any], weight: float) -> Real:
    """Return the objective of `solve` for each item ``(item,)``, in the squared unit of the images."""
    difference = (blur.apply(concentrations) - images).astype(np.float64)
    strength = np.maximum(blur.adjoint(images).max(axis=(1, 2)), 0).astype(np.float64)
    fit = np.square(difference).sum(axis=(1, 2, 3)) / 2
    return np.asarray(fit + weight * strength * total_variation(concentrations))


def begin(projection: Images) -> VariationState:
    """Return the state before the first iteration, at c = 0."""
    items, *shape = projection.shape
    empty = np.zeros_like(projection)
    return VariationState(empty, empty, empty, empty, np.zeros((items, 2, *shape), np.float32))


def advance(
    equations: NormalEquations, projection: Images, state: VariationState, config: VariationConfig
) -> VariationState:
    """Return the state after one iteration.

        c ← one step towards (HᵀH + ρ)⁻¹ (Hᵀy + ρ (z + d)),    z ← prox(c − d),    d ← d + z − c

    The step is along the preconditioned residual, as long as is best: the next iterations do the rest.

    Parameters
    ----------
    equations : NormalEquations
        HᵀH + ρ, ρ the penalty parameter of the config times ‖H‖².
    projection : (item, x, y) ndarray of float32
        Hᵀy, with a maximum of ‖H‖².
    state : VariationState
        State before; not changed.
    config : VariationConfig
        As in `solve`.
    """
    rho = np.float32(config.penalty * equations.blur.squared_norm)
    residual = projection + rho * (state.split + state.multiplier) - state.applied
    direction = equations.precondition(residual)
    moved = equations.apply(direction)
    curvature = inner(direction, moved)
    length = np.divide(
        inner(residual, direction), curvature, out=np.zeros_like(curvature), where=curvature > 0
    )
    step = length.astype(np.float32)[:, None, None]
    images = state.images + step * direction
    points = images - state.multiplier
    split, dual = shrink_variation(
        points, config.weight / config.penalty, config.inner_iterations, state.dual
    )
    return VariationState(images, state.applied + step * moved, split, split - points, dual)
