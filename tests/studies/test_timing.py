"""What is timed: runs after the first, over the number of images, and a long run once."""

import numpy as np
import pytest

from mpipipe.config.reconstruction import Timing
from mpipipe.studies import timing
from mpipipe.studies.reconstructors import Measurement


class Clocked:
    """A method whose runs take given times on a clock of its own."""

    def __init__(self, spans):
        self.spans, self.now, self.batches = list(spans), 0.0, []

    def perf_counter(self):
        return self.now

    def apply(self, signal, noise_norm, snr_db):
        self.batches.append(len(signal))
        assert len(noise_norm) == len(signal) and snr_db == 30.0
        self.now += self.spans.pop(0)
        return np.zeros((len(signal), 2, 2), np.float32), 7


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([9.0, 0.4, 0.2, 0.8], [0.1, 0.05, 0.2]),  # the first compiles and factorises
        ([9.0, 8.0, 8.0, 8.0], [2.0]),  # a long run is not repeated
    ],
)
def test_seconds_an_image(monkeypatch, spans, expected):
    measured = Measurement(np.ones((6, 2, 2), np.float32), np.ones((6, 3), np.complex64), np.ones(6), 30.0)
    method = Clocked(spans)
    monkeypatch.setattr(timing, "time", method)
    seconds, iterations = timing.timed(method, measured, 4, Timing(repeats=3))
    assert seconds == pytest.approx(expected) and iterations == 7
    assert set(method.batches) == {4} and len(method.batches) == len(expected) + 1
