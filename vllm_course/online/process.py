"""The process in which the async engine lives, from its first moment to its last.

vLLM starts it with Python's `multiprocessing` and ends it when it is told to. Nobody tells it where the process that
started it is killed, so it also looks for that itself. And Ctrl-C reaches every program of a terminal: the engine is
taken out of that group, or it would be gone before its owner could say what was got.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

LOOK_EVERY = 0.05  # seconds


class EngineProcess:
    """What the engine's process runs, in the place of vLLM's `EngineCoreProc.run_engine_core`, which it calls.

    It arrives in the new process before vLLM is imported there, which takes most of an engine's start.

    Args:
        failures: Where an error that ends the engine is sent to.
        calm: Whether the process writes nothing to the screen, and takes the course's short cuts.
    """

    def __init__(self, failures: Connection, *, calm: dict[str, bool]) -> None:
        self._failures, self._calm = failures, calm

    def __reduce__(self) -> tuple:
        return _arrived, (self._failures, self._calm)

    def __call__(self, *args: Any, **options: Any) -> None:
        """Run the engine to its end."""
        from vllm.v1.engine.core import EngineCoreProc

        if self._calm["faster"]:
            from vllm_course.models import start_faster, without_collecting

            start_faster()
            EngineCoreProc.shutdown = without_collecting()(EngineCoreProc.shutdown)
        try:
            EngineCoreProc.run_engine_core(*args, **options)
        except SystemExit as end:  # vLLM has been told to end, and has given back what it held
            _leave(end.code or 0)
        except Exception as error:
            self._failures.send(_that_travels(error))
            raise


def _arrived(failures: Connection, calm: dict[str, bool]) -> EngineProcess:
    """Do what comes first in the engine's process."""
    os.setsid()
    threading.Thread(target=_end_with_its_starter, daemon=True).start()
    if calm["quiet"]:
        os.dup2(2, 1)  # stderr is held back already, by the process that started this one
    failures.send(None)  # the process could be started: Python found the program that it belongs to
    return EngineProcess(failures, calm=calm)


def _leave(code: int) -> None:
    """End this process without taking Python and its libraries apart, for which the owner would wait some seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_with_its_starter() -> None:
    """End this process as soon as the one that started it is gone, however that ended."""
    while not (starter := multiprocessing.parent_process()):  # known when this process has read all that it is to do
        time.sleep(LOOK_EVERY)
    starter.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _that_travels(error: Exception) -> Exception:
    """Return the error, or one with its name and text where it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:  # each class of errors has reasons of its own
        print(f"not sent: {error!r}", file=sys.stderr)
        return RuntimeError(f"{type(error).__name__}: {error}")
