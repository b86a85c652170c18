"""What the course's scripts share: a parser whose errors are one line, and an end without a traceback."""

import argparse
import contextlib
import errno
import functools
import os
import sys
from collections.abc import Callable, Iterator

from vllm_course.errors import CourseError
from vllm_course.models import find_model

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended
STREAM_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EPIPE, errno.EIO)  # a full disk, a closed pipe


class UsageError(CourseError):
    """A wrong command line, or a wrong file that it names: exit code 2."""

    exit_code = 2


class OneLineErrors:
    """Mix into a parser: it answers a mistake with one line."""

    def error(self, message: str) -> None:
        """Say what is wrong on stderr, in one line, and exit with 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see --help)\n")


class ToolParser(OneLineErrors, argparse.ArgumentParser):
    """An `ArgumentParser` that shows its description as written and answers a mistake with one line."""

    def __init__(self, **options) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)


def number(kind: type, *, low: float, high: float | None = None, above: bool = False, remedy: str) -> Callable:
    """Make an argparse type for a number in a range.

    Args:
        kind: int or float.
        low: Smallest value allowed, or, with `above`, the bound that it must exceed.
        high: Largest value allowed; None for no limit.
        above: Whether `low` itself is refused.
        remedy: What to do instead, a sentence.

    Returns:
        A function from text to number that raises `argparse.ArgumentTypeError` with rule, value and remedy. Its
        attribute `kind` is int or float.

    Example:
        >>> number(float, low=0, high=2, remedy="Use 0 for greedy decoding.")("0.8")
        0.8
    """
    rule = f"{'>' if above else '>='} {low}" + ("" if high is None else f" and <= {high}")

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a number ({kind.__name__}), got {text!r}. {remedy}") from None
        in_range = (value > low if above else value >= low) and (high is None or value <= high)
        if not in_range:
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text}. {remedy}")
        return value

    parse.kind = kind
    return parse


def model_name(text: str) -> str:
    """Check a model's name as an argparse type, before the seconds that importing vLLM takes."""
    try:
        find_model(text)
    except CourseError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def tool(main: Callable[..., int]) -> Callable[..., int]:
    """Decorate a script's `main`: a `CourseError` ends it with one line and 1 or 2, Ctrl-C with 130."""

    @functools.wraps(main)
    def wrapped(argv: list[str] | None = None) -> int:
        try:
            with _output_can_be_written():
                return main(argv)
        except CourseError as error:
            print(error, file=sys.stderr)
            return getattr(error, "exit_code", 1)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return INTERRUPTED

    return wrapped


@contextlib.contextmanager
def _output_can_be_written() -> Iterator[None]:
    """Turn a full disk or a closed pipe behind stdout into a `CourseError`."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in STREAM_ERRORS or error.filename is not None:  # trouble elsewhere
            raise
        # What is left in the buffer would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CourseError(
            f"stdout must be writable to the end, got {error.strerror}. Free some space or read all of it."
        ) from error
