"""What one core can do: multiply-adds a second, and one pass over an array in memory."""

import time

import numba
import numpy as np

from benchmarks.timing import best

OPTIONS = {"fastmath": True, "nogil": True}


@numba.njit(**OPTIONS)
def multiply_adds(values, rounds):
    """Fused multiply-adds on 256 numbers that stay in registers: 2 * 256 * rounds operations."""
    for _ in range(rounds):
        for k in range(256):
            values[k] = values[k] * np.float32(0.999) + np.float32(0.001)
    return values


@numba.njit(**OPTIONS)
def total(values):
    """Sum of a flat array: one pass over its memory."""
    result = values.dtype.type(0)
    for k in range(values.size):
        result += values[k]
    return result


def arithmetic_rate(repeats: int = 200) -> float:
    """Return the operations a second of one core, in single precision."""
    values, rounds = np.ones(256, np.float32), 20_000
    seconds = best(lambda: multiply_adds(values, rounds), repeats=repeats, clock=time.process_time)[0]
    return 2 * 256 * rounds / seconds
