"""Threads for loops that release the interpreter."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_threads(
    function: Callable[[Item], Found], items: Sequence[Item], threads: int | None
) -> Iterator[Found]:
    """Yield what a function returns for each item, in order; None is a thread for each processor."""
    count = min(threads or processors(), len(items))
    if count < 2:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(count) as pool:
        yield from pool.map(function, items)
