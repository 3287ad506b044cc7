"""Mean moments in plain NumPy and SciPy, as a simulation without tables computes them.

All take dimensionless fields ``(time, 3)``, the anisotropy energy over thermal energy, and the easy axis, and return
moments over saturation ``(time, 3)``.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ive

from mpipipe.physics.magnetization import moment_by_quadrature

Model = Callable[[np.ndarray, float, np.ndarray], np.ndarray]

SMALLEST = 1e-6
"""A field that is taken in place of weaker ones, in whose length the formulas divide."""


def quadrature(b: np.ndarray, alpha: float, axis: np.ndarray) -> np.ndarray:
    """Return the moment by Gauss-Legendre quadrature with 48 nodes."""
    return moment_by_quadrature(b, alpha, axis, nodes=48)


def langevin(b: np.ndarray, alpha: float, axis: np.ndarray) -> np.ndarray:
    """Return the moment without anisotropy, ``(coth b - 1/b) b / |b|``; the other arguments are not used."""
    length = np.maximum(np.linalg.norm(b, axis=1), SMALLEST)
    return ((1 / np.tanh(length) - 1 / length) / length)[:, None] * b


def bessel_series(b: np.ndarray, alpha: float, axis: np.ndarray) -> np.ndarray:
    r"""Return the moment by a series in modified spherical Bessel functions and Legendre polynomials.

    The factor of the anisotropy is expanded about the easy axis n and that of the field about its direction e. What the
    integral over the sphere leaves is, with u = e·n and b = \|b\|,

        Z / 4π = Σ a_l i_l(b) P_l(u)  over even l,    a_l = (2l + 1)/2 ∫ exp(α t²) P_l(t) dt

    and the moment is the gradient of ln Z, ``e ∂_b ln Z + (n - u e)/b ∂_u ln Z``.
    """
    length = np.maximum(np.linalg.norm(b, axis=1), SMALLEST)
    direction = b / length[:, None]
    u = direction @ axis
    a = anisotropy_coefficients(alpha)
    bessel = spherical_bessel(len(a), length)
    polynomial, slope = np.ones_like(u), np.zeros_like(u)  # P_l and its derivative
    below, slope_below = np.zeros_like(u), np.zeros_like(u)
    whole = along = turning = 0.0
    for order, weight in enumerate(a):
        if order % 2 == 0:
            whole = whole + weight * bessel[order] * polynomial
            growth = bessel[order + 1] + order / length * bessel[order]
            along = along + weight * growth * polynomial
            turning = turning + weight * bessel[order] * slope
        rise = ((2 * order + 1) * u * polynomial - order * below) / (order + 1)
        steeper = slope_below + (2 * order + 1) * polynomial
        below, polynomial, slope_below, slope = polynomial, rise, slope, steeper
    across = axis - u[:, None] * direction
    return (along[:, None] * direction + (turning / length)[:, None] * across) / whole[:, None]


def anisotropy_coefficients(alpha: float) -> np.ndarray:
    """Return the Legendre coefficients of ``exp(alpha (t² - 1))`` up to where they vanish."""
    orders = 2 * int(10 + np.ceil(alpha)) + 1
    t, weight = np.polynomial.legendre.leggauss(2 * orders)
    values = weight * np.exp(alpha * (t**2 - 1))
    return (np.arange(orders) + 0.5) * (values @ np.polynomial.legendre.legvander(t, orders - 1))


def spherical_bessel(orders: int, x: np.ndarray) -> list[np.ndarray]:
    """Return ``exp(-x) i_l(x)`` for l from 0 to `orders`: the two highest from SciPy, the others by recurrence."""
    scale = np.sqrt(np.pi / (2 * x))
    found = [scale * ive(orders + 0.5, x), scale * ive(orders - 0.5, x)]
    for order in range(orders - 1, 0, -1):
        found.append(found[-2] + (2 * order + 1) / x * found[-1])
    return found[::-1]
