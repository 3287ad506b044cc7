"""Peak memory of a call in a process of its own."""

import multiprocessing
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec

P = ParamSpec("P")
STATUS = Path("/proc/self/status")


def peak_bytes(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> int:
    """Return the largest memory that a fresh interpreter holds at once while it calls a function of a module."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_peak_after, function, args, kwargs).result()


def _peak_after(function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> int:
    function(*args, **kwargs)
    if STATUS.is_file():  # the other figure starts at the parent's on Linux
        lines = STATUS.read_text(encoding="utf-8").splitlines()
        return 1024 * int(next(text.split()[1] for text in lines if text.startswith("VmHWM")))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
