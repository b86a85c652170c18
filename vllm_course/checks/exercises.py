"""The exercises that the lessons define, found by their number.

They are in `checks/lesson_NN.py`, one file a lesson. Each is a function with the decorator `exercise`; it calls
`require` for every property that a right answer has, with a hint that fits the mistake.
"""

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vllm_course import paths
from vllm_course.checks.trying import tried
from vllm_course.checks.verdict import shown
from vllm_course.errors import CourseError

_exercises: dict[str, "Exercise"] = {}


@dataclass(frozen=True)
class Exercise:
    """One exercise: its number, the function that checks an answer, hints from vague to clear, and where to read on."""

    number: str
    checker: Callable[..., None]
    hints: tuple[str, ...]
    concept: str

    @property
    def read_on(self) -> str:
        """The concept page and its section, as a learner finds them from the folder of the checkout.

        Example:
            >>> Exercise("1.3", print, (), "request-output.md#finish_reason").read_on
            'Read on: concepts/request-output.md, section finish_reason.'
        """
        page, _, anchor = self.concept.partition("#")
        return f"Read on: concepts/{page}, section {anchor.replace('-', ' ')}."


def exercise(number: str, *, hints: list[str], concept: str, functions: dict[str, str] | None = None) -> Callable:
    """Register the function below as the check of an exercise.

    Args:
        number: Lesson and exercise, for example `"1.3"`.
        hints: What `hint` shows, one at a time, from vague to clear.
        concept: Page in concepts/ and anchor of the section that explains it, `"sampling-parameters.md#temperature"`.
            The last hint names it.
        functions: The answers that are functions, by the name of the check's argument, and what each takes and
            returns: `{"run_tool": "text, functions -> message"}`. The check gets them as `Tried`.

    Returns:
        A decorator that leaves the function as it is.
    """

    def register(checker: Callable[..., None]) -> Callable[..., None]:
        def judge(*answers: Any) -> None:
            checker(*tried(checker, answers, functions or {}))

        _exercises[number] = Exercise(number, judge, tuple(hints), concept)
        return checker

    return register


def find(number: str) -> Exercise:
    """Return an exercise by its number, from `checks/lesson_NN.py`.

    Raises:
        CourseError: There is no such exercise.
    """
    digits = re.fullmatch(r"(\d+)\.\d+", number) if isinstance(number, str) else None
    if digits and number not in _exercises:
        _load_lesson(int(digits.group(1)))
    if not digits or number not in _exercises:
        rule = 'exercise must be a number like "1.3" that a lesson has'
        raise CourseError(f"{rule}, got {shown(number)}.{_remedy(number)}")
    return _exercises[number]


def _remedy(number: Any) -> str:
    """Say how to give a number that came without quotation marks, as in `check(1.3, answer)` or `check(["1.3"])`."""
    if isinstance(number, str):
        return ""
    digits = re.search(r"\d+\.\d+", shown(number))
    return f' Put the number in quotation marks: "{digits[0] if digits else "1.3"}".'


def _load_lesson(lesson: int) -> None:
    try:
        paths.lesson(lesson)
    except FileNotFoundError as error:
        raise CourseError(str(error)) from None
    file = paths.root() / "checks" / f"lesson_{lesson:02d}.py"
    if file.is_file():
        spec = importlib.util.spec_from_file_location(f"checks.{file.stem}", file)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
