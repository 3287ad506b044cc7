"""A stream that is one batch ahead: order, overlap, errors, and an end."""

import threading
import time
from itertools import count, islice

import pytest

from mpipipe.training.ahead import Ahead


def ahead(stream, on_thread=True):
    found = Ahead(stream)
    found.on_thread = on_thread
    return found


@pytest.mark.parametrize("on_thread", [False, True])
def test_batches_come_in_order_to_the_end(on_thread):
    assert list(ahead(range(50), on_thread)) == list(range(50))
    assert list(ahead([], on_thread)) == []


def test_the_next_batch_is_drawn_while_the_reader_works():
    drawn = threading.Event()

    def stream():
        yield 0
        drawn.set()
        yield 1

    batches = iter(ahead(stream()))
    assert next(batches) == 0
    assert drawn.wait(timeout=20)  # though nobody has asked for it yet


def test_it_is_as_long_as_its_stream():
    assert len(ahead([3, 4, 5])) == 3
    with pytest.raises(TypeError):
        len(ahead(count()))


@pytest.mark.parametrize("on_thread", [False, True])
def test_no_more_than_one_is_drawn_ahead(on_thread):
    asked = []
    batches = iter(ahead((number for number in count() if not asked.append(number)), on_thread))
    for place in range(5):
        assert next(batches) == place
        time.sleep(0.02)
        assert len(asked) <= place + 1 + on_thread


@pytest.mark.parametrize("on_thread", [False, True])
def test_an_error_is_raised_where_its_batch_is_asked_for(on_thread):
    def stream():
        yield 0
        raise OSError("gone")

    batches = iter(ahead(stream(), on_thread))
    assert next(batches) == 0
    with pytest.raises(OSError, match="gone"):
        next(batches)


def test_a_reader_that_leaves_ends_the_thread():
    before = threading.active_count()
    batches = iter(ahead(count()))
    assert list(islice(batches, 3)) == [0, 1, 2]
    del batches
    assert threading.active_count() == before


@pytest.mark.parametrize("on_thread", [False, True])
def test_times_are_those_of_drawing_and_of_waiting(on_thread):
    def stream():
        for number in range(4):
            time.sleep(0.1)
            yield number

    found = ahead(stream(), on_thread)
    for _ in found:
        time.sleep(0.2)
    assert found.drawing >= 0.4
    # Of four batches the reader waits for the first one only, and for what a busy machine adds.
    assert 0.1 <= found.waiting < found.drawing - 0.2 if on_thread else found.waiting >= found.drawing
