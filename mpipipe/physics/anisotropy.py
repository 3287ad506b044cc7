"""Easy axis and anisotropy at each voxel (Maass et al. 2024)."""

import numpy as np
import numpy.typing as npt

from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner

FloatArray = npt.NDArray[np.float64]


def local_anisotropy(
    scanner: Scanner, particle: Particle, positions_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return anisotropy energy over thermal energy, and easy axis, at each voxel.

    Immobilised particles have constants. Fluid particles (Maass et al. 2024, with ``p`` for what the convention names):

    - ``selection_field``: ``p = diag(G) r``, ``n = p / |p|``, ``K = K_max (|p| / max |p|)^gamma``;
    - ``position``: ``p = r``, ``K n = K_max p |p|^(gamma-1) / max || p |p|^(gamma-1) ||_inf``, so that corners of the grid
      exceed ``K_max``.

    Parameters
    ----------
    scanner : Scanner
        Its gradient makes the selection field.
    particle : Particle
        Kind, anisotropy constant, easy axis, convention.
    positions_m : (voxel, 3) ndarray of float64
        All voxels of the grid, which the largest value is taken over, in m.

    Returns
    -------
    alpha_K : (voxel,) ndarray of float64
        ``K V / (kB T)``, no unit.
    easy_axis : (voxel, 3) ndarray of float64
        Unit vectors.
    """
    fixed = np.asarray(particle.easy_axis) / np.linalg.norm(particle.easy_axis)
    if particle.kind == "immobilised":
        return np.full(len(positions_m), particle.alpha_K), np.broadcast_to(fixed, positions_m.shape).copy()
    guide = positions_m
    if particle.convention == "selection_field":
        guide = positions_m * np.asarray(scanner.gradient_T_per_m)
    length = np.linalg.norm(guide, axis=-1)
    largest = length.max()
    if largest == 0:
        return np.zeros(len(guide)), np.broadcast_to(fixed, guide.shape).copy()
    # At the origin the axis has no direction and the anisotropy vanishes: any axis serves.
    axis = np.where(length[:, None] > 0, guide / np.where(length, length, 1.0)[:, None], fixed)
    strength = (length / largest) ** particle.gamma
    if particle.convention == "position":
        strength = strength / (strength[:, None] * np.abs(axis)).max()
    return particle.alpha_K * strength, axis


def rescaled_for(
    scanner: Scanner, particle: Particle, positions_m: FloatArray, other_m: FloatArray
) -> Particle:
    """Return the same tracer for a simulation on other voxels.

    The anisotropy constant of fluid particles is the one where the guiding vector is largest *on a grid*
    (`local_anisotropy`). On a finer grid the outermost voxels lie further out, so the same constant there would be
    another tracer; it is scaled so that the anisotropy at each place stays what it was.

    Parameters
    ----------
    scanner, particle : Scanner, Particle
        What is simulated, with the constant that belongs to `positions_m`.
    positions_m, other_m : (voxel, 3) ndarray of float64
        Voxels of the grid that the constant belongs to, and of the other one, in m.
    """
    if particle.kind == "immobilised":
        return particle
    ratio = _largest_strength(scanner, particle, other_m) / _largest_strength(scanner, particle, positions_m)
    return particle.model_copy(update={"anisotropy_J_per_m3": particle.anisotropy_J_per_m3 * ratio})


def _largest_strength(scanner: Scanner, particle: Particle, positions_m: FloatArray) -> float:
    """Return what `local_anisotropy` divides by."""
    if particle.convention == "selection_field":
        guide = positions_m * np.asarray(scanner.gradient_T_per_m)
        return float(np.linalg.norm(guide, axis=-1).max() ** particle.gamma)
    length = np.linalg.norm(positions_m, axis=-1, keepdims=True)
    axis = positions_m / np.where(length > 0, length, 1.0)
    return float((length**particle.gamma * np.abs(axis)).max())
