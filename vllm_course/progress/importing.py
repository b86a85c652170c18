"""Read a learner's export: written by another machine, perhaps an older course, perhaps by hand."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vllm_course.errors import CourseError
from vllm_course.progress.exporting import FORMAT, SCHEMA, learner_name

# What `read` relies on; an export holds more. A list has one entry, the shape of each of its elements.
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


@dataclass(frozen=True)
class Export:
    """What a merge needs of one export: passed exercises, and ticked items by lesson."""

    learner: str
    lessons: frozenset[str]
    passed: frozenset[str]
    ticked: frozenset[tuple[str, str]]


def read(file: Path) -> Export:
    """Read an export.

    Raises:
        CourseError: The file is none, is damaged, or is of a newer format.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CourseError(f"must be readable, got {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise CourseError(f"must be an export (vllm-course progress --json), got no JSON ({error}).") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise CourseError("must be an export (vllm-course progress --json), got other JSON.")
    if isinstance(data.get("schema"), int) and data["schema"] > SCHEMA:
        raise CourseError(f"must have format {SCHEMA} or older, got {data['schema']}. Update this copy of the course.")
    if wrong := _misfit(data, SHAPE, ""):
        raise CourseError(f"must be a whole export, got a damaged one ({wrong}). Ask for it again.")
    return _export(data)


def _export(data: dict[str, Any]) -> Export:
    lessons = data["lessons"]
    return Export(
        learner=learner_name(data["learner"]),
        lessons=frozenset(lesson["lesson"] for lesson in lessons),
        passed=frozenset(e["number"] for lesson in lessons for e in lesson["exercises"] if e["status"] == "passed"),
        ticked=frozenset((part["lesson"], e["item"]) for part in lessons for e in part["checklist"] if e["ticked"]),
    )


def _misfit(value: Any, shape: Any, name: str) -> str:
    """Return what does not fit a shape, for example `lessons[0].lesson must be str`; "" when all fits."""
    if isinstance(shape, type):
        return "" if type(value) is shape else f"{name} must be {shape.__name__}"
    if type(value) is not type(shape):
        return f"{name} must be {type(shape).__name__}"
    if isinstance(shape, list):
        parts = ((part, shape[0], f"{name}[{n}]") for n, part in enumerate(value))
    else:
        parts = ((value.get(key), part, f"{name}.{key}".lstrip(".")) for key, part in shape.items())
    return next(filter(None, (_misfit(*part) for part in parts)), "")
