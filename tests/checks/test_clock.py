"""The clock that a check moves: an answer reads it under every name, other threads do not, and it ends in time."""

import threading
import time
from functools import partial
from time import perf_counter

import pytest

from vllm_course.checks.clock import REAL, Clock


def imported() -> float:
    return perf_counter()


def imported_late() -> float:
    from time import monotonic

    return monotonic()


READERS = [imported, imported_late, lambda: time.time(), lambda: time.monotonic_ns() / 1e9]


@pytest.mark.parametrize("read", READERS)
def test_an_answer_sees_what_the_check_adds(read):
    clock = Clock()
    with clock.shown_to(read):
        before = read()
        clock.added += 5000
        assert 5000 <= read() - before < 6000
    assert read() - before < 5000


def test_nanoseconds_stay_whole_numbers():
    clock = Clock()
    with clock.shown_to(len):
        clock.added = 5000
        assert isinstance(time.time_ns(), int) and time.time_ns() - REAL["time_ns"]() < 5000 * 10**9


def test_other_threads_see_the_real_time():
    clock, seen = Clock(), []
    with clock.shown_to(len):
        clock.added = 5000
        thread = threading.Thread(target=lambda: seen.append(time.monotonic()))
        thread.start()
        thread.join()
    assert abs(seen[0] - time.monotonic()) < 5000


def test_it_ends_with_an_error_and_for_what_is_no_plain_function():
    with pytest.raises(ZeroDivisionError), Clock().shown_to(partial(imported)):
        raise ZeroDivisionError
    assert time.perf_counter is perf_counter is REAL["perf_counter"]
