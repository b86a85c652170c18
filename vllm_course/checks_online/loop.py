"""An event loop whose time is the check's: it moves on when every task waits, so no answer takes real seconds.

A check is called in a cell, where a loop runs already, so this loop runs in a thread of its own. Whatever an answer
does in it comes to an end: a wait for what never comes, a loop without an end, a task that is left behind.
"""

import asyncio
import contextlib
import ctypes
import inspect
import selectors
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from vllm_course.checks.clock import REAL, Clock
from vllm_course.checks.trying import Endless, Tried
from vllm_course.checks.verdict import named

LONGEST = 30.0  # real seconds; an answer takes some thousandths, unless it blocks the loop
MOST_TURNS, MOST_SECONDS, MOST_ITEMS = 100_000, 10_000, 1_000  # an answer may look at the clock now and then
BEGINNING = 1000.0  # what the clock shows first
AWAIT = "a loop runs already, so write await in place of asyncio.run"
READ = "generate is an async generator, so read it with async for in a function of your own"
LIKELY = {  # parts of an exception's text, each with what helps
    "asyncio.run() cannot": AWAIT,
    "event loop is already running": AWAIT,
    "while another loop is running": AWAIT,
    "a coroutine or an awaitable is required": READ,
    "object async_generator can't be used in 'await'": READ,
    "'async_generator' object is not iterable": READ,
    "'coroutine' object": "an await is missing",
}


class Ended(Endless):
    """Ends an answer, with the reason as it is told.

    Args:
        why: The end of a sentence that begins with the call.
    """

    def __init__(self, why: str) -> None:
        BaseException.__init__(self, why)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: where nothing can run, its clock moves to the moment when something can.

    Attributes:
        now: Its time in seconds.
        verdict: Set by what ends the answer; no `except` of the answer can hold it.
        engines: The engines that were used in it. Each is told when the answer has returned.
    """

    def __init__(self) -> None:
        self.now, self.turns, self.in_a_thread = BEGINNING, 0, False
        self.verdict: Ended | None = None
        self.engines: set[Any] = set()
        self.tasks: list[asyncio.Task] = []
        super().__init__(_NeverWaiting(self))
        self.set_exception_handler(lambda loop, context: None)
        self.set_task_factory(self._noted)

    def time(self) -> float:
        """Return the loop's time."""
        return self.now

    def end(self, why: str) -> Ended:
        """End the answer at the loop's next turn, and return what its caller may raise at once."""
        self.verdict = self.verdict or Ended(why)
        return self.verdict

    def move(self, seconds: float | None) -> None:
        """Let time pass until something can run.

        Raises:
            Ended: Nothing ever can, or the answer goes on and on.
        """
        self.turns += 1
        if self.turns > MOST_TURNS or self.now > BEGINNING + MOST_SECONDS:
            self.end("it goes on and on, the check stopped it")
        if seconds is None:
            self.end(f"it waits for something that never comes{self._failure()}")
        if self.verdict:
            raise self.verdict
        self.now += seconds or 0

    def run_in_executor(self, executor: Any, function: Callable, *arguments: Any) -> asyncio.Future:
        """Call a function at once: threads have no part in this loop's time."""
        future, self.in_a_thread = self.create_future(), True
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        finally:
            self.in_a_thread = False
        return future

    def _noted(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task:
        self.tasks.append(asyncio.Task(coroutine, loop=loop, **options))
        return self.tasks[-1]

    def _failure(self) -> str:
        """Return the error of a task that others may wait for in vain."""
        ended = (task.exception() for task in self.tasks if task.done() and not task.cancelled())
        return next((f", since a task of it ended with {named(error)}" for error in ended if error), "")


class _NeverWaiting(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list:
        """Move the loop's clock where a selector would wait."""
        self._loop.move(timeout)
        return super().select(0)


class LoopClock(Clock):
    """Python's clocks in the thread of a loop: they show its time, and `time.sleep` moves it.

    Attributes:
        slept: Whether the answer called `time.sleep` in the loop, where it lets nothing else run.
    """

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self.loop, self.slept, self.thread = loop, False, 0

    @contextlib.contextmanager
    def shown_to(self, function: Callable) -> Iterator[None]:
        """Show this clock in the loop's thread while the block runs, and no other engine than the one it is given."""
        names, sleep = getattr(function, "__globals__", {}), time.sleep
        kept = {name: value for name, value in names.items() if value is sleep or _is_engine(value)}
        with super().shown_to(function):
            try:
                time.sleep = self._sleep
                names.update({n: self._sleep if value is sleep else _Another(self.loop) for n, value in kept.items()})
                yield
            finally:
                time.sleep = sleep
                names.update(kept)

    def _sleep(self, seconds: float) -> None:
        if threading.get_ident() != self.thread:
            return _SLEEP(seconds)
        self.slept, self.loop.now = self.slept or not self.loop.in_a_thread, self.loop.now + seconds
        return None

    def _ahead(self, name: str) -> Callable[[], Any]:
        def read() -> Any:
            if threading.get_ident() != self.thread:
                return REAL[name]()
            return int(self.loop.now * 10**9) if name.endswith("_ns") else self.loop.now

        return read


_SLEEP = time.sleep


class _Another:
    """Stands for an engine of the notebook, which an answer must not use in place of the one that it is given."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        raise self._loop.end("it uses the notebook's engine: use the engine that your function is given")


def online(answer: Tried, read: Callable[[Any], Awaitable] | None = None) -> Tried:
    """Return a learner's async function as one that a check can call: each call runs in a loop of its own.

    Args:
        answer: A coroutine function, an async generator function, or anything that returns an awaitable.
        read: Takes what the function returns, in the loop, and makes the result of it; None awaits and lists it.
    """

    def call(*arguments: Any, **options: Any) -> Any:
        return run(lambda: (read or settled)(answer.function(*arguments, **options)), answer.function)

    return Tried(call, answer.name, f"{answer.takes} -> {answer.returns}")


async def settled(found: Any) -> Any:
    """Return what an answer gives in the end: the result of an awaitable, a list of what a generator yields."""
    while inspect.isawaitable(found):
        found = await found
    if not hasattr(found, "__aiter__"):
        return found
    items: list[Any] = []
    async for item in found:
        items.append(item)
        if len(items) > MOST_ITEMS:
            raise Endless
    return items


def run(main: Callable[[], Awaitable], function: Callable) -> Any:
    """Run an async call to its end in a loop and a thread of its own, and return its result.

    Args:
        main: Makes what is to be awaited.
        function: The answer, which sees the loop's clock.

    Raises:
        Ended: It would never end, blocks the loop, or leaves a task behind.
    """
    loop = VirtualLoop()
    clock, outcome = LoopClock(loop), []
    seen = function if hasattr(function, "__globals__") else getattr(function, "func", function.__call__)

    def work() -> None:
        clock.thread = threading.get_ident()
        try:
            outcome.append((_to_its_end(loop, main), None))
        except BaseException as error:  # raised again where the check was called
            outcome.append((None, error))

    thread = threading.Thread(target=work, daemon=True)
    with clock.shown_to(seen):
        try:
            thread.start()
            thread.join(LONGEST)
        finally:
            blocked = _stopped(thread)
    if blocked:
        raise loop.verdict or Ended(
            "it computes or waits without an end and lets nothing else run: in a loop, await something"
        )
    found, error = outcome[0]
    if error is not None:
        raise _explained(error)
    if clock.slept:
        raise Ended("it calls time.sleep, and nothing else can run meanwhile: write await asyncio.sleep(seconds)")
    return found


def _to_its_end(loop: VirtualLoop, main: Callable[[], Awaitable]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what an answer forgets to await is said by the check
        try:
            return loop.run_until_complete(_and_nothing_else(loop, main))
        except RuntimeError as error:
            raise (loop.verdict or error) from None
        finally:
            _empty(loop)


async def _and_nothing_else(loop: VirtualLoop, main: Callable[[], Awaitable]) -> Any:
    found = await main()
    for engine in loop.engines:
        engine.look()
    await _turns()
    if any(task is not asyncio.current_task() for task in asyncio.all_tasks()):
        raise Ended("it returns while a task that it started still runs: await the task, or cancel it")
    if loop.verdict:
        raise loop.verdict
    return found


async def _turns(number: int = 50) -> None:
    """Let what is about to end come to its end."""
    for _ in range(number):
        await asyncio.sleep(0)


def _empty(loop: VirtualLoop) -> None:
    """End what an answer left behind."""
    loop.verdict, loop.turns = None, 0
    for task in asyncio.all_tasks(loop):
        task.cancel()
    with contextlib.suppress(BaseException):
        loop.run_until_complete(_turns())
        loop.run_until_complete(loop.shutdown_asyncgens())
    for task in asyncio.all_tasks(loop):
        # Python ends what nobody holds, and this one does not let itself be ended: it would loop there for ever.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))
    loop.close()


def _stopped(thread: threading.Thread) -> bool:
    """End a thread that still runs; return whether it did. One that waits outside of Python is left alone."""
    ran = thread.is_alive()
    for _ in range(5):
        if thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Endless))
            thread.join(0.2)
    return ran


def _explained(error: BaseException) -> BaseException:
    """Return an error as a learner can use it: the one in a group of one, and what helps where that is known."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    remedy = next((helps for part, helps in LIKELY.items() if part in str(error)), "")
    return Ended(f"it ended with {named(error).rstrip('.')}: {remedy}") if remedy else error


def _is_engine(value: Any) -> bool:
    return type(value).__name__ == "AsyncLLM"
