"""What a check says to a broken solution, and on which of its lines."""

import contextlib
import io
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vllm_course import CourseError, checks
from vllm_course.checks.trying import Endless
from vllm_course.checks.verdict import NotYet, Stopped

Place = tuple[str, int]  # a file, and a line in it


class TooLong(Stopped):
    """Ends a broken solution that goes on and on, where the check cannot end it and a learner would wait for ever."""


@dataclass(frozen=True)
class Verdict:
    """What a check says.

    Attributes:
        status: "passed"; "not yet" with a hint; "crash" where the check falls over; "no answer" where the broken code
            already fails before it is checked; "too long".
        message: The hint or the error.
        places: Lines that were being executed when the check ended, from the outermost.
    """

    status: str
    message: str = ""
    places: tuple[Place, ...] = field(default=(), compare=False)


def judge(number: str, answers: Callable[[], Iterable[Any]], *, limit: float) -> Verdict:
    """Make the answers and check them; nothing is kept as progress, and nothing is printed.

    Args:
        number: The exercise.
        answers: Returns what the check is given after the number.
        limit: Seconds after which it is ended.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), alarm(limit):
        try:
            given = answers()
        except TooLong as error:
            return Verdict("too long", _said(error))
        except (Exception, SystemExit, Endless) as error:
            return Verdict("no answer", _said(error))
        try:
            checks.find(number).checker(*given)
        except NotYet as error:
            return Verdict("not yet", str(error), _places(error))
        except TooLong as error:
            return Verdict("too long", _said(error), _places(error))
        except (Exception, SystemExit, Endless) as error:
            return Verdict("crash", _said(error), _places(error))
    return Verdict("passed")


@contextlib.contextmanager
def alarm(limit: float) -> Iterator[None]:
    """Raise `TooLong` in the block after so many seconds, and again every second if the block holds it."""

    def ring(*_: Any) -> None:
        raise TooLong(f"more than {limit:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def settle(namespace: dict[str, Any]) -> set[str]:
    """End the requests that an interrupted answer left in the engines; return the variables whose engine runs."""
    running = set()
    for name, value in namespace.items():
        engine = getattr(value, "__dict__", {}).get("llm_engine")
        with contextlib.suppress(CourseError):  # what a freed engine raises
            if engine is not None and engine.has_unfinished_requests():
                engine.abort_request(list(engine.output_processor.request_states), internal=True)
            running |= {name} if engine is not None else set()
    return running


def _places(error: BaseException) -> tuple[Place, ...]:
    return tuple((frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__))


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
