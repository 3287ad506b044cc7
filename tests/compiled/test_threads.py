"""Loops on threads: order, errors, and no threads where there is one item."""

import threading

import pytest

from mpipipe.compiled.threads import on_threads, processors


@pytest.mark.parametrize("threads", [None, 1, 2, 7])
def test_results_come_in_order(threads):
    assert list(on_threads(lambda n: n * n, range(40), threads)) == [n * n for n in range(40)]


def test_one_item_stays_on_this_thread():
    assert list(on_threads(lambda _: threading.current_thread(), [0], 4)) == [threading.current_thread()]
    assert list(on_threads(lambda n: n, [], 4)) == []


def test_threads_work_at_the_same_time():
    meeting = threading.Barrier(3, timeout=20)
    assert sorted(on_threads(lambda _: meeting.wait(), range(3), 3)) == [0, 1, 2]


def test_errors_reach_the_caller():
    def fail(number):
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        list(on_threads(fail, range(3), 2))


def test_there_is_a_processor():
    assert processors() >= 1
