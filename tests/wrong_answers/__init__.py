"""The likely mistakes in the exercises, by lesson: `lesson_NN.py` holds `WRONG`, each exercise's wrong answers.

For example:

    WRONG = {
        "1.3": [
            Wrong("another seed only", lambda ns: (["a"] * 3, ["b"] * 3), "use another seed"),
            ...
        ],
    }

Two or more for each exercise; `tests/test_exercises.py` refuses an exercise without them.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wrong:
    """A mistake that a learner is likely to make.

    Attributes:
        name: What the mistake is, unique in its exercise.
        answer: Takes the variables of the solved notebook and returns what `check` gets after the number: one
            answer, or a tuple of all of them.
        hint: A part of the message that must refuse it.
    """

    name: str
    answer: Callable[[dict[str, Any]], Any]
    hint: str


def of_lesson(lesson: int) -> dict[str, list[Wrong]]:
    """Return the wrong answers of a lesson by exercise number, from `lesson_NN.py`."""
    return importlib.import_module(f"tests.wrong_answers.lesson_{lesson:02d}").WRONG
