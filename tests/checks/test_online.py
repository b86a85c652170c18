"""An async answer ends, whatever it does, and its time is the check's."""

import asyncio
import functools
import gc
import threading
import time
from time import sleep as imported_sleep

import pytest

from vllm_course.checks.trying import Tried
from vllm_course.checks.verdict import NotYet
from vllm_course.checks_online import loop as loops
from vllm_course.checks_online.loop import Ended, online, run


def called(function, *arguments, returns="value"):
    return online(Tried(function, "answer", f"n -> {returns}"))(*arguments)


async def after(seconds, result="done"):
    await asyncio.sleep(seconds)
    return result


class Callable:
    async def __call__(self, n):
        return await after(n)


async def generating(n):
    for number in range(n):
        yield number


RIGHT = {
    "coroutine": (after, "done"),
    "lambda": (lambda n: after(n), "done"),
    "object": (Callable(), "done"),
    "partial": (functools.partial(after, result="done"), "done"),
    "future": (lambda n: asyncio.ensure_future(after(n)), "done"),
    "generator": (generating, [0, 1, 2]),
    "plain": (lambda n: "done", "done"),
    "thread": (lambda n: asyncio.to_thread(lambda: "done"), "done"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_every_form_is_called(name):
    function, result = RIGHT[name]
    assert called(function, 3) == result


def test_hours_take_no_time():
    async def waits(n):
        clocks = time.perf_counter, time.monotonic, time.time, asyncio.get_running_loop().time
        begin = [clock() for clock in clocks] + [time.perf_counter_ns() / 1e9]
        await asyncio.gather(after(n), after(2 * n))
        return [round(clock() - then, 6) for clock, then in zip([*clocks, time.perf_counter], begin, strict=True)]

    real = time.perf_counter()
    assert called(waits, 3600) == [7200] * 5
    assert time.perf_counter() - real < 60


def test_an_answer_may_look_now_and_then():
    async def polls(n):
        loop = asyncio.get_running_loop()
        end = loop.time() + n
        while loop.time() < end:
            await asyncio.sleep(0.01)

    assert called(polls, 300) is None


def test_it_works_where_a_loop_runs():
    async def cell():
        return called(after, 1)

    assert asyncio.run(cell()) == "done"


def slept():
    begin = time.perf_counter()
    time.sleep(1000)
    imported_sleep(1000)
    return time.perf_counter() - begin


def test_sleep_of_time_moves_the_clock():
    assert called(lambda n: asyncio.to_thread(slept), 1) == 2000
    assert time.sleep is imported_sleep


async def waits_for_ever(n):
    await asyncio.Event().wait()


async def waits_for_a_dead_task(n):
    queue = asyncio.Queue()

    async def fills():
        queue.put_nowait(1 // (n - n))

    task = asyncio.create_task(fills())  # noqa: F841
    return await queue.get()


async def sleeps_for_ever(n):
    while True:
        await asyncio.sleep(1)


async def turns_for_ever(n):
    while True:
        await asyncio.sleep(0)


async def turns_in_a_task(n):
    async with asyncio.TaskGroup() as group:
        group.create_task(turns_for_ever(n))


async def holds_what_ends_it(n):
    while True:
        try:
            await asyncio.sleep(1)
        except BaseException:
            n += 1


async def yields_for_ever(n):
    while True:
        yield n


async def computes_for_ever(n):
    while True:
        n += 1


async def waits_for_a_lock(n):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=2)


async def leaves_a_task(n):
    asyncio.create_task(after(100))  # noqa: RUF006


async def fails_in_a_group(n):
    async with asyncio.TaskGroup() as group:
        group.create_task(after("text"))


async def runs_a_loop(n):
    return asyncio.run(after(n))


def runs_another_loop(n):
    return asyncio.new_event_loop().run_until_complete(after(n))


async def gathers_generators(n):
    return await asyncio.gather(*[generating(n) for _ in range(2)])


async def awaits_a_generator(n):
    return await generating(n)


async def forgets_an_await(n):
    return after(n).text


async def blocks(n):
    return slept()


async def leaves(n):
    raise SystemExit(3)


WRONG = {
    waits_for_ever: "it waits for something that never comes.",
    waits_for_a_dead_task: "never comes, since a task of it ended with ZeroDivisionError",
    sleeps_for_ever: "goes on and on",
    turns_for_ever: "goes on and on",
    turns_in_a_task: "goes on and on",
    holds_what_ends_it: "goes on and on",
    yields_for_ever: "goes on and on",
    computes_for_ever: "lets nothing else run",
    waits_for_a_lock: "lets nothing else run",
    leaves_a_task: "a task that it started still runs",
    fails_in_a_group: "TypeError: '<=' not supported",
    runs_a_loop: "write await in place of asyncio.run",
    runs_another_loop: "write await in place of asyncio.run",
    gathers_generators: "read it with async for",
    awaits_a_generator: "read it with async for",
    forgets_an_await: "an await is missing",
    blocks: "write await asyncio.sleep",
    leaves: "exit 3",
}


@pytest.mark.parametrize("answer", WRONG, ids=lambda answer: answer.__name__)
@pytest.mark.filterwarnings("ignore:coroutine", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_goes_wrong_is_said_in_a_sentence(answer, monkeypatch):
    if "lets nothing else run" in WRONG[answer]:
        monkeypatch.setattr(loops, "LONGEST", 1.0)
    with pytest.raises(NotYet) as refused:
        called(answer, 3)
    assert WRONG[answer] in str(refused.value)
    assert "answer(n)" in str(refused.value)


def test_nothing_is_left_of_it(monkeypatch):
    monkeypatch.setattr(loops, "LONGEST", 1.0)
    clocks, threads = [time.sleep, time.time, time.perf_counter], threading.active_count()
    for answer in (computes_for_ever, sleeps_for_ever, leaves_a_task):
        with pytest.raises(NotYet):
            called(answer, 3)
    assert [time.sleep, time.time, time.perf_counter] == clocks
    assert threading.active_count() == threads


def test_what_cannot_be_ended_does_not_end_others():
    with pytest.raises(NotYet, match="goes on and on"):
        called(holds_what_ends_it, 3)
    gc.collect()  # would loop for ever in the coroutine


def test_ctrl_c_ends_it(monkeypatch):
    def interrupted(thread, seconds):
        raise KeyboardInterrupt

    threads = threading.active_count()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        join = threading.Thread.join
        patch.setattr(threading.Thread, "join", lambda thread, s: interrupted(thread, s) if s > 1 else join(thread, s))
        called(computes_for_ever, 3)
    assert threading.active_count() == threads


class AsyncLLM:
    """What `load_async_model` returns, by its name."""


engine = AsyncLLM()


async def uses_its_own(n):
    return engine.generate


def test_the_notebooks_engine_is_refused():
    with pytest.raises(NotYet, match="uses the notebook's engine"):
        called(uses_its_own, 3)
    assert isinstance(engine, AsyncLLM)


def test_cancelling_is_the_callers():
    async def cancelled(n):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(lambda: cancelled(1), cancelled)


def test_run_raises_what_ended_it():
    with pytest.raises(Ended, match="never comes"):
        run(lambda: waits_for_ever(1), waits_for_ever)
