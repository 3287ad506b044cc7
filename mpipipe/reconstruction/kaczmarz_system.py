"""The weighted rows of a Kaczmarz solve, ordered, scaled and laid out in blocks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.reconstruction.kernel import multiply
from mpipipe.reconstruction.kernel_layout import block_rows, group, lanes, unblock_rows, ungroup, zeros
from mpipipe.reconstruction.weighting import row_blocks, row_norms


@dataclass(frozen=True)
class RowSystem:
    """Weighted rows, laid out for the compiled loop.

    The rows are divided by ``scale``, a power of two near ‖A‖_F, so that single precision neither overflows
    nor loses small rows, and no digit is changed.

    Attributes
    ----------
    blocks : (block, chunk, row of the block, 2, lane) float32 or float64
        Real and imaginary planes of w_m a_m / scale, in the order of a sweep; rows without norm or weight are
        left out, the last block and the last chunk of voxels are filled with zeros.
    inverse : (block, 2 * row of the block, 2 * row of the block) float32 or float64
        What turns the residuals of a block's rows into its steps; see `kernel.run_sweeps`.
    factor : (row,) float64
        Row weights w_m.
    index : (row,) int64
        Place of each row in the matrix it came from, in the order of a sweep.
    voxels : int
        Number of voxels (columns).
    scale : float
        Common divisor of the rows.
    regularization : float
        λ for the scaled rows, absolute.
    """

    blocks: npt.NDArray[Any]
    inverse: npt.NDArray[Any]
    factor: npt.NDArray[np.float64]
    index: npt.NDArray[np.int64]
    voxels: int
    scale: float
    regularization: float

    @property
    def rows(self) -> npt.NDArray[Any]:
        """Real and imaginary planes of the rows, ``(row, 2, voxel)``: a copy."""
        return unblock_rows(self.blocks, self.voxels)[: len(self.index)]

    def signals(self, signal: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
        """Weighted signals ``(batch, 2, row)``, each over a power of two, and those divisors ``(batch,)``."""
        planes = np.stack([signal.real[:, self.index], signal.imag[:, self.index]], axis=1) * self.factor
        peak = np.abs(planes).max(axis=(1, 2), initial=0.0)
        divisor = np.where(peak > 0, power_of_two(peak), 1.0)
        return (planes / divisor[:, None, None]).astype(self.blocks.dtype), divisor

    def apply(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Scaled, weighted signals ``(batch, 2, row)`` of images ``(batch, 2, voxel)``."""
        kind, batch = self.blocks.dtype, len(image)
        lane = lanes(kind)
        signals = np.empty((batch, len(self.blocks), lane), kind)
        multiply(self.blocks, group(image, lane), zeros((batch, lane, lane), kind), signals)
        return ungroup(signals.reshape(batch, len(self.blocks), 2, lane // 2), len(self.index))


def lay_out(A: npt.NDArray[Any], weights: npt.NDArray[np.float64], config: KaczmarzConfig) -> RowSystem:
    """Drop empty rows, order, weight, scale and block the others, and make λ absolute.

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
    scale = float(power_of_two(total)) if total > 0 else 1.0
    index = np.flatnonzero((norms / scale) ** 2 > np.finfo(A.dtype).tiny)
    if config.row_order == "random":
        index = np.random.default_rng(config.seed).permutation(index)
    relative = (total / scale) ** 2 / max(A.shape[1], 1)
    regularization = config.regularization * (
        relative if config.normalization == "relative" else 1 / scale**2
    )
    blocks, grams = _blocks(A, index, weights / scale)
    inverse = _inverses(grams, (norms[index] / scale) ** 2 + regularization)
    return RowSystem(
        blocks, inverse.astype(blocks.dtype), weights[index], index, A.shape[1], scale, regularization
    )


def _blocks(
    A: npt.NDArray[Any], index: npt.NDArray[np.int64], factor: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the blocks of rows and their Gram matrices a_m·conj(a_j), a part of the matrix at a time."""
    lane = lanes(A.real.dtype)
    size = lane // 2
    count = -(-len(index) // size)
    blocks = zeros((count, -(-A.shape[1] // lane), size, 2, lane), A.real.dtype)
    grams = np.empty((count, size, size), A.dtype)
    for place in row_blocks(len(index), 16 * size):
        part = slice(place.start // size, -(-place.stop // size))
        rows = np.zeros(((part.stop - part.start) * size, A.shape[1]), A.dtype)
        chosen = index[place]
        planes = np.ascontiguousarray(A[chosen]).view(blocks.dtype)
        np.multiply(
            planes, factor[chosen, None], out=rows.view(blocks.dtype)[: len(chosen)], casting="same_kind"
        )
        blocks[part] = block_rows(rows)
        rows = rows.reshape(-1, size, A.shape[1])
        grams[part] = rows @ rows.conj().swapaxes(1, 2)
    return blocks, grams


def _inverses(grams: npt.NDArray[Any], energy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the transposed real inverses of the blocks' systems, of diagonal ``energy`` (‖a_m‖² + λ).

    Inverted with a unit diagonal, so that rows of very different norm lose nothing.
    """
    count, size, _ = grams.shape
    root = np.ones(count * size)  # the rows of zeros that fill the last block take no step
    root[: len(energy)] = np.sqrt(energy)
    root = root.reshape(count, size)
    outer = root[:, :, None] * root[:, None, :]
    inverse = np.tril(np.linalg.inv(np.tril(grams / outer, -1) + np.eye(size))) / outer
    real = np.array([[inverse.real, -inverse.imag], [inverse.imag, inverse.real]])
    return real.transpose(2, 1, 4, 0, 3).reshape(count, 2 * size, 2 * size)


def power_of_two(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the power of two next above each value."""
    return np.asarray(np.ldexp(1.0, np.frexp(values)[1]))
