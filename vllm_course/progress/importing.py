"""Read a learner's export: written by another machine, perhaps an older course, perhaps by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from vllm_course.errors import CourseError
from vllm_course.files import damaged, misfit, read_json
from vllm_course.forecasts import Forecast, imported
from vllm_course.progress import Attempt
from vllm_course.progress.exporting import FORMAT, JOINERS, SCHEMA, learner_name

WHAT = "an export (vllm-course progress --json)"
# What `read` relies on; an export holds more.
SHAPE = {
    "schema": int,
    "learner": str,
    "lessons": [
        {
            "lesson": str,
            "exercises": [{"number": str, "status": str}],
            "checklist": [{"item": str, "ticked": bool}],
        }
    ],
}
QUESTION = {"question": str, "answers": [{"at": str, "right": bool}]}
TRY = {"at": str, "status": str, "message": str}
# What came with a schema's version.
LATER = {
    2: {"lessons": [{"forecasts": [dict]}]},
    3: {"lessons": [{"exercises": [{"tries": [TRY]}]}]},
    4: {"lessons": [{"quiz": [QUESTION]}]},
}


class First(NamedTuple):
    """The first answer to a question: lesson and name of the question, time, what was chosen, whether it is right."""

    lesson: str
    question: str
    at: str
    chosen: tuple[str, ...]
    right: bool


@dataclass(frozen=True)
class Export:
    """What a merge needs of one export.

    Attributes:
        learner: Whose it is.
        lessons: The lessons that it holds.
        passed: Exercises that were passed.
        tried: Exercises that were tried, those that were passed among them.
        ticked: Lesson and text of each ticked item.
        forecasts: Those that were compared.
        tries: Each try at an exercise up to the first that passed; None in an export before schema 3.
        answers: The first answer to each question of a quiz that has one.
    """

    learner: str
    lessons: frozenset[str]
    passed: frozenset[str]
    tried: frozenset[str]
    ticked: frozenset[tuple[str, str]]
    forecasts: tuple[Forecast, ...]
    tries: frozenset[Attempt] | None
    answers: frozenset[First]


def read(file: Path) -> Export:
    """Read an export.

    Raises:
        CourseError: The file is none, is damaged, or is of a newer format.
    """
    data = read_json(file, name=file.name, what=WHAT)
    refusal = partial(damaged, file, name=file.name, what=WHAT)
    if data.get("format") != FORMAT:
        raise refusal(f"format must be {FORMAT!r}, got {data.get('format')!r:.60}.")
    if isinstance(data.get("schema"), int) and data["schema"] > SCHEMA:
        reason = f"schema must be {SCHEMA} or older, got {data['schema']}."
        raise refusal(reason, remedy="Update this copy of the course.")
    wrong = misfit(data, SHAPE)
    shapes = [] if wrong else [shape for version, shape in LATER.items() if version <= data["schema"]]
    if wrong := wrong or next(filter(None, (misfit(data, shape) for shape in shapes)), ""):
        raise refusal(f"{wrong}.", remedy="Ask for it again.")
    try:
        return _export(data)
    except CourseError as error:
        raise refusal(str(error), remedy="Ask for it again.") from None


def _export(data: dict[str, Any]) -> Export:
    lessons = data["lessons"]
    exercises = [exercise for lesson in lessons for exercise in lesson["exercises"]]
    forecasts = [imported(values) for lesson in lessons for values in lesson.get("forecasts", [])]
    return Export(
        learner=learner_name(data["learner"]),
        lessons=frozenset(lesson["lesson"] for lesson in lessons),
        passed=frozenset(e["number"] for e in exercises if e["status"] == "passed"),
        tried=frozenset(e["number"] for e in exercises if e["status"] in ("passed", "not yet")),
        ticked=frozenset((part["lesson"], e["item"]) for part in lessons for e in part["checklist"] if e["ticked"]),
        forecasts=tuple(forecast for forecast in forecasts if forecast.measured is not None),
        tries=frozenset(_try(e["number"], one) for e in exercises for one in e["tries"])
        if data["schema"] > 2
        else None,
        answers=frozenset(
            _first(lesson["lesson"], one) for lesson in lessons for one in lesson.get("quiz", []) if one["answers"]
        ),
    )


def _first(lesson: str, question: dict[str, Any]) -> First:
    """Return the first answer to a question. What was chosen is believed only where the course has such an option."""
    one = question["answers"][0]
    given = one.get("given")
    chosen = tuple(map(str, given)) if isinstance(given, list) else (str(given),)
    return First(lesson, question["question"], one["at"], chosen, one["right"])


def _try(number: str, values: dict[str, str]) -> Attempt:
    """Return a try whose time is in UTC and whose message is one line that a terminal can show."""
    words = " ".join(values["message"].split())
    message = "".join(letter for letter in words if letter.isprintable() or ord(letter) in JOINERS)
    try:
        at = datetime.fromisoformat(values["at"])
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        rule = "must be a time like 2026-01-02T03:04:05+00:00"
        raise CourseError(f"at of a try at exercise {number} {rule}, got {values['at']!r:.60}.") from None
    return Attempt(number, values["status"], message, at.isoformat(timespec="seconds"))
