"""Biharmonic inpainting of missing voxels."""

from dataclasses import dataclass

import numpy as np

from mpipipe.restoration.method import Complex, Mask, Sigma, check_components, refuse_finer
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.phase import aligning_rotation


def inpaint(observed: Complex, known: Mask) -> Complex:
    """Fill missing voxels with the solution of the biharmonic equation ``Δ² s = 0``, known voxels as they are.

    Real and imaginary part are two channels of scikit-image's solver, which limits each to the range of its known
    voxels (Damelin and Hoang 2018; Tsanda 2025, section 3.2). Components are brought to unit maximum before, since the
    solver wants pictures, and their best single phase is turned onto the real axis, since limits for each channel do
    not commute with a phase; both are undone.

    Parameters
    ----------
    observed : (component, x, y[, z]) ndarray of complex64
        Components; missing voxels may hold anything.
    known : (component, x, y[, z]) ndarray of bool
        Voxels that were measured, at least one a component.

    Returns
    -------
    (component, x, y[, z]) ndarray of complex64
    """
    from skimage.restoration import inpaint_biharmonic  # slow to import

    image = np.where(known, observed, np.complex64(0))
    factor = aligning_rotation(image) / peak_modulus(image)
    scaled = image * factor
    for component, mask in zip(scaled, known, strict=True):
        if not mask.all():
            channels = np.stack([component.real, component.imag], axis=-1)
            filled = inpaint_biharmonic(channels, ~mask, channel_axis=-1)
            component[...] = filled[..., 0] + 1j * filled[..., 1]
    return np.asarray(np.where(known, image, scaled / factor), np.complex64)


@dataclass(frozen=True)
class BiharmonicInpainting:
    """Biharmonic inpainting as a restoration method; noise stays."""

    def apply(
        self,
        observed: Complex,
        sigma: Sigma = 0.0,
        *,
        known: Mask | None = None,
        grid: tuple[int, ...] | None = None,
    ) -> Complex:
        """Fill the voxels that are not known."""
        del sigma
        check_components("Biharmonic", observed, known)
        refuse_finer("Biharmonic", observed, grid)
        return observed if known is None else inpaint(observed, known)
