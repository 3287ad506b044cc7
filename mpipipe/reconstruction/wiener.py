"""Wiener deconvolution of collinear images, with exact borders."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.deconvolution import WienerConfig
from mpipipe.reconstruction.blur import Blur, Images
from mpipipe.reconstruction.normal_equations import NormalEquations, inner
from mpipipe.reconstruction.result import Reconstruction

Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ConjugateGradientState:
    """Everything that an iteration changes.

    Attributes
    ----------
    images, residual, direction : (item, x, y) ndarray of float32
        Estimates, residuals of the normal equations, search directions.
    energy : (item,) ndarray of float64
        Residual times preconditioned residual.
    """

    images: Images
    residual: Images
    direction: Images
    energy: Real


def solve(blur: Blur, images: npt.ArrayLike, config: WienerConfig) -> Reconstruction:
    r"""Estimate concentrations by the linear filter of least mean square error, clipped at zero.

    The filter minimises

    .. math:: \sum_p \|H_p c - y_p\|^2 + λ \|H\|^2 \sum_k |\hat c(k)|^2 / S(k),    S(k) = 1 / |k|^q

    with ‖H‖² the largest eigenvalue of HᵀH, k in cycles per mm and ĉ the coefficients of the field of view's cosines. It
    is the conditional mean for white noise and a Gaussian prior with spectrum S. The textbook's closed formula takes the
    blur as periodic; here H is exact up to the border, the normal equations are solved by conjugate gradients, and the
    closed formula (with mirrored borders) preconditions them. An item is finished when its preconditioned residual,
    ``√(rᵀ M⁻¹ r)``, is below the tolerance times that of c = 0.

    Parameters
    ----------
    blur : Blur
        H.
    images : (item, partition, x, y) array_like
        Collinear images y.
    config : WienerConfig
        λ, q, most iterations, tolerance.

    Returns
    -------
    Reconstruction
        Image ``(item, x, y)`` float32, at least 0; the residual is that of the clipped image.

    Raises
    ------
    InputError
        When shapes do not fit, or values are not finite.
    """
    y = blur.check(images)
    estimates, iterations = minimise(blur, y, config)
    clipped = np.maximum(estimates, 0)
    return Reconstruction(clipped, blur.relative_residual(y, clipped), iterations)


def minimise(blur: Blur, images: Images, config: WienerConfig) -> tuple[Images, int]:
    """Return the linear estimates ``(item, x, y)``, not clipped, and the number of iterations."""
    equations = NormalEquations(blur, config.regularization, config.prior_exponent)
    state = begin(equations, images)
    goal = config.tolerance**2 * state.energy
    done = 0
    while done < config.iterations and (open_ := state.energy > goal).any():
        state = advance(equations, state, open_)
        done += 1
    return state.images, done


def begin(equations: NormalEquations, images: Images) -> ConjugateGradientState:
    """Return the state before the first iteration, at c = 0."""
    residual = equations.blur.adjoint(images)
    direction = equations.precondition(residual)
    return ConjugateGradientState(np.zeros_like(residual), residual, direction, inner(residual, direction))


def advance(
    equations: NormalEquations, state: ConjugateGradientState, open_: npt.NDArray[np.bool_]
) -> ConjugateGradientState:
    """Return the state after one iteration of the items that are open ``(item,)``; the others stay as they are."""
    moved = equations.apply(state.direction)
    step = _ratio(state.energy, inner(state.direction, moved), open_)
    images = state.images + step * state.direction
    residual = state.residual - step * moved
    corrected = equations.precondition(residual)
    energy = inner(residual, corrected)
    direction = corrected + _ratio(energy, state.energy, open_) * state.direction
    return ConjugateGradientState(images, residual, direction, energy)


def _ratio(numerator: Real, denominator: Real, open_: npt.NDArray[np.bool_]) -> Images:
    """Return the quotient of open items ``(item, 1, 1)``, 0 for the others."""
    quotient = np.divide(
        numerator, denominator, out=np.zeros_like(numerator), where=open_ & (denominator > 0)
    )
    return quotient.astype(np.float32)[:, None, None]
