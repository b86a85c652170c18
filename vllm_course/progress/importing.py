"""Read a learner's export: written by another machine, perhaps an older course, perhaps by hand."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vllm_course.errors import CourseError
from vllm_course.files import damaged, misfit, read_json
from vllm_course.forecasts import Forecast, imported
from vllm_course.progress.exporting import FORMAT, SCHEMA, learner_name

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
SHAPE_2 = {"lessons": [{"forecasts": [dict]}]}  # and since schema 2 this


@dataclass(frozen=True)
class Export:
    """What a merge needs of one export: passed exercises, ticked items by lesson, and compared forecasts."""

    learner: str
    lessons: frozenset[str]
    passed: frozenset[str]
    ticked: frozenset[tuple[str, str]]
    forecasts: tuple[Forecast, ...]


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
    if wrong := wrong or (misfit(data, SHAPE_2) if data["schema"] > 1 else ""):
        raise refusal(f"{wrong}.", remedy="Ask for it again.")
    try:
        return _export(data)
    except CourseError as error:
        raise refusal(str(error), remedy="Ask for it again.") from None


def _export(data: dict[str, Any]) -> Export:
    lessons = data["lessons"]
    forecasts = [imported(values) for lesson in lessons for values in lesson.get("forecasts", [])]
    return Export(
        learner=learner_name(data["learner"]),
        lessons=frozenset(lesson["lesson"] for lesson in lessons),
        passed=frozenset(e["number"] for lesson in lessons for e in lesson["exercises"] if e["status"] == "passed"),
        ticked=frozenset((part["lesson"], e["item"]) for part in lessons for e in part["checklist"] if e["ticked"]),
        forecasts=tuple(forecast for forecast in forecasts if forecast.measured is not None),
    )
