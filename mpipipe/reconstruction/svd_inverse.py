r"""Regularised inverses of a real matrix that share one singular value decomposition: truncated SVD and Tikhonov.

With ``S = U diag(s) V^T`` every inverse of both families is ``V diag(g) U^T``; only the gain g of a singular value differs:

* Truncated SVD of rank r: ``g = 1/s`` of the r largest singular values, 0 of the others. Of all c that minimise
  ``||S_r c - u||^2``, with S_r the best approximation of S of rank r, the shortest.
* Tikhonov: ``g = s / (s^2 + (lambda s_1)^2)``, the minimiser of ``||S c - u||^2 + (lambda s_1)^2 ||c||^2``.

The parameter lambda is relative to the largest singular value s_1, so that it does not depend on the unit of S: singular values
below ``lambda s_1`` are damped. In Chae 2017, equation 5 with p = 2, the parameter is ``(lambda s_1)^2``.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SvdInverse:
    """A factorised matrix, ready for inverses of all parameters.

    Attributes
    ----------
    left : (harmonic, rank) ndarray of float64
        U, orthonormal columns.
    singular_values : (rank,) ndarray of float64
        s, decreasing and positive, in the unit of the matrix.
    right : (rank, voxel) ndarray of float64
        V^T, orthonormal rows.
    """

    left: Array
    singular_values: Array
    right: Array

    @classmethod
    def of(cls, matrix: npt.ArrayLike) -> Self:
        """Factorise a matrix; singular values below its rounding error are left out.

        Parameters
        ----------
        matrix : (harmonic, voxel) array_like of float
            System matrix S.

        Raises
        ------
        InputError
            A matrix of another shape, of complex numbers, with NaN or infinity, or of zeros.
        """
        S = np.asarray(matrix)
        if S.ndim != 2 or 0 in S.shape or S.dtype.kind not in "fiu" or not np.isfinite(S).all():
            raise InputError(
                f"matrix: found {S.dtype} of shape {S.shape}, expected finite real (harmonic, voxel)"
            )
        U, s, Vt = np.linalg.svd(S.astype(np.float64), full_matrices=False)
        # The rule of numpy.linalg.matrix_rank.
        rank = int(np.count_nonzero(s > np.finfo(np.float64).eps * max(S.shape) * s[0]))
        if rank == 0:
            raise InputError("matrix: found zeros, expected a system matrix")
        return cls(U[:, :rank].copy(), s[:rank].copy(), Vt[:rank].copy())

    @property
    def rank(self) -> int:
        """Numerical rank of the matrix."""
        return len(self.singular_values)

    @property
    def condition(self) -> float:
        """Largest over smallest singular value that is kept."""
        return float(self.singular_values[0] / self.singular_values[-1])

    def truncated(self, spectra: npt.ArrayLike, rank: int) -> Array:
        """Return estimates of the truncated SVD.

        Parameters
        ----------
        spectra : (scene, harmonic) array_like of float
            Measurements u.
        rank : int
            Singular values that are used, at least 1, or as many as there are.

        Returns
        -------
        (scene, voxel) ndarray of float64

        Raises
        ------
        InputError
            Spectra of another shape, or no singular value to use.
        """
        return self.image(self.coordinates(spectra), self.truncation(rank))

    def tikhonov(self, spectra: npt.ArrayLike, regularization: float) -> Array:
        """Return Tikhonov estimates.

        Parameters
        ----------
        spectra : (scene, harmonic) array_like of float
            Measurements u.
        regularization : float
            lambda over the largest singular value, at least 0; at 0 this is the pseudo-inverse.

        Returns
        -------
        (scene, voxel) ndarray of float64

        Raises
        ------
        InputError
            Spectra of another shape, or a negative parameter.
        """
        return self.image(self.coordinates(spectra), self.ridge(regularization))

    def coordinates(self, spectra: npt.ArrayLike) -> Array:
        """Return the part of spectra ``(scene, harmonic)`` that the matrix explains, ``U^T u`` as ``(scene, rank)``."""
        u = np.asarray(spectra, np.float64)
        if u.ndim != 2 or u.shape[1] != len(self.left):
            raise InputError(f"spectra: found shape {u.shape}, expected (scene, {len(self.left)})")
        return np.asarray(u @ self.left)

    def image(self, coordinates: Array, gain: Array) -> Array:
        """Return ``V diag(g) U^T u`` as ``(scene, voxel)``, of coordinates ``(scene, rank)`` and gains ``(rank,)``."""
        used = len(np.trim_zeros(gain, "b"))  # a truncation has no need of the rest
        return np.asarray((coordinates[:, :used] * gain[:used]) @ self.right[:used])

    def truncation(self, rank: int) -> Array:
        """Return the gains ``(rank,)`` of the truncated SVD."""
        if rank < 1:
            raise InputError(f"rank: found {rank}, expected 1 or more singular values")
        gain = 1 / self.singular_values
        gain[rank:] = 0
        return gain

    def ridge(self, regularization: float) -> Array:
        """Return the gains ``(rank,)`` of Tikhonov regularisation."""
        if not 0 <= regularization < np.inf:
            raise InputError(f"regularization: found {regularization:g}, expected a number from 0 on")
        relative = self.singular_values / self.singular_values[0]
        return np.asarray(relative / (relative**2 + regularization**2) / self.singular_values[0])
