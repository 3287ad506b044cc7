"""Regularised Kaczmarz: row after row, in blocks of rows, compiled, for many signals at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.threads import on_threads, processors
from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.inputs import check_system, check_weights
from mpipipe.reconstruction.kaczmarz_system import RowSystem, lay_out
from mpipipe.reconstruction.kernel import run_sweeps
from mpipipe.reconstruction.kernel_layout import group, lanes, ungroup, zeros
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.weighting import row_weights

TILE = 16
"""Signals that share one pass over the matrix: their images still fit in the second-level cache."""

T = TypeVar("T")


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
        kind = system.blocks.dtype
        return cls(np.zeros((batch, 2, system.voxels), kind), np.zeros((batch, 2, len(system.index)), kind))


def solve(
    matrix: npt.ArrayLike,
    signal: npt.ArrayLike,
    config: KaczmarzConfig,
    *,
    weights: npt.ArrayLike | None = None,
    background_std: npt.ArrayLike | None = None,
    workers: int | None = None,
    system: RowSystem | None = None,
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
    system : RowSystem, optional
        The weighted matrix, laid out before with this config, when it is solved with again and again.

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
    The steps of a block of rows are worked out together (`kernel.run_sweeps`); but for rounding that is the
    iteration above. Each signal's image is the same bits whatever the batch it comes in.

    S. Kaczmarz 1937; the regularised form is that of A. Dax, "On row relaxation methods for large constrained
    least squares problems", SIAM J. Sci. Comput. 14 (1993). The relative λ is the convention of MPIReco.
    """
    A, b = check_system(matrix, signal)
    if system is None:
        w = (
            row_weights(A, config.weighting, background_std)
            if weights is None
            else check_weights(weights, len(A))
        )
        system = lay_out(A, w, config)
    elif system.voxels != A.shape[1] or system.index.max(initial=-1) >= len(A):
        raise InputError(f"system: found {system.voxels} voxels or more rows, expected a matrix of {A.shape}")
    laid_out, signals = system, np.atleast_2d(b)

    def one(tile: slice) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
        scaled, divisor = laid_out.signals(signals[tile])
        state = KaczmarzState.zeros(laid_out, len(scaled))
        _sweep_tile(laid_out, scaled, state, config)
        image = _image(state, divisor / laid_out.scale, config.real)
        return image, _relative_residual(laid_out, scaled, state)

    image, residual = map(np.concatenate, zip(*_map_tiles(one, len(signals), workers), strict=True))
    if b.ndim == 1:
        return Reconstruction(image[0], residual[0], config.iterations)
    return Reconstruction(image, residual, config.iterations)


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

    def one(tile: slice) -> None:
        _sweep_tile(system, signals[tile], KaczmarzState(state.image[tile], state.dual[tile]), config)

    _map_tiles(one, len(signals), workers)


def _sweep_tile(
    system: RowSystem, signals: npt.NDArray[Any], state: KaczmarzState, config: KaczmarzConfig
) -> None:
    kind, batch = system.blocks.dtype, len(signals)
    lane = lanes(kind)
    image, dual = group(state.image, lane), group(state.dual, lane // 2)
    sums, alpha = zeros((batch, lane, lane), kind), zeros((batch, lane), kind)
    run_sweeps(
        system.blocks, system.inverse, kind.type(np.sqrt(system.regularization)), group(signals, lane // 2),
        image, dual, sums, alpha, config.iterations, config.real, config.positive,
    )  # fmt: skip
    state.image[:] = ungroup(image, system.voxels)
    state.dual[:] = ungroup(dual, len(system.index))


def _map_tiles(function: Callable[[slice], T], batch: int, workers: int | None) -> list[T]:
    """Call a function on the tiles of a batch, all of about the same size and as many for each thread."""
    threads = workers or processors()
    count = threads * max(1, -(-batch // (threads * TILE)))
    size = max(1, -(-batch // count))
    tiles = [slice(start, start + size) for start in range(0, max(1, batch), size)]
    return list(on_threads(function, tiles, threads))


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
