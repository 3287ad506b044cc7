"""Real Fourier transforms alone, by the fastest library that is there."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
import scipy.fft

from benchmarks.timing import best

BLOCKS = (2**16, 2**19)
"""Values of a block: one that stays in the cache, and a larger one that vectorises over signals."""
TRIAL_VALUES = 2**21


@dataclass(frozen=True)
class Transforms:
    """Transforms of many signals of one length, block by block on threads.

    Attributes
    ----------
    library : str
        Whose they are.
    signals, samples : int
        Signals in a block and their length.
    threads : int
        Blocks at a time.
    """

    library: str
    signals: int
    samples: int
    threads: int

    @classmethod
    @cache
    def fastest(cls, samples: int, threads: int) -> Self:
        """Return library and size of the blocks that transform a trial in the shortest time."""
        sizes = dict.fromkeys(max(1, block // samples) for block in BLOCKS)
        choices = [cls(name, size, samples, threads) for name in LIBRARIES for size in sizes]
        rows = -(-TRIAL_VALUES // samples)
        times = best(*(choice.of(rows) for choice in choices), repeats=3)
        return choices[int(np.argmin(times))]

    def of(self, rows: int) -> Callable[[], None]:
        """Return what transforms so many signals; each thread has its memory beforehand."""
        shares = [len(share) for share in np.array_split(np.arange(rows), self.threads)]
        work = [self._share(share) for share in shares]

        def run() -> None:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(lambda call: call(), work))

        return run

    def _share(self, rows: int) -> Callable[[], None]:
        """Return what transforms the signals of one thread: whole blocks and what is left."""
        make, (blocks, rest) = LIBRARIES[self.library], divmod(rows, self.signals)
        block = make(self.signals, self.samples)
        last = make(rest, self.samples) if rest else None

        def run() -> None:
            for _ in range(blocks):
                block()
            if last is not None:
                last()

        return run


def _numpy(signals: int, samples: int) -> Callable[[], object]:
    data, out = _data(signals, samples), np.empty((signals, samples // 2 + 1), complex)
    return lambda: np.fft.rfft(data, out=out)


def _scipy(signals: int, samples: int) -> Callable[[], object]:
    data = _data(signals, samples)
    return lambda: scipy.fft.rfft(data)


def _torch(signals: int, samples: int) -> Callable[[], object]:
    import torch  # slow to import, and large

    torch.set_num_threads(1)  # blocks are on threads already
    data = torch.from_numpy(_data(signals, samples))
    out = torch.empty((signals, samples // 2 + 1), dtype=torch.complex128)
    return lambda: torch.fft.rfft(data, out=out)


def _data(signals: int, samples: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(signals, samples))


LIBRARIES = {"NumPy": _numpy, "SciPy": _scipy, "PyTorch": _torch}
