"""Regularised Kaczmarz: one row at a time, compiled, for many signals at once."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.kernel import multiply, run_sweeps
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.weighting import row_blocks, row_norms, row_weights

TILE = 8
"""Signals that share one pass over the matrix: their images still fit in the first-level cache."""


@dataclass(frozen=True)
class RowSystem:
    """Weighted rows, laid out for the compiled loop.

    The rows are divided by ``scale``, a power of two near ‖A‖_F, so that single precision neither overflows
    nor loses small rows, and no digit is changed.

    Attributes
    ----------
    rows : (row, 2, voxel) float32 or float64
        Real and imaginary planes of w_m a_m / scale; rows without norm or weight are left out.
    energy : (row,) float32 or float64
        ‖row‖².
    factor : (row,) float64
        Row weights w_m.
    index : (row,) int64
        Place of each row in the matrix it came from, in the order of a sweep.
    scale : float
        Common divisor of the rows.
    regularization : float
        λ for the scaled rows, absolute.
    """

    rows: npt.NDArray[Any]
    energy: npt.NDArray[Any]
    factor: npt.NDArray[np.float64]
    index: npt.NDArray[np.int64]
    scale: float
    regularization: float

    @property
    def voxels(self) -> int:
        """Number of voxels (columns)."""
        return int(self.rows.shape[2])

    def signals(self, signal: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
        """Weighted signals ``(batch, 2, row)``, each over a power of two, and those divisors ``(batch,)``."""
        weighted = signal[:, self.index] * self.factor
        peak = np.abs(weighted).max(axis=1, initial=0.0)
        divisor = np.where(peak > 0, _power_of_two(peak), 1.0)
        planes = np.stack([weighted.real, weighted.imag], axis=1) / divisor[:, None, None]
        return np.ascontiguousarray(planes, dtype=self.rows.dtype), divisor

    def apply(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Scaled, weighted signals ``(batch, 2, row)`` of images ``(batch, 2, voxel)``."""
        return np.asarray(multiply(self.rows, image))


@dataclass(frozen=True)
class KaczmarzState:
    """Everything that a sweep changes; a solve can be stopped and continued between sweeps.

    Attributes
    ----------
    image : (batch, 2, voxel) float32 or float64
        Real and imaginary plane of each image, in scaled units.
    dual : (batch, 2, row) float32 or float64
        The v_m of the regularised iteration.
    """

    image: npt.NDArray[Any]
    dual: npt.NDArray[Any]

    @classmethod
    def zeros(cls, system: RowSystem, batch: int) -> "KaczmarzState":
        """Return the start of a solve: empty images."""
        rows, _, voxels = system.rows.shape
        kind = system.rows.dtype
        return cls(np.zeros((batch, 2, voxels), kind), np.zeros((batch, 2, rows), kind))


def solve(
    matrix: npt.ArrayLike,
    signal: npt.ArrayLike,
    config: KaczmarzConfig,
    *,
    weights: npt.ArrayLike | None = None,
    background_std: npt.ArrayLike | None = None,
    workers: int | None = None,
) -> Reconstruction:
    """Reconstruct images by regularised Kaczmarz sweeps.

    Without projections the iteration converges to the Tikhonov solution, the minimiser of
    ``‖W(Ax − b)‖² + λ‖x‖²`` with W = diag(w). One step, for row a_m of WA and entry b_m of Wb:

        α = (b_m − a_m·x − √λ v_m) / (‖a_m‖² + λ),   x ← x + α conj(a_m),   v_m ← v_m + √λ α

    After a sweep over all rows the imaginary part is dropped (``real``) and the real part clipped at zero
    (``positive``). Rows without norm or with weight zero are skipped. The row selection of
    ``config`` is the front door's business: every row given here takes part.

    Parameters
    ----------
    matrix : (component, voxel) complex64 or complex128
        System matrix A. Its precision is the precision of the solve.
    signal : (component,) or (batch, component) complex
        Measurements b, in the unit of the matrix times that of the image.
    config : KaczmarzConfig
        Sweeps, λ and its normalisation ('relative': λ‖WA‖_F²/N with N voxels), projections, order, weighting.
    weights : (component,) float, optional
        Row weights w >= 0 in place of ``config.weighting``.
    background_std : (component,) float, optional
        Standard deviation of the empty scanner's signal; needed by the 'background' weighting.
    workers : int, optional
        Threads; by default every core that the process may use. The result does not depend on it.

    Returns
    -------
    Reconstruction
        Images ``(voxel,)`` or ``(batch, voxel)``, float when ``config.real``, else complex.

    Raises
    ------
    InputError
        When shapes do not fit, the matrix or signal holds NaN or infinity, or a weight is negative.

    Notes
    -----
    S. Kaczmarz 1937; the regularised form is that of A. Dax, "On row relaxation methods for large constrained
    least squares problems", SIAM J. Sci. Comput. 14 (1993). The relative λ is the convention of MPIReco.
    """
    A, b = _check(matrix, signal)
    w = (
        row_weights(A, config.weighting, background_std)
        if weights is None
        else _given_weights(weights, len(A))
    )
    system = lay_out(A, w, config)
    scaled, divisor = system.signals(np.atleast_2d(b))
    state = KaczmarzState.zeros(system, len(scaled))
    sweep(system, scaled, state, config, workers=workers)
    image = _image(state, divisor / system.scale, config.real)
    residual = _relative_residual(system, scaled, state)
    if b.ndim == 1:
        return Reconstruction(image[0], residual[0], config.iterations)
    return Reconstruction(image, residual, config.iterations)


def lay_out(A: npt.NDArray[Any], weights: npt.NDArray[np.float64], config: KaczmarzConfig) -> RowSystem:
    """Drop empty rows, order, weight and scale the others, and make λ absolute.

    Parameters
    ----------
    A : (component, voxel) complex64 or complex128
        System matrix.
    weights : (component,) float64
        Row weights.
    config : KaczmarzConfig
        λ, its normalisation and the row order.
    """
    norms = row_norms(A) * weights
    total = float(np.linalg.norm(norms))
    scale = float(_power_of_two(total)) if total > 0 else 1.0
    index = np.flatnonzero((norms / scale) ** 2 > np.finfo(A.dtype).tiny)
    if config.row_order == "random":
        index = np.random.default_rng(config.seed).permutation(index)
    rows = np.empty((len(index), 2, A.shape[1]), A.real.dtype)
    for place in row_blocks(len(index)):
        block, factor = A[index[place]], weights[index[place], None] / scale
        np.multiply(block.real, factor, out=rows[place, 0], casting="same_kind")
        np.multiply(block.imag, factor, out=rows[place, 1], casting="same_kind")
    relative = (total / scale) ** 2 / max(A.shape[1], 1)
    unit = relative if config.normalization == "relative" else 1 / scale**2
    energy = ((norms[index] / scale) ** 2).astype(rows.dtype)
    return RowSystem(rows, energy, weights[index], index, scale, config.regularization * unit)


def sweep(
    system: RowSystem,
    signals: npt.NDArray[Any],
    state: KaczmarzState,
    config: KaczmarzConfig,
    *,
    workers: int | None = None,
) -> None:
    """Run ``config.iterations`` sweeps and change ``state`` in place.

    Parameters
    ----------
    system : RowSystem
        Rows, from `lay_out`.
    signals : (batch, 2, row) float32 or float64
        Scaled signals, from `RowSystem.signals`.
    state : KaczmarzState
        Images and dual variables.
    config : KaczmarzConfig
        Sweeps and projections.
    workers : int, optional
        Threads.
    """
    kind = system.rows.dtype.type
    root = kind(np.sqrt(system.regularization))
    inverse = 1 / (system.energy + kind(system.regularization))

    def one(tile: slice) -> None:
        run_sweeps(
            system.rows, inverse, root, signals[tile], state.image[tile], state.dual[tile],
            config.iterations, config.real, config.positive,
        )  # fmt: skip

    threads = workers or _cores()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, _tiles(len(signals), threads)))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tiles(batch: int, threads: int) -> Iterator[slice]:
    size = max(1, min(TILE, -(-batch // threads)))
    return (slice(start, start + size) for start in range(0, batch, size))


def _check(matrix: npt.ArrayLike, signal: npt.ArrayLike) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    A, b = _complex("matrix", matrix), _complex("signal", signal)
    if A.ndim != 2 or A.shape[1] == 0:
        raise InputError(f"matrix: found shape {A.shape}, expected (component, voxel)")
    if b.ndim not in (1, 2) or b.shape[-1] != A.shape[0]:
        raise InputError(
            f"signal: found shape {b.shape}, expected ({A.shape[0]},) or (batch, {A.shape[0]}) "
            f"for a matrix of shape {A.shape}"
        )
    for name, array in (("matrix", A), ("signal", b)):
        if not np.isfinite(array).all():
            raise InputError(f"{name}: found NaN or infinity, expected finite values")
    return A, b


def _complex(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "fciu":
        raise InputError(f"{name}: found dtype {array.dtype}, expected numbers")
    return array.astype(np.result_type(array.dtype, np.complex64), copy=False)


def _given_weights(weights: npt.ArrayLike, components: int) -> npt.NDArray[np.float64]:
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (components,):
        raise InputError(
            f"weights: found shape {w.shape}, expected ({components},) for {components} components"
        )
    if not (np.isfinite(w).all() and (w >= 0).all()):
        raise InputError(f"weights: found {w.min()}, expected finite values of at least 0")
    return w


def _power_of_two(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(np.ldexp(1.0, np.frexp(values)[1]))


def _image(state: KaczmarzState, unit: npt.NDArray[np.float64], real: bool) -> npt.NDArray[Any]:
    kind = state.image.dtype
    if real:
        return (state.image[:, 0] * unit[:, None]).astype(kind)
    planes = state.image * unit[:, None, None]
    return (planes[:, 0] + 1j * planes[:, 1]).astype(np.result_type(kind, np.complex64))


def _relative_residual(
    system: RowSystem, signals: npt.NDArray[Any], state: KaczmarzState
) -> npt.NDArray[np.float64]:
    def norm(planes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.asarray(np.sqrt(np.sum(np.square(planes, dtype=np.float64), axis=(1, 2))))

    whole = norm(signals)
    return np.divide(
        norm(system.apply(state.image) - signals), whole, out=np.zeros_like(whole), where=whole > 0
    )
