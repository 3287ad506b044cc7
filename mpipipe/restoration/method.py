"""What every restoration method can do once it is prepared."""

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Complex = npt.NDArray[np.complex64]
Mask = npt.NDArray[np.bool_]
Sigma = float | npt.NDArray[np.floating]


@runtime_checkable
class Restorer(Protocol):
    """A prepared method.

    A restorer commutes with a factor ``a > 0`` and a global phase φ of a component, since the receive chain
    multiplies each component by an unknown complex number:
    ``apply(a exp(iφ) y, a σ) = a exp(iφ) apply(y, σ)``.
    """

    def apply(
        self,
        observed: Complex,
        sigma: Sigma = 0.0,
        *,
        known: Mask | None = None,
        grid: tuple[int, ...] | None = None,
    ) -> Complex:
        """Restore components of one grid.

        Parameters
        ----------
        observed : (component, x, y[, z]) ndarray of complex64
            Measured components, on the reduced grid if the calibration was down-sampled. What unknown voxels hold
            does not matter.
        sigma : float or (component,) ndarray
            Standard deviation of the complex noise, in the unit of `observed`.
        known : (component, x, y[, z]) ndarray of bool, optional
            Voxels that were measured; all by default.
        grid : tuple of int, optional
            Grid to restore on; the observed one by default. With a factor k, every k-th voxel of it was measured,
            from the first on.

        Returns
        -------
        (component, *grid) ndarray of complex64

        Raises
        ------
        InputError
            When the method cannot do what is asked, or the observation cannot be restored.
        """
        ...


def per_component(value: Sigma, ndim: int) -> npt.NDArray[np.float32]:
    """Return a scalar or ``(component,)`` value with the trailing axes of an image with `ndim` axes."""
    return np.asarray(value, np.float32).reshape(-1, *(1,) * (ndim - 1))


def check_components(name: str, observed: Complex, known: Mask | None = None) -> None:
    """Refuse NaN and infinity in voxels that count, masks of another shape, and components without a measured voxel.

    Parameters
    ----------
    name : str
        Method, for the error message.
    observed : (component, x, y[, z]) ndarray of complex64
        Components.
    known : (component, x, y[, z]) ndarray of bool, optional
        Voxels that were measured.
    """
    if observed.ndim not in (3, 4) or 0 in observed.shape[1:]:
        raise InputError(f"{name}: found shape {observed.shape}, expected (component, x, y[, z]) with voxels")
    if known is not None and (known.shape != observed.shape or known.dtype != np.bool_):
        raise InputError(
            f"{name}: found a mask of {known.dtype} {known.shape}, expected bool {observed.shape}"
        )
    finite = np.isfinite(observed)
    if not (finite if known is None else finite | ~known).all():
        raise InputError(f"{name}: found NaN or infinity in measured voxels, expected finite components")
    if known is not None and not known.any(axis=tuple(range(1, known.ndim))).all():
        raise InputError(f"{name}: found a component without a measured voxel, expected at least one")


def refuse_missing(name: str, known: Mask | None) -> None:
    """Refuse missing voxels for a method that needs all of them."""
    if known is not None and not known.all():
        raise InputError(f"{name}: found missing voxels, expected a complete grid; inpaint it first")


def refuse_finer(name: str, observed: Complex, grid: tuple[int, ...] | None) -> None:
    """Refuse another grid than the observed one for a method that keeps the grid."""
    if grid is not None and tuple(grid) != observed.shape[1:]:
        raise InputError(f"{name}: found grid {observed.shape[1:]} for {tuple(grid)}, expected the same grid")
