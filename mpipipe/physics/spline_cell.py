"""The sixteen nodes of a spline's cell in vector instructions.

A compiler left to itself takes the nodes one number at a time. Here a row of four nodes, two functions each, is one vector:
four of them are weighted and added, weighted again column by column, and folded to the two sums.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core.base import BaseContext
from numba.core.typing import Context, Signature
from numba.extending import intrinsic

from mpipipe.compiled.vectors import Vectors

ROWS = 4
COLUMN_POLYNOMIALS = ((1, 4, 1, 0), (-3, 0, 3, 0), (3, -6, 3, 0), (-1, 3, -3, 1))
"""Weights of the four columns, times six, as polynomials of the place in the cell: constant, linear, square, cubic."""

Generated = tuple[Signature, Callable[[BaseContext, ir.IRBuilder, Signature, tuple[ir.Value, ...]], Any]]


@intrinsic  # type: ignore[untyped-decorator]
def sum_cell(
    typing: Context,
    coefficients: types.Array,
    cell: types.Integer,
    row: types.Integer,
    weights: types.Array,
    rest: types.Array,
    sample: types.Integer,
    sums: types.Array,
) -> Generated:
    """Write both functions of a sample to ``sums[sample]``.

    Called from compiled code; arrays are contiguous float64. The first node of the cell is ``coefficients[cell]`` and the
    next row lies `row` values further; ``weights[:, sample]`` are those of the rows, and ``rest[sample]`` is the place in
    the cell along a row, from 0 to 1.
    """

    def generate(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: tuple[ir.Value, ...]
    ) -> Any:  # noqa: ANN401 - numba's own
        v = Vectors(context, builder, signature, args)
        _, cell, row, _, _, sample, _ = args
        place = v.spread(v.number(4, sample))
        terms = [
            v.constant([float(one) for one in term for _ in range(v.lanes // ROWS)])
            for term in COLUMN_POLYNOMIALS
        ]
        columns = terms.pop()
        while terms:
            columns = v.add_product(terms.pop(), columns, place)
        total = v.zero
        for n in range(ROWS):
            nodes = v.load(v.pointer(0, builder.add(cell, builder.mul(row, v.integer(n)))), 0)
            total = v.add_product(total, v.spread(v.number(3, v.integer(n), sample)), nodes)
        v.store_pair(builder.fmul(total, columns), v.pointer(6, sample))
        return v.nothing()

    return types.void(coefficients, cell, row, weights, rest, sample, sums), generate
