"""What every restoration method can do once it is prepared."""

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Complex = npt.NDArray[np.complex64]
Sigma = float | npt.NDArray[np.floating]


@runtime_checkable
class Restorer(Protocol):
    """A prepared method.

    A restorer commutes with a factor ``a > 0`` and a global phase φ of a component, since the receive chain
    multiplies each component by an unknown complex number:
    ``apply(a exp(iφ) y, a σ) = a exp(iφ) apply(y, σ)``. A network that is trained on random phases, as
    published, has this law for ``a`` only, and for φ as far as it was learned.
    """

    def apply(self, noisy: Complex, sigma: Sigma) -> Complex:
        """Restore components of one grid.

        Parameters
        ----------
        noisy : (component, x, y[, z]) ndarray of complex64
            Noisy components.
        sigma : float or (component,) ndarray
            Standard deviation of the complex noise, in the unit of `noisy`.

        Returns
        -------
        (component, x, y[, z]) ndarray of complex64
        """
        ...


def per_component(value: Sigma, ndim: int) -> npt.NDArray[np.float32]:
    """Return a scalar or ``(component,)`` value with the trailing axes of an image with `ndim` axes."""
    return np.asarray(value, np.float32).reshape(-1, *(1,) * (ndim - 1))
