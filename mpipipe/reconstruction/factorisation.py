"""A system matrix, factorised once for every signal that is solved with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.reconstruction.proximal import Real

START_RIDGE = 1e-2
"""[assumption] λ over ‖A‖_F²/N of the image that a solver starts from: the default of ART."""


@dataclass(frozen=True)
class FactorisedSystem:
    """Real and imaginary rows of a matrix, stacked, as ``A = unit · U diag(s) Vᵀ``.

    A solver that asks only for ‖Ax − b‖ can work on the ``rank`` coordinates Uᵀb and one number more, the
    norm of what is left of b outside of the span of U: the other 2M − rank − 1 coordinates stay zero.

    Attributes
    ----------
    left : (2 component, rank) float64
        U, orthonormal columns.
    singular_values : (rank,) float
        s, falling, the first one ``scale``.
    right : (voxel, rank) float
        V, orthonormal columns, in the precision of the iteration.
    unit : float
        Largest singular value of A over ``scale``; 1 for a matrix of zeros.
    """

    left: npt.NDArray[np.float64]
    singular_values: Real
    right: Real
    unit: float


@dataclass(frozen=True)
class SignalCoordinates:
    """Signals in the coordinates of a factorised system, in units in which images have a peak near one.

    Attributes
    ----------
    values : (batch, rank + 1) float
        Uᵀb, then the norm of b outside of the span, over ``unit · peak``.
    radius : (batch,) float
        ε, over the same.
    peak : (batch,) float64
        Largest value of the starting image, in the unit of the image.
    start : (batch, voxel) float
        Image that a solver starts from, over its peak; zero where zero explains the signal.
    """

    values: Real
    radius: Real
    peak: npt.NDArray[np.float64]
    start: Real


def factorise(matrix: npt.NDArray[np.complexfloating[Any, Any]], scale: float) -> FactorisedSystem:
    """Decompose the stacked matrix in double precision and rescale it to the largest singular value ``scale``.

    Singular values below the precision of the matrix are left out.

    Parameters
    ----------
    matrix : (component, voxel) complex64 or complex128
        A, weighted; its precision is the precision of the iteration.
    scale : float
        Largest singular value of the rescaled matrix.
    """
    A = np.asarray(matrix)
    stacked = np.concatenate([A.real, A.imag]).astype(np.float64)
    U, s, Vt = np.linalg.svd(stacked, full_matrices=False)
    largest = float(s.max(initial=0.0))
    rank = int(np.count_nonzero(s > np.finfo(A.dtype).eps * largest))
    unit = largest / scale if largest > 0 else 1.0
    kind = A.real.dtype
    right = np.ascontiguousarray(Vt[:rank].T, dtype=kind)
    return FactorisedSystem(np.ascontiguousarray(U[:, :rank]), (s[:rank] / unit).astype(kind), right, unit)


def locate(
    system: FactorisedSystem,
    signals: npt.NDArray[np.complexfloating[Any, Any]],
    noise_norm: npt.NDArray[np.float64] | None,
    noise_factor: float = 1.0,
) -> SignalCoordinates:
    """Return signals in the coordinates of the system, with the radius of the data constraint and a start.

    The start is the ridge image ``(AᵀA + λ)⁻¹Aᵀb`` with λ = 0.01 ‖A‖_F²/N for N voxels; its peak makes
    thresholds independent of the units of matrix and signal.

    Parameters
    ----------
    system : FactorisedSystem
        Factorised matrix.
    signals : (batch, component) complex
        Measurements b, weighted as the matrix was.
    noise_norm : (batch,) float64, optional
        Norm of the noise in b. When absent it is estimated from the part of b that no image explains.
    noise_factor : float
        ε over the noise norm.
    """
    stacked = np.concatenate([signals.real, signals.imag], axis=1).astype(np.float64)
    inside = stacked @ system.left
    outside = np.linalg.norm(stacked - inside @ system.left.T, axis=1)
    radius = noise_factor * (_noise_outside(system, outside) if noise_norm is None else noise_norm)
    images = _ridge(system, inside)
    peak = np.abs(images).max(axis=1)
    peak = np.where(peak > 0, peak, np.maximum(np.linalg.norm(stacked, axis=1) / system.unit, 1.0))
    divisor = system.unit * peak
    explained = radius >= np.hypot(np.linalg.norm(inside, axis=1), outside)
    kind = system.right.dtype
    return SignalCoordinates(
        (np.column_stack([inside, outside]) / divisor[:, None]).astype(kind),
        (radius / divisor).astype(kind),
        peak,
        np.where(explained[:, None], 0, images / peak[:, None]).astype(kind),
    )


def _ridge(system: FactorisedSystem, inside: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    s = system.singular_values.astype(np.float64)
    weight = START_RIDGE * np.sum(s**2) / len(system.right)
    return np.asarray((inside / system.unit * s / (s**2 + weight)) @ system.right.T.astype(np.float64))


def noise_norms(
    system: FactorisedSystem, signals: npt.NDArray[np.complexfloating[Any, Any]]
) -> npt.NDArray[np.float64]:
    """Return the norm of the noise in signals ``(batch, component)``, estimated from what no image explains of them.

    White noise in M complex components has 2M − rank of its 2M real parts outside of the span of U, on average.

    Raises
    ------
    InputError
        When the matrix explains every signal.
    """
    stacked = np.concatenate([signals.real, signals.imag], axis=1).astype(np.float64)
    outside = np.linalg.norm(stacked - stacked @ system.left @ system.left.T, axis=1)
    return _noise_outside(system, outside)


def _noise_outside(system: FactorisedSystem, outside: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    rows, rank = system.left.shape
    if rank == rows:
        raise InputError(
            f"noise_norm: found none, and the matrix explains all of its {rows // 2} components, "
            "so that the noise cannot be estimated; expected the norm of the noise"
        )
    return np.asarray(outside * np.sqrt(rows / (rows - rank)))
