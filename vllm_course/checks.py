"""Exercises that check themselves: `check("1.3", answer)` and `hint("1.3")`.

The checks of a lesson lie beside it, in `lessons/NN-slug/checks.py`. Each is a function with the decorator
`exercise`; it calls `require` for every property that a right answer has, with a hint that fits the mistake.
"""

import importlib.util
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vllm_course import paths
from vllm_course.errors import CourseError

STRICT = "VLLM_COURSE_STRICT"
MARKS = {"passed": "✔", "not yet": "✘", "not attempted": "○"}

_exercises: dict[str, "Exercise"] = {}


@dataclass(frozen=True)
class Exercise:
    """One exercise: its number, the function that checks an answer, and hints from vague to clear."""

    number: str
    checker: Callable[..., None]
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What `check` found: `status` is "passed", "not yet" or "not attempted", `message` says why."""

    number: str
    status: str
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer was accepted."""
        return self.status == "passed"

    def __repr__(self) -> str:
        """Show the result on one line, as a notebook displays it."""
        return f"{MARKS[self.status]} {self.number} {self.status}" + (f": {self.message}" if self.message else "")


class NotYet(Exception):
    """Raised by `require`: the answer lacks a property, and the message is the hint that fits."""


class CheckFailedError(CourseError):
    """Raised by `check` under `VLLM_COURSE_STRICT=1` for every answer that does not pass."""


def exercise(number: str, *, hints: list[str]) -> Callable:
    """Register the function below as the check of an exercise.

    Args:
        number: Lesson and exercise, for example `"1.3"`.
        hints: What `hint` shows, one at a time, from vague to clear.

    Returns:
        A decorator that leaves the function as it is.
    """

    def register(checker: Callable[..., None]) -> Callable[..., None]:
        _exercises[number] = Exercise(number, checker, tuple(hints))
        return checker

    return register


def require(condition: bool, hint_that_fits: str) -> None:
    """Go on when the condition holds; otherwise end the check with this hint.

    Raises:
        NotYet: The condition does not hold.
    """
    if not condition:
        raise NotYet(hint_that_fits)


def check(number: str, *answers: Any) -> Result:
    """Check the answer to an exercise.

    Args:
        number: Lesson and exercise, for example `"1.3"`.
        *answers: What the exercise asks for; `...` (the stub) means not attempted.

    Returns:
        The result. A notebook shows it when the call is the last line of a cell.

    Raises:
        CourseError: There is no such exercise.
        CheckFailedError: The answer does not pass, and the environment variable `VLLM_COURSE_STRICT` is 1.
    """
    result = _result(find(number), answers)
    if os.environ.get(STRICT) == "1" and not result.passed:
        raise CheckFailedError(repr(result))
    return result


def hint(number: str, level: int = 1) -> str:
    """Return a hint for an exercise.

    Args:
        number: Lesson and exercise, for example `"1.3"`.
        level: 1 for the vaguest; the last one all but gives the answer.

    Raises:
        CourseError: There is no such exercise, or no hint of that level.
    """
    hints = find(number).hints
    if not 1 <= level <= len(hints):
        raise CourseError(f"level must be 1 to {len(hints)} for exercise {number}, got {level}.")
    more = f' One more: hint("{number}", {level + 1}).' if level < len(hints) else ""
    return f"Hint {level} of {len(hints)}: {hints[level - 1]}{more}"


def find(number: str) -> Exercise:
    """Return an exercise by its number, from its lesson's `checks.py`.

    Raises:
        CourseError: There is no such exercise.
    """
    match = re.fullmatch(r"(\d+)\.\d+", str(number))
    if match and number not in _exercises:
        _load_lesson(int(match.group(1)))
    if number not in _exercises:
        raise CourseError(f'exercise must be a number like "1.3" that a lesson has, got {number!r}.')
    return _exercises[number]


def _load_lesson(lesson: int) -> None:
    try:
        file = paths.lesson(lesson) / "checks.py"
    except FileNotFoundError as error:
        raise CourseError(str(error)) from None
    spec = importlib.util.spec_from_file_location(f"vllm_course_checks_{lesson:02d}", file)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _result(found: Exercise, answers: tuple) -> Result:
    try:
        if not answers or any(_is_open(answer) for answer in answers):
            return Result(found.number, "not attempted")
        found.checker(*answers)
    except NotYet as reason:
        return Result(found.number, "not yet", str(reason))
    except Exception as error:  # a learner's answer can be anything; the check must survive it and say so
        return Result(found.number, "not yet", f"the check could not use this answer ({type(error).__name__}: {error})")
    return Result(found.number, "passed")


def _is_open(answer: Any) -> bool:
    if isinstance(answer, dict):
        return any(_is_open(value) for value in answer.values())
    if isinstance(answer, list | tuple):
        return any(_is_open(value) for value in answer)
    return answer is ...
