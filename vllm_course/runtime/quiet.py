"""Start vLLM without its start-up noise, give the noise back to those who ask for it, and read its log as data.

vLLM, PyTorch and their native libraries write some forty lines while an engine starts. They carry no answer, they
differ from machine to machine, and a notebook test would compare them. To see them all, set `VLLM_LOGGING_LEVEL` to
`INFO` before the first cell.
"""

import contextlib
import io
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator

from vllm_course.errors import CourseError
from vllm_course.runtime import environment, threads, waiting

LEVEL = environment.LEVEL
QUIET_LEVEL = "ERROR"
IMPORTING = "Importing vLLM, which takes some seconds the first time ..."
SELF_EXPLAINING = (CourseError, TypeError, ValueError)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LINE = re.compile(
    r"^(?:\(.*? pid=\d+\) )?(?P<level>DEBUG|INFO|WARNING|ERROR) \S+ \S+ \[(?P<file>[\w.]+):\d+\] (?P<message>.*)$"
)


def wanted() -> bool:
    """Return whether to be quiet: True unless `VLLM_LOGGING_LEVEL` asks for more than errors."""
    return os.environ.get(LEVEL, QUIET_LEVEL).upper() == QUIET_LEVEL


def set_defaults() -> None:
    """Set the variables that keep vLLM quiet, in one process and calm, where the user has not set them.

    They also keep a proxy out of what the lessons ask of servers on this machine.
    """
    environment.ask_this_machine_directly()
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    threads.set_defaults()
    if wanted():
        os.environ[LEVEL] = QUIET_LEVEL


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings and native output off the screen, unless the block fails.

    What was held back is written to stderr when the block raises an error that does not explain itself, such as
    vLLM's `RuntimeError: ... See root cause above.` The first block also imports vLLM, and says so.

    Raises:
        CourseError: The environment holds a variable that vLLM cannot read.
    """
    first = "vllm" not in sys.modules
    with _importing() if first else contextlib.nullcontext(), _held_back() if wanted() else contextlib.nullcontext():
        yield


def log_lines(printed: str) -> list[str]:
    """Return the lines of vLLM's log in a text, each as level, file and message.

    Process number, date and line number are left out, and so is everything that is not a line of the log.

    Args:
        printed: What a process wrote to stdout, where vLLM's log goes unless `VLLM_LOGGING_STREAM` names stderr.

    Example:
        >>> log_lines("INFO 11-20 23:40:24 [model.py:733] Resolved architecture: LlamaForCausalLM\\nPrompt: 'Hello'")
        ['INFO model.py: Resolved architecture: LlamaForCausalLM']
    """
    found = (LINE.match(COLOUR.sub("", line)) for line in printed.splitlines())
    return [f"{line['level']} {line['file']}: {line['message']}" for line in found if line]


@contextlib.contextmanager
def _importing() -> Iterator[None]:
    """Refuse what would make the import of vLLM fail, and say what takes so long."""
    environment.require(environment.broken())
    with waiting.said(IMPORTING):
        yield


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    with _temporary_file() as native, io.StringIO() as python:
        try:
            with _stderr_to(native), contextlib.redirect_stderr(python), _no_warnings():
                yield
        except SELF_EXPLAINING:
            raise
        except Exception:
            native.seek(0)
            sys.stderr.write(python.getvalue() + native.read())
            raise


def _temporary_file() -> io.TextIOBase:
    try:
        return tempfile.TemporaryFile(mode="w+", errors="replace")
    except FileNotFoundError as error:  # Python has tried them all
        raise CourseError(
            f"a folder for temporary files must be writable, got {error.strerror}. "
            "Name one where you start Jupyter or the script: export TMPDIR=/path/you/can/write"
        ) from None


@contextlib.contextmanager
def _no_warnings() -> Iterator[None]:
    """Switch warnings off, also those that PyTorch logs to a stream which it took hold of earlier."""
    before = logging.root.manager.disable
    if not _log_is_kept():
        logging.disable(max(before, logging.WARNING))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _log_is_kept() -> bool:
    """Return whether vLLM's log also goes to a file, which is to hold what the screen does not."""
    return any(isinstance(handler, logging.FileHandler) for handler in logging.getLogger("vllm").handlers)


@contextlib.contextmanager
def _stderr_to(file: io.TextIOBase) -> Iterator[None]:
    """Point file descriptor 2 at a file: native code does not know of `sys.stderr`."""
    sys.stderr.flush()
    saved = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
