"""The gate sees two calls at once, a call in an event loop, and requests that an application has received."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from vllm_course.checks.gate import Gate


class Engine:
    """Answers at once; no engine is needed to see who stands before the gate."""

    def generate(self, prompts, sampling_params=None):
        return []

    def get_default_sampling_params(self):
        return None


@pytest.fixture
def gate():
    return Gate(Engine())


def test_a_call_passes_an_open_gate(gate):
    assert gate.generate("The moon") == []
    assert len(gate.calls) == 1 and gate.entered.is_set()
    assert not (gate.overlapped.is_set() or gate.blocked.is_set())


def test_two_calls_at_once_are_seen_and_go_through_one_by_one(gate):
    with ThreadPoolExecutor() as pool:
        with gate.shut():
            calls = [pool.submit(gate.generate, "The moon") for _ in range(2)]
            assert gate.overlapped.wait(timeout=60) and gate.calls == []
        assert [call.result(timeout=60) for call in calls] == [[], []]
    assert len(gate.calls) == 2


def test_a_call_in_an_event_loop_is_seen(gate):
    async def handler():
        return gate.generate("The moon")

    asyncio.run(handler())
    assert gate.blocked.is_set()


def test_requests_to_one_path_are_counted(gate):
    async def app(scope, receive, send):
        pass

    for path in ("/generate", "/health"):
        asyncio.run(gate.counting(app, "/generate")({"path": path}, None, None))
    assert gate.arrived.acquire(blocking=False) and not gate.arrived.acquire(blocking=False)


def test_what_arrived_and_entered_is_counted_anew_when_it_is_shut(gate):
    gate.generate("The moon")
    gate.arrived.release()
    with gate.shut():
        assert not gate.entered.is_set() and not gate.arrived.acquire(blocking=False)


def test_it_waits_until_the_call_inside_has_left(gate):
    with ThreadPoolExecutor() as pool:
        with gate.shut():
            call = pool.submit(gate.generate, "The moon")
            assert gate.entered.wait(timeout=60)
            waiting = pool.submit(gate.wait_until_empty)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        waiting.result(timeout=60)
        assert len(gate.calls) == 1 and call.result(timeout=60) == []
