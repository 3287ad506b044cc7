r"""X-space point-spread function of a Langevin particle: what the signal of a point source is, wherever it stands.

A particle at r sees the field ``B = G (r - x_s)``, G the diagonal matrix of the gradients and ``x_s`` the field-free
point, so its mean moment over saturation is ``m = L(|xi|) xi / |xi|`` with ``xi = beta G (r - x_s)``. As the field-free
point moves with the velocity v, the moment changes by ``-dm/dt = H(r - x_s) v``,

``H_ij(d) = beta J_ij(beta G d) G_j``,  ``J(xi) = L'(|xi|) e e^T + (L(|xi|) / |xi|) (I - e e^T)``,  ``e = xi / |xi|``

(Goodwill and Conolly, IEEE Trans. Med. Imaging 30 (2011) 1581, the tensor of multi-dimensional x-space imaging).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.magnetization import langevin
from mpipipe.physics.particle import Particle

FloatArray = npt.NDArray[np.float64]

SLOPE_SERIES = tuple(
    c / 3
    for c in (1, -3 / 15, 2 * 5 / 315, -7 / 1575, 2 * 9 / 31185, -1382 * 11 / 212837625, 4 * 13 / 6081075)
)
"""Taylor coefficients of the Langevin function's derivative in even powers of its argument."""


def langevin_slope(xi: npt.ArrayLike) -> FloatArray:
    """Return the derivative of the Langevin function, ``L'(xi) = 1/xi^2 - 1/sinh(xi)^2``.

    Below ``|xi| = 0.3`` the two terms cancel and a series takes over (relative error below 1e-13 everywhere); large
    arguments do not overflow.
    """
    x = np.abs(np.asarray(xi, dtype=np.float64))
    small = x < 0.3
    series = np.polynomial.polynomial.polyval(np.where(small, x, 0.0) ** 2, SLOPE_SERIES)
    safe = np.where(small, 1.0, x)
    # 1 / sinh(x)^2 = 4 q / (1 - q)^2 with q = exp(-2x), which vanishes where sinh would overflow.
    slope = (1 / safe) ** 2 - 4 * np.exp(-2 * safe) / np.expm1(-2 * safe) ** 2
    return np.asarray(np.where(small, series, slope))


def langevin_ratio(xi: npt.ArrayLike) -> FloatArray:
    """Return the Langevin function over its argument, ``L(xi) / xi``; 1/3 at zero."""
    x = np.asarray(xi, dtype=np.float64)
    tiny = np.abs(x) < 1e-8
    safe = np.where(tiny, 1.0, x)
    return np.where(tiny, 1 / 3, langevin(safe) / safe)


def point_spread_tensor(
    particle: Particle, gradient_T_per_m: Sequence[float], offsets_m: npt.ArrayLike
) -> FloatArray:
    """Return the in-plane point-spread tensor, ``H_ij(d) = beta J_ij(beta G d) G_j``.

    Parameters
    ----------
    particle : Particle
        Its anisotropy is not taken into account.
    gradient_T_per_m : sequence of float
        Gradients along x and y in T/m; further ones are not used.
    offsets_m : (..., 2) array_like
        Position of the source minus that of the field-free point, x and y, in m.

    Returns
    -------
    (..., 2, 2) ndarray of float64
        Receive coil i by direction of motion j, in 1/m.

    Raises
    ------
    InputError
        Gradients or offsets of another shape.
    """
    gradient = np.asarray(gradient_T_per_m, dtype=np.float64)
    offsets = np.asarray(offsets_m, dtype=np.float64)
    if gradient.ndim != 1 or len(gradient) < 2:
        raise InputError(f"gradient_T_per_m: found shape {gradient.shape}, expected values along x and y")
    _check_pairs("offsets_m", offsets)
    scale = particle.beta_per_T * gradient[:2]
    xi = scale * offsets
    size = np.hypot(xi[..., 0], xi[..., 1])
    unit = xi / np.where(size > 0, size, 1.0)[..., None]
    along, across = langevin_slope(size)[..., None, None], langevin_ratio(size)[..., None, None]
    jacobian = across * np.eye(2) + (along - across) * unit[..., :, None] * unit[..., None, :]
    tensor: FloatArray = jacobian * scale
    return tensor


def collinear_point_spread(
    particle: Particle, gradient_T_per_m: Sequence[float], offsets_m: npt.ArrayLike, direction: npt.ArrayLike
) -> FloatArray:
    """Return the point-spread function of the virtual collinear coil, ``h = v^T H v`` for the unit velocity v.

    Parameters
    ----------
    particle, gradient_T_per_m, offsets_m
        As in :func:`point_spread_tensor`.
    direction : (..., 2) array_like
        Direction of motion, any length but zero; broadcasts against the offsets.

    Returns
    -------
    (...) ndarray of float64
        Signal of a point source over its amount and the speed, in 1/m.

    Raises
    ------
    InputError
        Gradients, offsets or directions of another shape, or a direction without length.
    """
    v = np.asarray(direction, dtype=np.float64)
    _check_pairs("direction", v)
    length = np.hypot(v[..., 0], v[..., 1])
    if not np.all(length > 0):
        raise InputError("direction: found a vector of length 0 or NaN, expected a direction of motion")
    tensor = point_spread_tensor(particle, gradient_T_per_m, offsets_m)
    unit = v / length[..., None]
    return np.asarray(np.einsum("...i,...ij,...j->...", unit, tensor, unit))


def _check_pairs(name: str, values: FloatArray) -> None:
    if values.ndim < 1 or values.shape[-1] != 2:
        raise InputError(f"{name}: found shape {values.shape}, expected (..., 2)")
