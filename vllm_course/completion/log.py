"""The log file of `text_generation.py`: vLLM's own log and the run's lines, in one format and in order."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Any

from vllm import EngineArgs
from vllm.logger import configure_logging_if_needed

from vllm_course.errors import CourseError, UsageError
from vllm_course.runtime.quiet import quiet, wanted

ENGINE = logging.getLogger("vllm")
log = logging.getLogger("vllm.text_generation")  # below vLLM's logger: same file, same format
# vLLM's own, without the colours of a terminal.
FORMAT = logging.Formatter("%(levelname)s %(asctime)s [%(filename)s:%(lineno)d] %(message)s", "%m-%d %H:%M:%S")
ARGUMENTS = ("logging_config", "log_level", "log_config_file")


class LogFile(logging.FileHandler):
    """A file handler that ends the run in place of printing a traceback when the file cannot be written."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise a `CourseError`. Logging calls this where it handles what went wrong."""
        raise _unwritable(self.baseFilename, sys.exc_info()[1]) from None


@contextlib.contextmanager
def log_to(file: str | None, engine: dict[str, Any]) -> Iterator[None]:
    """Append vLLM's log, from INFO on, to a file while the block runs, and keep its errors off the screen.

    Args:
        file: Where to; None for nowhere.
        engine: The given engine arguments, some of which are about logging.

    Raises:
        UsageError: The file cannot be opened.
        CourseError: It cannot be written to the end.
    """
    given = {name: engine[name] for name in ARGUMENTS if name in engine}
    with quiet():
        # vLLM does this when it makes an engine, and would then drop the handler.
        configure_logging_if_needed(EngineArgs(**given).create_logging_config())
    handlers = _open(file) if file else []
    levels = {logger: logger.level for logger in (ENGINE, *ENGINE.handlers)}
    if wanted() and not given:
        for screen in ENGINE.handlers:
            screen.setLevel(logging.CRITICAL)  # an error is said once, in the tool's own line
    for handler in handlers:
        ENGINE.addHandler(handler)
        ENGINE.setLevel(min(ENGINE.level, logging.INFO))
    try:
        with _end_is_logged():
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
        for handler in handlers:
            ENGINE.removeHandler(handler)
            with contextlib.suppress(OSError):  # it was reported with the line that did not fit
                handler.close()


def _open(file: str) -> list[logging.Handler]:
    try:
        handler = LogFile(file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(str(_unwritable(file, error))) from None
    handler.setFormatter(FORMAT)
    return [handler]


@contextlib.contextmanager
def _end_is_logged() -> Iterator[None]:
    """Write down how a run ended that did not end well; the terminal gets one line, the log the whole stack."""
    try:
        yield
    except KeyboardInterrupt:
        log.warning("interrupted")
        raise
    except CourseError as error:
        cause = error.__cause__
        with contextlib.suppress(CourseError):  # when the log itself is the trouble
            log.error("%s", error, exc_info=cause)
        raise


def _unwritable(file: str, error: BaseException) -> CourseError:
    reason = getattr(error, "strerror", None) or error
    return CourseError(f"--log-file must be writable to the end, got {reason}: {file}. Choose another file.")
