"""Full width at half maximum of the magnetization kernel (Langevin particle)."""

from functools import cache
from math import sinh, tanh

from mpipipe.physics.particle import Particle


def _parallel_kernel(xi: float) -> float:
    """Return ``L'(xi) / L'(0)``, the kernel along the direction of motion."""
    return 3 * (1 / xi**2 - 1 / sinh(xi) ** 2)


def _transverse_kernel(xi: float) -> float:
    """Return ``(L(xi) / xi) / L'(0)``, the kernel across the direction of motion."""
    return 3 * (1 / tanh(xi) - 1 / xi) / xi


@cache
def fwhm_constant(direction: str = "parallel") -> float:
    """Return the full width at half maximum of the kernel in units of the dimensionless field ``xi = m B / (kB T)``.

    Parameters
    ----------
    direction : {"parallel", "transverse"}
        Along the motion of the field-free point, kernel ``L'(xi)``: 4.161. Across it, ``L(xi) / xi``: 9.467.
    """
    kernel = {"parallel": _parallel_kernel, "transverse": _transverse_kernel}[direction]
    low, high = 1.0, 10.0
    while high - low > 4e-15 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if kernel(middle) > 0.5 else (low, middle)
    return low + high


def fwhm_mm(particle: Particle, gradient_T_per_m: float, direction: str = "parallel") -> float:
    """Return the full width at half maximum in mm, ``c kB T / (m |G|)``.

    Parameters
    ----------
    particle : Particle
        Its anisotropy is not taken into account.
    gradient_T_per_m : float
        Gradient of the selection field along the direction that is asked for.
    direction : {"parallel", "transverse"}
        Which kernel, see :func:`fwhm_constant`.
    """
    return 1e3 * fwhm_constant(direction) / (particle.beta_per_T * abs(gradient_T_per_m))
