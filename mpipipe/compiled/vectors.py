"""Vector instructions for the compiled loops: what a loop in Python cannot say.

A vector is one cache line; a machine with shorter registers takes several of them for it.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing import Signature

LINE = 64
"""Bytes of a vector."""


class Vectors:
    """Instructions on the arguments of one compiled call.

    numba's cache looks at the caller's file only: after a change here, compile afresh.

    Parameters
    ----------
    context, builder, signature, args
        What numba hands to the generator of an intrinsic. The first argument is an array of float32 or float64,
        and all arrays have its type and are contiguous.
    """

    def __init__(
        self, context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: tuple[ir.Value, ...]
    ) -> None:
        self.context, self.builder, self.kinds, self.args = context, builder, signature.args, args
        self.itemsize = signature.args[0].dtype.bitwidth // 8
        self.lanes = LINE // self.itemsize
        self.rows = self.lanes // 2
        self.type = ir.VectorType(context.get_value_type(signature.args[0].dtype), self.lanes)
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)

    def pointer(self, argument: int, *index: ir.Value) -> ir.Value:
        """Return where the vectors of an array argument start; axes left out of the index are at zero."""
        kind = self.kinds[argument]
        array = self.context.make_array(kind)(self.context, self.builder, self.args[argument])
        index += (self.integer(0),) * (kind.ndim - len(index))
        item = cgutils.get_item_pointer(self.context, self.builder, kind, array, index)
        return self.builder.bitcast(item, self.type.as_pointer())

    def integer(self, value: int) -> ir.Value:
        """Return an index."""
        return ir.Constant(ir.IntType(64), value)

    def constant(self, values: list[float]) -> ir.Value:
        """Return a vector of given numbers, one a lane."""
        return ir.Constant(self.type, values)

    def number(self, argument: int, *index: ir.Value) -> ir.Value:
        """Return one value of an array argument."""
        kind = self.kinds[argument]
        array = self.context.make_array(kind)(self.context, self.builder, self.args[argument])
        return self.builder.load(cgutils.get_item_pointer(self.context, self.builder, kind, array, index))

    def ahead(self, pointer: ir.Value, count: ir.Value, vectors: int) -> ir.Value:
        """Return the pointer ``count`` times some vectors further."""
        return self.builder.gep(pointer, [self.builder.mul(count, self.integer(vectors))])

    def load(self, pointer: ir.Value, place: int) -> ir.Value:
        """Return the vector at a place after the pointer."""
        value = self.builder.load(self.builder.gep(pointer, [self.integer(place)]))
        value.align = self.itemsize
        return value

    def store(self, value: ir.Value, pointer: ir.Value, place: int) -> None:
        """Write a vector at a place after the pointer."""
        self.builder.store(value, self.builder.gep(pointer, [self.integer(place)])).align = self.itemsize

    def fetch(self, pointer: ir.Value, place: int) -> None:
        """Ask for a vector to be brought into the first-level cache; memory that is not there does no harm."""
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = self.builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        target = self.builder.bitcast(self.builder.gep(pointer, [self.integer(place)]), byte)
        self.builder.call(prefetch, [target, number(0), number(3), number(1)])  # to read, keep near, data

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a + b."""
        return self.builder.fadd(a, b)

    def subtract(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a − b."""
        return self.builder.fsub(a, b)

    def add_product(self, total: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return total + a b, rounded once where the machine can."""
        product = self.builder.fmul(a, b, flags=("contract",))
        return self.builder.fadd(total, product, flags=("contract",))

    def subtract_product(self, total: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return total − a b, rounded once where the machine can."""
        return self.add_product(total, self.builder.fneg(a), b)

    def lane(self, value: ir.Value, place: int) -> ir.Value:
        """Return a vector of one lane of a vector."""
        return self._shuffle(value, value, [place] * self.lanes)

    def spread(self, number: ir.Value) -> ir.Value:
        """Return a vector of one number."""
        return self.lane(self.builder.insert_element(self.zero, number, ir.IntType(32)(0)), 0)

    def fold(self, vectors: list[ir.Value]) -> ir.Value:
        """Return the sums over the lanes of as many vectors as there are lanes.

        Two vectors at a time are halved and joined, until one is left.
        """
        width = self.lanes
        while width > 1:
            half = width // 2
            low = [start + n for start in range(0, 2 * self.lanes, width) for n in range(half)]
            high = [place + half for place in low]
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            vectors = [self.add(self._shuffle(a, b, low), self._shuffle(a, b, high)) for a, b in pairs]
            width = half
        return vectors[0]

    def store_pair(self, value: ir.Value, pointer: ir.Value) -> None:
        """Write the sums of the even lanes and of the odd lanes of a vector to two places in a row."""
        width = self.lanes
        while width > 2:
            half = width // 2
            low, high = list(range(half)), list(range(half, width))
            value = self.add(self._shuffle(value, value, low), self._shuffle(value, value, high))
            width = half
        target = self.builder.bitcast(pointer, value.type.as_pointer())
        self.builder.store(value, target).align = self.itemsize

    def nothing(self) -> Any:  # noqa: ANN401 - numba's own
        """Return what a call without a value returns."""
        return self.context.get_dummy_value()

    def _shuffle(self, a: ir.Value, b: ir.Value, places: list[int]) -> ir.Value:
        return self.builder.shuffle_vector(
            a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)
        )
