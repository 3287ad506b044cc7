"""The compiled loops of the Kaczmarz sweeps: a block of rows at a time, in the vector registers.

With one row at a time the image is loaded and stored once a row, and every product is waited for. Here the rows
of a block share one pass over the image for their products and one for their updates, so that the multiply-adds
set the pace. The passes are written in vector instructions, because a compiler left to itself does not keep the
sums of many rows in registers. That fixes the order of every sum, too: a signal's result does not depend on the
other signals of its tile.

Voxels come in chunks of ``lane`` values, as many as a vector holds, and rows in blocks of ``lane / 2``, padded
with zeros: what belongs to one block of rows, real parts before imaginary parts, fills one vector.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing import Context, Signature
from numba.extending import intrinsic

from mpipipe.compiled.loops import loop, part
from mpipipe.compiled.vectors import Vectors

STRIP = 24
"""Chunks of voxels that the signals of a tile pass over in turn: a block's rows there take half the first cache."""

Generated = tuple[Signature, Callable[[BaseContext, ir.IRBuilder, Signature, tuple[ir.Value, ...]], ir.Value]]


@intrinsic  # type: ignore[untyped-decorator]
def _add_products(
    typing: Context,
    images: types.Array,
    signal: types.Integer,
    blocks: types.Array,
    block: types.Integer,
    first: types.Integer,
    count: types.Integer,
    sums: types.Array,
) -> Generated:
    """Add the products of a block's rows with an image, over some chunks, to ``sums[signal]``."""

    def generate(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: tuple[ir.Value, ...]
    ) -> ir.Value:
        v = Vectors(context, builder, signature, args)
        _, signal, _, block, first, count, _ = args
        image, rows, place = v.pointer(0, signal, first), v.pointer(2, block, first), v.pointer(6, signal)
        sums = [cgutils.alloca_once_value(builder, v.load(place, n)) for n in range(v.lanes)]
        with cgutils.for_range(builder, count) as loop:
            x, a = v.ahead(image, loop.index, 2), v.ahead(rows, loop.index, v.lanes)
            x_re, x_im = v.load(x, 0), v.load(x, 1)
            for n in range(v.rows):
                a_re, a_im = v.load(a, 2 * n), v.load(a, 2 * n + 1)
                re, im = builder.load(sums[n]), builder.load(sums[v.rows + n])
                re = v.subtract_product(v.add_product(re, a_re, x_re), a_im, x_im)
                im = v.add_product(v.add_product(im, a_re, x_im), a_im, x_re)
                builder.store(re, sums[n])
                builder.store(im, sums[v.rows + n])
        for n in range(v.lanes):
            v.store(builder.load(sums[n]), place, n)
        return v.nothing()

    return types.void(images, signal, blocks, block, first, count, sums), generate


@intrinsic  # type: ignore[untyped-decorator]
def _fold_sums(typing: Context, sums: types.Array, signal: types.Integer, totals: types.Array) -> Generated:
    """Write the sums over the lanes to ``totals[signal]`` and empty ``sums[signal]``."""

    def generate(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: tuple[ir.Value, ...]
    ) -> ir.Value:
        v = Vectors(context, builder, signature, args)
        place = v.pointer(0, args[1])
        v.store(v.fold([v.load(place, n) for n in range(v.lanes)]), v.pointer(2, args[1]), 0)
        for n in range(v.lanes):
            v.store(v.zero, place, n)
        return v.nothing()

    return types.void(sums, signal, totals), generate


@intrinsic  # type: ignore[untyped-decorator]
def _solve_block(
    typing: Context,
    signals: types.Array,
    signal: types.Integer,
    block: types.Integer,
    duals: types.Array,
    inverse: types.Array,
    root: types.Float,
    alpha: types.Array,
) -> Generated:
    """Turn the products in ``alpha[signal]`` into the steps of a block, and change the dual variable."""

    def generate(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: tuple[ir.Value, ...]
    ) -> ir.Value:
        v = Vectors(context, builder, signature, args)
        _, signal, block, _, _, number, _ = args
        dual, columns, steps = v.pointer(3, signal, block), v.pointer(4, block), v.pointer(6, signal)
        root, before = v.spread(number), v.load(dual, 0)
        rest = v.subtract(v.load(v.pointer(0, signal, block), 0), v.load(steps, 0))
        rest = v.subtract_product(rest, root, before)
        parts = [v.zero] * 4  # four short chains of sums instead of one that is waited for
        for n in range(v.lanes):
            parts[n % 4] = v.add_product(parts[n % 4], v.load(columns, n), v.lane(rest, n))
        alpha = v.add(v.add(parts[0], parts[1]), v.add(parts[2], parts[3]))
        v.store(alpha, steps, 0)
        v.store(v.add_product(before, root, alpha), dual, 0)
        return v.nothing()

    return types.void(signals, signal, block, duals, inverse, root, alpha), generate


@intrinsic  # type: ignore[untyped-decorator]
def _add_steps(
    typing: Context,
    images: types.Array,
    signal: types.Integer,
    blocks: types.Array,
    block: types.Integer,
    first: types.Integer,
    count: types.Integer,
    alpha: types.Array,
) -> Generated:
    """Add the steps of a block, Σ α_m conj(a_m), to an image, over some chunks.

    On the way the rows ``count`` chunks further are fetched; after a block's last chunk the next block lies there.
    """

    def generate(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: tuple[ir.Value, ...]
    ) -> ir.Value:
        v = Vectors(context, builder, signature, args)
        _, signal, _, block, first, count, _ = args
        image, rows = v.pointer(0, signal, first), v.pointer(2, block, first)
        steps = v.load(v.pointer(6, signal), 0)
        alpha = [v.lane(steps, n) for n in range(v.lanes)]
        with cgutils.for_range(builder, count) as loop:
            x, a = v.ahead(image, loop.index, 2), v.ahead(rows, loop.index, v.lanes)
            soon = v.ahead(a, count, v.lanes)
            # One chain of sums for the rows' real parts and one for their imaginary parts: half as long to wait.
            x_re, x_im, y_re, y_im = v.load(x, 0), v.load(x, 1), v.zero, v.zero
            for n in range(v.rows):
                a_re, a_im = v.load(a, 2 * n), v.load(a, 2 * n + 1)
                re, im = alpha[n], alpha[v.rows + n]
                x_re, x_im = v.add_product(x_re, re, a_re), v.add_product(x_im, im, a_re)
                y_re, y_im = v.add_product(y_re, im, a_im), v.subtract_product(y_im, re, a_im)
                v.fetch(soon, 2 * n)
                v.fetch(soon, 2 * n + 1)
            v.store(v.add(x_re, y_re), x, 0)
            v.store(v.add(x_im, y_im), x, 1)
        return v.nothing()

    return types.void(images, signal, blocks, block, first, count, alpha), generate


@part()
def _strip(chunks: int) -> int:  # pragma: no cover - compiled
    """Return the length of a strip, such that all are about as long."""
    return -(-chunks // -(-chunks // STRIP))


@part()
def _project(image: npt.NDArray[Any], real: bool, positive: bool) -> None:  # pragma: no cover - compiled
    for chunk in image:
        for n in range(chunk.shape[1]):
            if real:
                chunk[1, n] = 0
            if positive and chunk[0, n] < 0:
                chunk[0, n] = 0


@loop()
def run_sweeps(
    blocks: npt.NDArray[Any],
    inverse: npt.NDArray[Any],
    root: float,
    signals: npt.NDArray[Any],
    images: npt.NDArray[Any],
    duals: npt.NDArray[Any],
    sums: npt.NDArray[Any],
    alpha: npt.NDArray[Any],
    sweeps: int,
    real: bool,
    positive: bool,
) -> None:  # pragma: no cover - compiled
    """Run Kaczmarz sweeps over a few signals that share each block of rows while it is in the cache.

    The steps α_m of the rows of a block, taken one after the other, follow from the image x before the block.
    They solve the lower triangular system

        (‖a_m‖² + λ) α_m + Σ_{j<m} (a_m·conj(a_j)) α_j = b_m − a_m·x − √λ v_m,

    whose inverse is at hand. With its diagonal scaled to one, the norm of that inverse is at most 2, because the
    system and its adjoint add up to the identity and a positive semidefinite matrix: no accuracy is lost.

    Parameters
    ----------
    blocks : (block, chunk, row of the block, 2, lane) float
        Real and imaginary planes of the rows.
    inverse : (block, 2 * row of the block, 2 * row of the block) float
        Transposed inverse of each block's system as a real matrix, real parts before imaginary parts.
    root : float
        √λ.
    signals, duals : (batch, block, 2, row of the block) float
        Signals b and dual variables v; ``duals`` is changed in place.
    images : (batch, chunk, 2, lane) float
        Images, changed in place.
    sums : (batch, lane, lane) float
        Work space, zero.
    alpha : (batch, lane) float
        Work space.
    sweeps : int
        Number of sweeps.
    real, positive : bool
        Projections after each sweep: drop the imaginary part, clip the real part at zero.
    """
    batch, chunks = images.shape[:2]
    strip = _strip(chunks)
    for _ in range(sweeps):
        for block in range(len(blocks)):
            for first in range(0, chunks, strip):
                for s in range(batch):
                    _add_products(images, s, blocks, block, first, min(strip, chunks - first), sums)
            for s in range(batch):
                _fold_sums(sums, s, alpha)
                _solve_block(signals, s, block, duals, inverse, root, alpha)
            for first in range(0, chunks, strip):
                for s in range(batch):
                    _add_steps(images, s, blocks, block, first, min(strip, chunks - first), alpha)
        for s in range(batch):
            _project(images[s], real, positive)


@loop()
def multiply(
    blocks: npt.NDArray[Any], images: npt.NDArray[Any], sums: npt.NDArray[Any], signals: npt.NDArray[Any]
) -> None:  # pragma: no cover - compiled
    """Write the products of rows and images to ``signals`` (batch, block, lane); else as in `run_sweeps`."""
    batch, chunks = images.shape[:2]
    strip = _strip(chunks)
    totals = np.empty((batch, signals.shape[2]), signals.dtype)
    for block in range(len(blocks)):
        for first in range(0, chunks, strip):
            for s in range(batch):
                _add_products(images, s, blocks, block, first, min(strip, chunks - first), sums)
        for s in range(batch):
            _fold_sums(sums, s, totals)
            for n in range(len(totals[s])):
                signals[s, block, n] = totals[s, n]
