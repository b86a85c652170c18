"""What the tests of the async engine share: its process, and the programs that own one."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import psutil

from tests.rules.scripts import DEADLINE
from vllm_course import paths

if TYPE_CHECKING:
    from vllm import SamplingParams
    from vllm.v1.engine.async_llm import AsyncLLM

SCRIPT = paths.root() / "lessons/06-async-streaming/async_streaming.py"
ENGINES = "multiprocessing.spawn"  # a part of the command line of every process that `multiprocessing` has spawned


def engine_process(engine: "AsyncLLM") -> psutil.Process:
    """Return the process in which an engine lives."""
    return psutil.Process(engine.engine_core.resources.engine_manager.processes[0].pid)


def engines_of(pid: int) -> list[psutil.Process]:
    """Return the engines that a process has started, also by way of others that stand for it."""
    try:
        children = psutil.Process(pid).children(recursive=True)
        return [child for child in children if any(ENGINES in word for word in child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def until(condition: Callable[[], Any]) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, "must be so in time, got no sign of it"
        time.sleep(0.05)
    return found


class Dying:
    """Stands for `EngineProcess`, and is killed while it starts; its exit code comes after the end of its pipes.

    Args:
        failures: Where it says that it has arrived, or else it has not.
        calm: As for `EngineProcess`.
    """

    arrives = True

    def __init__(self, failures: Connection, *, calm: dict[str, bool]) -> None:
        self.failures = failures

    def __reduce__(self) -> tuple:
        return _die, (self.failures, self.arrives)


def _die(failures: Connection, arrives: bool) -> None:
    if arrives:
        failures.send(None)
    os.closerange(3, 256)
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)


def gone(process: psutil.Process) -> bool:
    """Return whether a process runs no more; what nobody has fetched yet is gone too."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def greedy(**changes: Any) -> "SamplingParams":
    """Return parameters for a text that is the same each time."""
    from vllm import SamplingParams

    return SamplingParams(**{"temperature": 0, "max_tokens": 8} | changes)


def text_of(engine: "AsyncLLM", prompt: str = "The capital of France is", **changes: Any) -> str:
    """Complete a prompt in an event loop of its own, and do not wait for ever."""

    async def last() -> str:
        async for output in engine.generate(prompt, greedy(**changes), "last"):
            text = output.outputs[0].text
        return text

    return asyncio.run(asyncio.wait_for(last(), DEADLINE))
