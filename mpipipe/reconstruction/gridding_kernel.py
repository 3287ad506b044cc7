"""The compiled loops that apply a gridding matrix to many signals at once.

The samples of a tile of signals lie side by side, so that one weight of the matrix meets a vector of samples and the
matrix is read once a tile. The row sums are written in vector instructions, because a compiled Python loop does not keep
them in registers. That fixes the order of every sum, too: an image does not depend on the other signals of its tile.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing import Context, Signature
from numba.extending import intrinsic

from mpipipe.compiled.loops import loop
from mpipipe.compiled.vectors import LINE, Vectors

LANES = LINE // 4
"""Signals of a tile: a sample of all of them is one vector."""
CHAINS = 4
"""Sums that a row is split in, so that none is waited for; a power of two."""
BLOCK = 16
"""Samples or pixels that are transposed together, one cache line of each signal."""

SingleArray = npt.NDArray[np.float32]
Generated = tuple[Signature, Callable[[BaseContext, ir.IRBuilder, Signature, tuple[ir.Value, ...]], ir.Value]]


@intrinsic  # type: ignore[untyped-decorator]
def _sum_row(
    typing: Context,
    samples: types.Array,
    weights: types.Array,
    indices: types.Array,
    start: types.Integer,
    stop: types.Integer,
    sums: types.Array,
    place: types.Integer,
) -> Generated:
    """Write ``sum of weights[k] samples[indices[k]]`` over a row of the matrix to ``sums[place]``."""

    def generate(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: tuple[ir.Value, ...]
    ) -> ir.Value:
        v = Vectors(context, builder, signature, args)
        first, start, stop = v.pointer(0), args[3], args[4]

        def item(argument: int, place: ir.Value) -> ir.Value:
            kind = signature.args[argument]
            array = context.make_array(kind)(context, builder, args[argument])
            return builder.load(cgutils.get_item_pointer(context, builder, kind, array, [place]))

        def add(total: ir.Value, k: ir.Value) -> None:
            sample = v.ahead(first, builder.sext(item(2, k), ir.IntType(64)), 1)
            builder.store(v.add_product(builder.load(total), v.spread(item(1, k)), v.load(sample, 0)), total)

        totals = [cgutils.alloca_once_value(builder, v.zero) for _ in range(CHAINS)]
        whole = builder.sub(stop, builder.srem(builder.sub(stop, start), v.integer(CHAINS)))
        with cgutils.for_range_slice(builder, start, whole, v.integer(CHAINS)) as (k, _):
            for n, total in enumerate(totals):
                add(total, builder.add(k, v.integer(n)))
        with cgutils.for_range_slice(builder, whole, stop, v.integer(1)) as (k, _):
            add(totals[0], k)
        parts = [builder.load(total) for total in totals]
        while len(parts) > 1:
            parts = [v.add(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        v.store(parts[0], v.pointer(5, args[6]), 0)
        return v.nothing()

    return types.void(samples, weights, indices, start, stop, sums, place), generate


@loop()
def multiply(
    row: npt.NDArray[np.int32],
    indices: npt.NDArray[np.int32],
    weights: SingleArray,
    samples: SingleArray,
    images: SingleArray,
) -> None:
    """Write the matrix times the samples.

    Parameters
    ----------
    row, indices, weights : (pixel + 1,) int32, (entry,) int32, (entry,) float32
        The matrix by rows.
    samples : (sample, LANES) ndarray of float32
        Signals of a tile, side by side.
    images : (item, pixel) ndarray of float32
        At most ``LANES`` images.
    """
    sums = np.empty((BLOCK, LANES), np.float32)
    pixels = len(row) - 1
    for start in range(0, pixels, BLOCK):
        count = min(BLOCK, pixels - start)
        for n in range(count):
            _sum_row(
                samples, weights, indices, np.int64(row[start + n]), np.int64(row[start + n + 1]), sums, n
            )
        for item in range(len(images)):
            for n in range(count):
                images[item, start + n] = sums[n, item]


@loop()
def project(
    signals: SingleArray, samples: npt.NDArray[np.int32], projection: SingleArray, out: SingleArray
) -> None:
    """Write the compensated collinear samples, ``w_x u_x + w_y u_y``, side by side; lanes without a signal stay.

    Parameters
    ----------
    signals : (item, channel, time) ndarray of float32
        At most ``LANES`` signals of the two coils.
    samples : (sample,) ndarray of int32
        Indices along time.
    projection : (channel, sample) ndarray of float32
        Weights w.
    out : (sample, LANES) ndarray of float32
        Samples of the tile.
    """
    for start in range(0, len(samples), BLOCK):
        stop = min(start + BLOCK, len(samples))
        for item in range(len(signals)):
            for n in range(start, stop):
                time = samples[n]
                out[n, item] = (
                    projection[0, n] * signals[item, 0, time] + projection[1, n] * signals[item, 1, time]
                )
