"""Batches that are drawn on a thread while a device takes its steps."""

import time
from collections.abc import Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from typing import Any

END = object()


class Ahead:
    """A stream of batches, one batch ahead of who reads it on request; order and content are the stream's own.

    The stream is used by one thread at a time. An error in it is raised where its batch is asked for.

    Attributes
    ----------
    on_thread : bool
        Draw the next batch while the reader works on the last one. That is for readers that work on a device: where the
        steps use all processors themselves, a thread beside them slows them by more than it saves.
    drawing : float
        Time that batches took to draw so far, in s.
    waiting : float
        Time that the reader waited for them, in s.
    """

    def __init__(self, stream: Iterable[Any]) -> None:
        """Take a stream; nothing is drawn before the first batch is asked for."""
        self._stream, self.on_thread = stream, False
        self.drawing, self.waiting = 0.0, 0.0

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches of the stream."""
        batches = self._drawn_ahead() if self.on_thread else self._drawn()
        while True:
            started = time.perf_counter()
            batch = next(batches, END)
            self.waiting += time.perf_counter() - started
            if batch is END:
                return
            yield batch

    def __len__(self) -> int:
        """Return the number of batches, of a stream that knows it; else a TypeError says that it is endless."""
        if not isinstance(self._stream, Sized):
            raise TypeError("found a stream without length")
        return len(self._stream)

    def _drawn(self) -> Iterator[Any]:
        batches = iter(self._stream)
        while (batch := self._draw(batches)) is not END:
            yield batch

    def _drawn_ahead(self) -> Iterator[Any]:
        batches = iter(self._stream)
        with ThreadPoolExecutor(1, thread_name_prefix="batch") as thread:
            coming = thread.submit(self._draw, batches)
            while (batch := coming.result()) is not END:
                coming = thread.submit(self._draw, batches)
                yield batch

    def _draw(self, batches: Iterator[Any]) -> Any:  # noqa: ANN401 - a batch of any kind, or the end
        started = time.perf_counter()
        batch = next(batches, END)
        self.drawing += time.perf_counter() - started
        return batch
