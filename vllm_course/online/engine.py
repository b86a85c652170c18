"""Start vLLM's async engine so that it is calm, says clearly what is wrong, and is stopped for certain.

`AsyncLLM` always runs the model in a process of its own, and talks to it through sockets. So three things can go
wrong that cannot with `LLM`: that process dies, it outlives the program, or the program goes on in another event loop.
"""

import atexit
import contextlib
import functools
import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course.errors import CourseError
from vllm_course.loading_errors import KILLED
from vllm_course.models import engine_args, keep_folders, key_of, refuse, starting
from vllm_course.online.process import EngineProcess
from vllm_course.runtime import environment
from vllm_course.runtime.interrupting import raise_from_now_on
from vllm_course.runtime.quiet import quiet, wanted

if TYPE_CHECKING:
    from vllm.v1.engine.async_llm import AsyncLLM

METHOD = "VLLM_WORKER_MULTIPROC_METHOD"
# What these write when an engine's process has died is said by the error that the caller gets.
LOUD = ("vllm.v1.engine.async_llm", "vllm.v1.engine.core_client", "vllm.v1.engine.utils", "vllm.v1.utils")
NOT_FOUND = (
    "the engine's process must be able to import your program, got an error there. Write the program into a file, and "
    'start the engine below the line: if __name__ == "__main__":'
)

_kept: "tuple[tuple, AsyncLLM] | None" = None


def load_async_model(model: str | Path | None = None, **engine_arguments: Any) -> "AsyncLLM":
    """Start an async engine, or return the one that already holds the model.

    The same call again returns the same engine, so a cell can run twice. Another model, or other arguments, stop the
    first engine before the next one starts; so does an engine that has died, or that began in another event loop. An
    engine of `load_model` may run beside it.

    Args:
        model: As for `engine_args`.
        **engine_arguments: Arguments of `vllm.AsyncEngineArgs`, for example `max_num_seqs=4`.

    Returns:
        A plain `AsyncLLM`. Where its process has died, `generate` raises an error that says so, which is a
        `CourseError` and vLLM's `EngineDeadError`.

    Raises:
        CourseError: The model is missing or damaged, the memory does not suffice, or a variable is in the way.
        TypeError: vLLM knows no argument of that name.
        ValueError: vLLM refuses an argument's value.
    """
    global _kept
    environment.require(environment.broken())
    args = engine_args(model, **engine_arguments)
    key = key_of(args, engine_arguments)
    if _kept is not None and _kept[0] == key and _usable(_kept[1]):
        return _kept[1]
    refuse(args, "AsyncEngineArgs")
    free_async_engine()
    _kept = (key, _start(args))
    _stop_at_the_end()
    raise_from_now_on()
    return _kept[1]


def free_async_engine() -> None:
    """Stop the engine that `load_async_model` keeps, and its process, even where a variable still names it."""
    global _kept
    if _kept is None:
        return
    engine, _kept = _kept[1], None
    with quiet():
        engine.shutdown()
    for process in engine.engine_core.resources.engine_manager.processes:
        process.join()  # vLLM kills what does not end in 5 s, and does not wait for that


def _start(args: dict[str, Any]) -> "AsyncLLM":
    receiver, sender = multiprocessing.Pipe(duplex=False)
    with starting(args), _in_a_process_that_ends(sender), sender:
        from vllm import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        from vllm_course.online.calls import guard

        _hush()
        try:
            engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**args))
        except RuntimeError as error:
            sender.close()  # or a process that ended without a word would be waited for
            raise ((None if KILLED in str(error) else _cause(receiver)) or error) from error
        keep_folders(engine.model_config)
        return guard(engine, receiver)


@contextlib.contextmanager
def _in_a_process_that_ends(failures: Connection) -> Iterator[None]:
    """Have vLLM start `EngineProcess` in the block, and leave no process behind where the block fails."""
    from vllm.platforms import current_platform
    from vllm.v1.engine.core import EngineCoreProc
    from vllm.v1.engine.utils import CoreEngineProcManager

    calm = {"quiet": wanted(), "faster": current_platform.is_cpu()}
    before, method = set(multiprocessing.active_children()), os.environ.get(METHOD)
    run, finished = vars(EngineCoreProc)["run_engine_core"], CoreEngineProcManager.finished_procs
    EngineCoreProc.run_engine_core = EngineProcess(failures, calm=calm)
    CoreEngineProcManager.finished_procs = functools.partialmethod(_finished, finished)
    os.environ[METHOD] = "spawn"  # vLLM's choice on a CPU; a copy of a process with threads may hang
    try:
        yield
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.kill()
        raise
    finally:
        EngineCoreProc.run_engine_core, CoreEngineProcManager.finished_procs = run, finished
        os.environ.pop(METHOD)
        os.environ.update({METHOD: method} if method else {})


def _finished(manager: Any, finished: Callable[[Any], dict[str, int]]) -> dict[str, int]:
    """Name the processes that have ended, after what vLLM has seen of their end and Linux has not finished yet.

    A process that is killed closes its pipe first and has an exit code a moment later. vLLM asks in between, and then
    could not say how the process ended.
    """
    for process in manager.processes:
        if process.pid and wait([process.sentinel], timeout=0):
            process.join()
    return finished(manager)


def _cause(receiver: Connection) -> Exception | None:
    """Return why the engine's process ended, None where it could not say."""
    try:
        receiver.recv()
    except EOFError:
        return CourseError(NOT_FOUND)
    with contextlib.suppress(EOFError):
        return receiver.recv()
    return None


def _usable(engine: "AsyncLLM") -> bool:
    from vllm_course.online.calls import trouble

    return trouble(engine) is None


def _hush() -> None:
    """Keep off the screen what vLLM logs about a process that died, unless the log is asked for."""
    for name in LOUD if wanted() else ():
        logging.getLogger(name).addFilter(_never)  # vLLM sets the levels anew for each engine


def _never(record: logging.LogRecord) -> bool:
    return False


@functools.cache
def _stop_at_the_end() -> None:
    """Stop the engine when Python ends, also after an error."""
    atexit.register(_end)


def _end() -> None:
    from vllm.v1.engine.async_llm import AsyncLLM

    free_async_engine()
    del AsyncLLM.__del__  # it would run once more in a Python that is half gone, and print what it misses there
