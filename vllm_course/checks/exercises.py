"""The exercises that the lessons define, found by their number.

They lie beside their lesson, in `lessons/NN-slug/checks.py` or, where that grows long, in several files `checks*.py`.
Each is a function with the decorator `exercise`; it calls `require` for every property that a right answer has, with a
hint that fits the mistake.
"""

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass

from vllm_course import paths
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


class NotYet(Exception):
    """Raised by `require`: the answer lacks a property, and the message is the hint that fits."""


def exercise(number: str, *, hints: list[str], concept: str) -> Callable:
    """Register the function below as the check of an exercise.

    Args:
        number: Lesson and exercise, for example `"1.3"`.
        hints: What `hint` shows, one at a time, from vague to clear.
        concept: Page in concepts/ and anchor of the section that explains it, `"sampling-parameters.md#temperature"`.
            The last hint names it.

    Returns:
        A decorator that leaves the function as it is.
    """

    def register(checker: Callable[..., None]) -> Callable[..., None]:
        _exercises[number] = Exercise(number, checker, tuple(hints), concept)
        return checker

    return register


def require(condition: bool, hint_that_fits: str) -> None:
    """Go on when the condition holds; otherwise end the check with this hint.

    Raises:
        NotYet: The condition does not hold.
    """
    if not condition:
        raise NotYet(hint_that_fits)


def find(number: str) -> Exercise:
    """Return an exercise by its number, from its lesson's `checks*.py`.

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
        files = sorted(paths.lesson(lesson).glob("checks*.py"))
    except FileNotFoundError as error:
        raise CourseError(str(error)) from None
    for file in files:
        spec = importlib.util.spec_from_file_location(f"vllm_course_{file.stem}_{lesson:02d}", file)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
