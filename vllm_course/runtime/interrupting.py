"""Ctrl-C in the first seconds of a script, while Python and vLLM are still importing.

KeyboardInterrupt would not do there: Python prints it with the stack of all that is half imported, and some libraries
swallow it and go on. So the process ends at once, until the engine runs. `vllm_course` imports this module first.
"""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended
COMMAND = "vllm-course"
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SCRIPTS = tuple(os.path.join(ROOT, folder, "") for folder in ("lessons", "solutions"))

_stderr = 2


def end_at_once() -> None:
    """Let Ctrl-C end the process with one line, where a script of the course starts; a notebook keeps its own way."""
    global _stderr
    if not _starts_a_script() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    try:
        _stderr = os.dup(2)  # the real one, also while `quiet` points the number 2 elsewhere
    except OSError:  # it is closed
        return
    signal.signal(signal.SIGINT, _end)


def raise_from_now_on() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, as usual."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _starts_a_script() -> bool:
    file = getattr(sys.modules["__main__"], "__file__", None)
    if file is None:
        return sys.argv[:1] == ["-m"]  # Python looks for a module of this package, to start it: `-m vllm_course.cli`
    return os.path.basename(file) == COMMAND or os.path.realpath(file).startswith(SCRIPTS)


def _end(number: int, frame: FrameType | None) -> None:
    os.write(_stderr, b"interrupted\n")
    os._exit(INTERRUPTED)
