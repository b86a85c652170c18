"""A call of an async engine that cannot answer says why, in place of waiting for ever. Imported after vLLM.

The engine's answers are read by two tasks of the event loop in which it was used first. When that loop has ended, as
`asyncio.run` ends its own, nobody reads any more, and vLLM does not notice. Here the next loop gets readers of its own.
While the first one is still there, the engine stays with it.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from vllm.v1.engine.exceptions import EngineDeadError

from vllm_course.errors import CourseError, one_line
from vllm_course.runtime.limits import signal_name

if TYPE_CHECKING:
    from vllm.v1.engine.async_llm import AsyncLLM

AGAIN = "Call load_async_model() again."


class DeadEngine(CourseError, EngineDeadError):
    """The engine's process is gone: what vLLM calls `EngineDeadError`, with the reason."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)


def guard(engine: "AsyncLLM", failures: Connection) -> "AsyncLLM":
    """Let an engine's calls say what is wrong, and return it.

    Args:
        engine: A running engine; some of its methods are replaced by their equals.
        failures: Where its process sends the error that ends it.
    """
    core = engine.engine_core
    engine.failures, engine.failure = failures, None
    for name in ("generate", "encode"):
        setattr(engine, name, _guarded(engine, getattr(engine, name)))
    core.ensure_alive = functools.partial(_require, engine)
    core._ensure_output_queue_task = _in_this_loop(engine, core._ensure_output_queue_task)
    return engine


def trouble(engine: "AsyncLLM") -> CourseError | None:
    """Return why an engine cannot answer a call from here, None where it can."""
    core = engine.engine_core.resources
    if core.engine_dead:
        return DeadEngine(f"engine must be running, got {_end_of(engine)}. {AGAIN}")
    for reader in (engine.output_handler, core.output_queue_task):
        if reader is not None and not reader.done() and _is_elsewhere(reader.get_loop()):
            return CourseError(f"engine must be used in the event loop that it began in, got another one. {AGAIN}")
    return None


def _guarded(engine: "AsyncLLM", method: Callable) -> Callable:
    @functools.wraps(method)
    async def _call(*arguments: Any, **options: Any) -> AsyncIterator[Any]:
        _require(engine)
        if engine.output_handler is not None and engine.output_handler.done():
            engine.output_handler = None  # the call makes a new one
        async with contextlib.aclosing(method(*arguments, **options)) as outputs:
            try:
                async for output in outputs:
                    yield output
            except EngineDeadError as error:
                raise (trouble(engine) or error) from None

    return _call


def _in_this_loop(engine: "AsyncLLM", ensure_reader: Callable) -> Callable:
    """Have the engine's socket read in the running loop where its reader has ended."""
    core = engine.engine_core

    def _ensure() -> None:
        _require(engine)
        if core.resources.output_queue_task is not None and core.resources.output_queue_task.done():
            core.resources.output_queue_task, core.outputs_queue = None, asyncio.Queue()
        new = core.resources.output_queue_task is None
        ensure_reader()
        if new:
            core.resources.output_queue_task.add_done_callback(functools.partial(_give_up, engine))

    return _ensure


def _give_up(engine: "AsyncLLM", reader: asyncio.Task) -> None:
    """End the calls that wait for a word of the engine when nobody reads its words any more.

    vLLM lets them wait for ever, and the first request of each engine begins with such a call.
    """
    for future in engine.engine_core.utility_results.values():
        if future.get_loop() is reader.get_loop() and not future.done():
            future.set_exception(trouble(engine) or EngineDeadError())


def _require(engine: "AsyncLLM") -> None:
    if problem := trouble(engine):
        raise problem


def _is_elsewhere(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a task of this loop reads nothing for a call from here; outside of any loop it may still."""
    try:
        return asyncio.get_running_loop() is not loop
    except RuntimeError:
        return loop.is_closed()


def _end_of(engine: "AsyncLLM") -> str:
    """Return how an engine came to its end."""
    manager = engine.engine_core.resources.engine_manager
    code = manager.processes[0].exitcode
    if error := _failure(engine):
        return f"one that failed ({one_line(error).rstrip('.')})"
    if not manager.failed_proc_name:
        return "one that was shut down"
    return f"one whose process was ended by {signal_name(-code) if code < 0 else f'itself with code {code}'}"


def _failure(engine: "AsyncLLM") -> Exception | None:
    """Return the error that ended the engine's process, kept for the next question."""
    with contextlib.suppress(EOFError):
        while engine.failure is None and engine.failures.poll():
            engine.failure = engine.failures.recv()
    return engine.failure
