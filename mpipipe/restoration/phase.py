"""The single phase of a component.

With cosine drive fields and particles in equilibrium the magnetization is even in time, so every component
is a real image times one complex number. The phase that explains most energy has a closed form.
"""

import numpy as np
import numpy.typing as npt

Complex = npt.NDArray[np.complex64]


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

    The phase leaves a sign open. It is chosen so that ``Σ Re(s) |s|²`` is positive, hence a global phase of
    the input always cancels: ``aligning_rotation(exp(iφ) s) exp(iφ) s`` does not depend on φ.

    Parameters
    ----------
    image : (component, x, y[, z]) ndarray of complex64

    Returns
    -------
    (component, 1, 1[, 1]) ndarray of complex64
        Factors that broadcast over the grid; the conjugate undoes the turn.
    """
    rotation = _rotation(-best_phase(image), image.ndim)
    cubes = np.sum(
        (rotation * image).real * np.abs(image) ** 2, axis=tuple(range(1, image.ndim)), keepdims=True
    )
    return np.asarray(np.where(cubes < 0, -rotation, rotation), np.complex64)


def _rotation(phase: npt.NDArray[np.float64], ndim: int) -> Complex:
    turned: Complex = np.exp(1j * phase).astype(np.complex64)
    return turned.reshape(-1, *(1,) * (ndim - 1))
