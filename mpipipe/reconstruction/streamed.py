"""Regularised Kaczmarz for a matrix that does not fit into memory: its rows are read anew in each sweep."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.inputs import check_system, check_weights
from mpipipe.reconstruction.kaczmarz import KaczmarzState, sweep
from mpipipe.reconstruction.kaczmarz_system import lay_out
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.reconstruction.weighting import row_norms

Complex = npt.NDArray[np.complexfloating[Any, Any]]


@dataclass(frozen=True)
class RowBlock:
    """Consecutive rows of a system, the unit that is in memory.

    Attributes
    ----------
    matrix : (component, voxel) ndarray of complex64 or complex128
        Rows of the system matrix.
    signal : (batch, component) ndarray of complex
        Measurements of the same components.
    weights : (component,) ndarray of float64
        Row weights, not negative.
    """

    matrix: Complex
    signal: Complex
    weights: npt.NDArray[np.float64]


@dataclass
class _Iterate:
    """The image and each block's dual variables, in true units, float64 planes."""

    image: npt.NDArray[np.float64]
    duals: list[npt.NDArray[np.float64]]


def solve_streamed(
    read: Callable[[], Iterable[RowBlock]],
    config: KaczmarzConfig,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Reconstruction:
    """Reconstruct images by the iteration of `mpipipe.reconstruction.kaczmarz.solve`, a block of rows at a time.

    One pass over the rows finds ‖WA‖_F for the relative λ, each sweep is one pass, and a last one finds the residual. The
    memory is that of two blocks, however large the matrix is. Up to rounding the images are those of ``solve``.

    Parameters
    ----------
    read : callable
        Returns the blocks of rows, the same ones in the same order each time it is called.
    config : KaczmarzConfig
        Sweeps, λ, projections; rows are taken in their natural order. Weights are the blocks' own.
    progress : callable, optional
        Called with finished passes and their number.

    Returns
    -------
    Reconstruction
        Images ``(batch, voxel)``, float when ``config.real``, else complex.

    Raises
    ------
    InputError
        When there is no row, shapes do not fit, values are not finite, or a random row order is asked for.
    """
    if config.row_order != "natural":
        raise InputError(
            f"row_order: found {config.row_order!r}, expected 'natural' for a matrix that is read in blocks"
        )
    report = progress or (lambda done, total: None)
    passes = config.iterations + 2
    state, settings = _prepare(read, config)
    report(1, passes)
    for done in range(config.iterations):
        for number, block in enumerate(read()):
            _sweep_block(state, number, block, settings)
        _project(state.image, config)
        report(done + 2, passes)
    residual = _relative_residual(read, state.image)
    report(passes, passes)
    planes = state.image
    image = planes[:, 0] if config.real else planes[:, 0] + 1j * planes[:, 1]
    single = np.float32 if config.real else np.complex64
    return Reconstruction(image.astype(single), residual, config.iterations)


def _prepare(
    read: Callable[[], Iterable[RowBlock]], config: KaczmarzConfig
) -> tuple[_Iterate, KaczmarzConfig]:
    """Return the start of the iteration, and the settings of one block's sweep, with λ made absolute."""
    energy, duals, shape = 0.0, [], None
    for block in read():
        A, b = check_system(block.matrix, block.signal)
        check_weights(block.weights, len(A))
        energy += float(np.sum((row_norms(A) * block.weights) ** 2))
        duals.append(np.zeros((len(b), 2, len(A))))
        shape = shape or (len(b), A.shape[1])
        if shape != (len(b), A.shape[1]):
            raise InputError(
                f"rows: found {len(b)} signals and {A.shape[1]} voxels, expected {shape} as in the first block"
            )
    if shape is None:
        raise InputError("rows: found none, expected one block at least")
    factor = energy / shape[1] if config.normalization == "relative" else 1.0
    settings = config.model_copy(
        update={
            "regularization": config.regularization * factor,
            "normalization": "absolute",
            "iterations": 1,
            "real": False,
            "positive": False,
        }
    )
    return _Iterate(np.zeros((shape[0], 2, shape[1])), duals), settings


def _sweep_block(state: _Iterate, number: int, block: RowBlock, settings: KaczmarzConfig) -> None:
    """Run the steps of one block's rows; what they change is kept in true units between blocks."""
    system = lay_out(np.asarray(block.matrix), block.weights, settings)
    if not len(system.index):
        return
    signals, divisor = system.signals(np.asarray(block.signal))
    unit = (divisor / system.scale)[:, None, None]  # powers of two: changes no digit
    kind = system.blocks.dtype
    dual = state.duals[number]
    scaled = KaczmarzState((state.image / unit).astype(kind), (dual[:, :, system.index] / unit).astype(kind))
    sweep(system, signals, scaled, settings)
    state.image[:] = scaled.image * unit
    dual[:, :, system.index] = scaled.dual * unit


def _project(image: npt.NDArray[np.float64], config: KaczmarzConfig) -> None:
    if config.real:
        image[:, 1] = 0.0
    if config.positive:
        np.maximum(image[:, 0], 0.0, out=image[:, 0])


def _relative_residual(
    read: Callable[[], Iterable[RowBlock]], image: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return ‖W(Ax − b)‖/‖Wb‖ of each image, 0 for a zero signal."""
    found, whole = np.zeros(len(image)), np.zeros(len(image))
    c = image[:, 0] + 1j * image[:, 1]
    for block in read():
        expected = np.asarray(block.signal) * block.weights
        explained = (c.astype(block.matrix.dtype) @ block.matrix.T) * block.weights
        found += np.sum(np.abs(explained - expected) ** 2, axis=1)
        whole += np.sum(np.abs(expected) ** 2, axis=1)
    return np.sqrt(np.divide(found, whole, out=np.zeros_like(whole), where=whole > 0))
