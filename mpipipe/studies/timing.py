"""Time of a reconstruction."""

import time

from mpipipe.config.reconstruction import Timing
from mpipipe.studies.reconstructors import Measurement, Reconstructor

# A run that takes longer than this is not repeated: its time is known well enough.
LONG_S = 2.0


def timed(
    method: Reconstructor, measured: Measurement, count: int, config: Timing
) -> tuple[list[float], int | None]:
    """Return seconds an image, and the iterations of the method.

    Parameters
    ----------
    method : Reconstructor
        Method, ready; a first run that is not timed compiles and factorises.
    measured : Measurement
        Signals.
    count : int
        Signals that are reconstructed together.
    config : Timing
        Runs that are timed.

    Returns
    -------
    seconds : list of float
        Wall time over `count`, one a run.
    iterations : int or None
        None for a method without any.
    """
    part = (measured.signal[:count], measured.noise_norm[:count], measured.snr_db)
    seconds: list[float] = []
    iterations: int | None = None
    for run in range(config.repeats + 1):
        started = time.perf_counter()
        _, iterations = method.apply(*part)
        spent = time.perf_counter() - started
        if run > 0:
            seconds.append(spent / count)
            if spent > LONG_S:
                break
    return seconds, iterations
