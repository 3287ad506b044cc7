"""The single phase of a component.

With cosine drive fields and particles in equilibrium the magnetization is even in time, so every component
is a real image times one complex number. The phase that explains most energy has a closed form.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.restoration.normalise import peak_modulus

Complex = npt.NDArray[np.complex64]

SIGN_VOXELS = 16.0  # over which the weight that settles the sign grows by e


def best_phase(image: Complex) -> npt.NDArray[np.float64]:
    r"""Return the phase φ of the line through zero that is nearest to all voxels of a component.

    The energy of the projection on the direction φ is ``(Σ|s|² + Re(exp(−2iφ) Σ s²)) / 2``, so

    .. math:: \varphi = \tfrac{1}{2} \arg \sum_r s(r)^2

    Parameters
    ----------
    image : (component, x, y[, z]) ndarray of complex64

    Returns
    -------
    (component,) ndarray of float64
        Radians in (−π/2, π/2]; 0 where the sum of squares vanishes.
    """
    squares = np.sum(image.astype(np.complex128) ** 2, axis=tuple(range(1, image.ndim)))
    return np.asarray(0.5 * np.angle(squares))


def phase_spread(image: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return ``1 − |Σ s²| / Σ |s|²`` of each component, twice the share of its energy off its best single phase.

    It is 0 for a component of a single phase, as cosine drives and particles in equilibrium give, and near 1 for noise or
    a wave that runs through all phases.

    Parameters
    ----------
    image : (component, x, y[, z]) ndarray of complex

    Returns
    -------
    (component,) ndarray of float64
        Between 0 and 1; 0 where a component vanishes.
    """
    flat = image.reshape(len(image), -1).astype(np.complex128)
    energy = np.sum(np.abs(flat) ** 2, axis=1)
    square = np.abs(np.sum(flat**2, axis=1))
    share = np.divide(square, energy, out=np.ones(len(image)), where=energy > 0)
    return np.asarray(np.maximum(0, 1 - share))  # |Σ s²| may exceed Σ |s|² by a rounding error


def project_on_phase(image: Complex) -> Complex:
    """Project each component on its best single phase: ``exp(iφ) Re(exp(−iφ) s)``.

    Parameters
    ----------
    image : (component, x, y[, z]) ndarray of complex64

    Returns
    -------
    (component, x, y[, z]) ndarray of complex64
        Component of one phase, the nearest such one in least squares.
    """
    rotation = _rotation(best_phase(image), image.ndim)
    return (rotation * (rotation.conj() * image).real).astype(np.complex64)


def aligning_rotation(image: Complex) -> Complex:
    """Return the unit factors that turn each component's best single phase onto the real axis.

    The phase leaves a sign open. It is chosen so that ``Σ exp((x + y [+ z]) / 16) Re(s) |s|²`` over voxels is
    positive, hence a global phase of the input cancels: ``aligning_rotation(exp(iφ) s) exp(iφ) s`` does not
    depend on φ. Without the weight the sum would vanish for components that are odd along an axis, as most of
    an ideal scanner's are; and an exponential one gives the same sign wherever the grid lies in a patch.

    Parameters
    ----------
    image : (component, x, y[, z]) ndarray of complex64

    Returns
    -------
    (component, 1, 1[, 1]) ndarray of complex64
        Factors that broadcast over the grid; the conjugate undoes the turn.
    """
    rotation = _rotation(-best_phase(image), image.ndim)
    # Over their maximum first: in physical units, cubes leave the range of single precision.
    turned = rotation / peak_modulus(image) * image
    cubes = turned.real * (turned.real**2 + turned.imag**2)
    weight = np.exp(np.indices(image.shape[1:]).sum(axis=0) / SIGN_VOXELS)
    sums = cubes.reshape(len(image), weight.size).astype(np.float64) @ weight.reshape(-1)
    return np.asarray(np.where(sums.reshape(rotation.shape) < 0, -rotation, rotation), np.complex64)


def _rotation(phase: npt.NDArray[np.float64], ndim: int) -> Complex:
    turned: Complex = np.exp(1j * phase).astype(np.complex64)
    return turned.reshape(-1, *(1,) * (ndim - 1))
