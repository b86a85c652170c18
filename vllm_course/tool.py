"""What the course's scripts share: a parser whose errors are one line, and an end without a traceback."""

import argparse
import functools
import sys
from collections.abc import Callable

from vllm_course.errors import CourseError
from vllm_course.models import find_model

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


class ToolParser(argparse.ArgumentParser):
    """An `ArgumentParser` that shows its description as written and answers a mistake with one line."""

    def __init__(self, **options) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> None:
        """Say what is wrong on stderr, in one line, and exit with 2."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def number(kind: type, *, low: float, high: float | None = None, above: bool = False, remedy: str) -> Callable:
    """Make an argparse type for a number in a range.

    Args:
        kind: int or float.
        low: Smallest value allowed, or, with `above`, the bound that it must exceed.
        high: Largest value allowed; None for no limit.
        above: Whether `low` itself is refused.
        remedy: What to do instead, a sentence.

    Returns:
        A function from text to number that raises `argparse.ArgumentTypeError` with rule, value and remedy.

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

    return parse


def model_name(text: str) -> str:
    """Check a model's name as an argparse type, before the seconds that importing vLLM takes."""
    try:
        find_model(text)
    except CourseError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def tool(main: Callable[..., int]) -> Callable[..., int]:
    """Decorate a script's `main`: a `CourseError` ends it with one line and 1, Ctrl-C with 130."""

    @functools.wraps(main)
    def wrapped(argv: list[str] | None = None) -> int:
        try:
            return main(argv)
        except CourseError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return INTERRUPTED

    return wrapped
