"""Times of calls on a machine that may be busy: in turn, the smallest of several."""

import time
from collections.abc import Callable

Call = Callable[[], object]
Clock = Callable[[], float]


def best(
    *calls: Call, repeats: int = 5, seconds: float = 0.0, clock: Clock = time.perf_counter
) -> list[float]:
    """Return the smallest time of each call, in s.

    The calls are timed in turn, so that other work on the machine hits all alike; one round before compiles and warms.

    Parameters
    ----------
    *calls : callable
        What is timed; results are thrown away.
    repeats : int
        Rounds at least.
    seconds : float
        Rounds go on until this time is spent.
    clock : callable
        Wall time by default; `time.process_time` for work on one core that others may interrupt.
    """
    for call in calls:
        call()
    rounds = []
    started = time.perf_counter()
    while len(rounds) < repeats or time.perf_counter() - started < seconds:
        rounds.append([timed(call, clock) for call in calls])
    return [min(times) for times in zip(*rounds, strict=True)]


def timed(call: Call, clock: Clock = time.perf_counter) -> float:
    """Return the time of one call, in s."""
    start = clock()
    call()
    return clock() - start
