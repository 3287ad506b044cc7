"""How loops are compiled: to the same instructions in every process.

numba keeps the machine code of a function in a cache, and a function that is compiled with others brings copies of
these along, optimised with it. A process that compiles would call the functions' own code, one that loads the cache the
copies, and their results would differ in the last digits. So a part of a loop is never called: its instructions become
the loop's own, and it has no place in the cache.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def loop(*, fastmath: bool | set[str] = False) -> Callable[[Function], Function]:
    """Return the decorator of a loop that Python calls.

    The interpreter is released meanwhile, and a division by zero gives infinity or NaN as in NumPy.

    Parameters
    ----------
    fastmath : bool or set of str
        What the compiler may assume of floating-point numbers: all, nothing, or LLVM's flags by name.
    """
    return _compiled(cache=True, fastmath=fastmath)


def part(*, fastmath: bool | set[str] = False) -> Callable[[Function], Function]:
    """Return the decorator of what only loops call; parameter as in :func:`loop`."""
    return _compiled(forceinline=True, fastmath=fastmath)


def _compiled(**options: Any) -> Callable[[Function], Function]:  # noqa: ANN401 - numba's own
    decorator: Callable[[Function], Function] = numba.njit(nogil=True, error_model="numpy", **options)
    return decorator
