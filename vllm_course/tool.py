"""What the course's scripts share: a parser whose errors are one line, and an end without a traceback."""

import argparse
import codecs
import contextlib
import errno
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator

from vllm_course.errors import CourseError, UsageError
from vllm_course.models import find_model
from vllm_course.parameters import number
from vllm_course.runtime.interrupting import INTERRUPTED
from vllm_course.runtime.waiting import silent

__all__ = ["OneLineErrors", "ToolParser", "UsageError", "model_name", "number", "tool"]

ESCAPES = "vllm_course.escapes"  # what the course calls its way to print what an encoding lacks
STREAM_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EPIPE, errno.EIO)  # a full disk, a closed pipe


class OneLineErrors:
    """Mix into a parser: it answers a mistake with one line."""

    def error(self, message: str) -> None:
        """Say what is wrong on stderr, in one line, and exit with 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see --help)\n")


class ToolParser(OneLineErrors, argparse.ArgumentParser):
    """An `ArgumentParser` that shows its description as written and answers a mistake with one line."""

    def __init__(self, **options) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)


def model_name(text: str) -> str:
    """Check a model's name as an argparse type, before the seconds that importing vLLM takes."""
    try:
        find_model(text)
    except CourseError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def tool(main: Callable[..., int]) -> Callable[..., int]:
    """Decorate a script's `main`: a `CourseError` ends it with one line and 1 or 2, Ctrl-C with 130.

    A script that has more to say than "interrupted" raises `KeyboardInterrupt` with that line.

    What stdout's encoding lacks is printed as an escape.
    """

    @functools.wraps(main)
    def wrapped(argv: list[str] | None = None) -> int:
        try:
            _refuse_deleted_folder()
            with _output_can_be_written(), silent("--json" in (sys.argv[1:] if argv is None else argv)):
                return main(argv)
        except CourseError as error:
            print(error, file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt as interruption:
            print(str(interruption) or "interrupted", file=sys.stderr)
            return INTERRUPTED

    return wrapped


@contextlib.contextmanager
def _output_can_be_written() -> Iterator[None]:
    """Turn a full disk or a closed pipe behind stdout into a `CourseError`, and what it cannot encode into escapes."""
    at_terminal = hasattr(sys.stdout, "reconfigure")  # a notebook's stream has none, and on Colab no number either
    if at_terminal:
        sys.stdout.reconfigure(errors=ESCAPES)
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in STREAM_ERRORS or error.filename is not None:  # trouble elsewhere
            raise
        if at_terminal:  # what is left in the buffer would fail once more when Python ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CourseError(
            f"stdout must be writable to the end, got {error.strerror}. Free some space or read all of it."
        ) from error


def _refuse_deleted_folder() -> None:
    """Refuse to start where no path can be found any more, before the seconds that a model takes."""
    try:
        os.getcwd()
    except OSError:
        raise UsageError("the working folder must be there, got a deleted one. Change into another with cd.") from None


def _escaped(error: UnicodeEncodeError) -> tuple[str, int]:
    """Write letters as JSON does, so that JSON stays JSON: é is \\u00e9 where stdout is ASCII."""
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(ESCAPES, _escaped)
