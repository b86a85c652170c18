"""One learner's progress as a document for an instructor."""

import getpass
import os
import re
from datetime import UTC, datetime
from typing import Any

from vllm_course import catalogue, progress
from vllm_course.errors import CourseError
from vllm_course.forecasts import calibration, exported, of_lesson
from vllm_course.progress import Progress
from vllm_course.progress.report import once_right, passed, up_to_pass

FORMAT = "vllm-course progress"
SCHEMA = 4  # 1 had no forecasts, 2 no tries, 3 no quiz
LONGEST_NAME = 100
LEARNER = re.compile(r"[^=+\-@].*")  # a spreadsheet would compute what begins like a formula
JOINERS = str.maketrans("", "", "\u200c\u200d")  # not printable, and in names of several scripts and in emoji


def build(learner: str) -> dict[str, Any]:
    """Return a learner's progress as JSON-able values.

    Raises:
        ProgressError: The progress file cannot be read.
    """
    done = progress.read()
    summed = calibration(done.forecasts.values())
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "learner": learner,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "lessons": [_lesson(lesson, done) for lesson in catalogue.lessons()],
        "calibration": {
            "compared": summed.compared,
            "median_factor": summed.median_factor,
            "surprises": [one.key for one in summed.surprises],
        },
    }


def rows(export: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row per exercise, question, item or forecast, for CSV. A column that a row lacks is empty."""
    found = []
    for lesson in export["lessons"]:
        shared = {"learner": export["learner"], "lesson": lesson["lesson"]}
        for exercise in lesson["exercises"]:
            found.append({**shared, "kind": "exercise", **exercise})
        for question in lesson["quiz"]:
            found.append({**shared, "kind": "question", "title": question["question"], **question})
        for entry in lesson["checklist"]:
            status = "ticked" if entry["ticked"] else "not ticked"
            found.append({**shared, "kind": "item", "title": entry["item"], "status": status})
        for forecast in lesson["forecasts"]:
            numbers = {name: forecast[name] for name in ("guess", "measured", "factor")}
            status = "not compared" if forecast["measured"] is None else "compared"
            found.append({**shared, "kind": "forecast", "number": forecast["key"], "status": status, **numbers})
    return found


def learner_name(text: str, *, name: str = "learner", option: str = "--learner") -> str:
    """Check a learner's name: printable, 1 to 100 characters, and nothing that a spreadsheet would compute.

    Args:
        text: The name.
        name: What the error calls it.
        option: How it is given.

    Raises:
        CourseError: It is none.
    """
    found = text.strip()
    if not (LEARNER.fullmatch(found) and found.translate(JOINERS).isprintable() and len(found) <= LONGEST_NAME):
        raise CourseError(
            f"{name} must be 1 to {LONGEST_NAME} printable characters and not begin with = + - or @, "
            f"got {text[: LONGEST_NAME + 1]!r}. Give a name: {option} NAME."
        )
    return found


def default_learner() -> str:
    """Return the login name; on a JupyterHub, where all may be one user of the system, the hub's.

    Raises:
        CourseError: There is none.
    """
    try:
        return learner_name(os.environ.get("JUPYTERHUB_USER") or getpass.getuser())
    except (KeyError, OSError):  # a container's user id without a name
        raise CourseError("learner must have a name, got a user without one. Give it: --learner NAME.") from None


def _lesson(lesson: catalogue.Lesson, done: Progress) -> dict[str, Any]:
    ticked = done.ticks.get(lesson.number, set())
    return {
        "lesson": lesson.number,
        "slug": lesson.slug,
        "title": lesson.title,
        "exercises": [_exercise(number, title, done) for number, title in lesson.exercises.items()],
        "quiz": [_question(lesson.number, name, done) for name in lesson.quiz],
        "checklist": [{"item": item, "ticked": item in ticked} for item in lesson.checklist],
        "forecasts": [exported(forecast) for forecast in of_lesson(done.forecasts.values(), lesson.number)],
    }


def _question(lesson: str, name: str, done: Progress) -> dict[str, Any]:
    answers = done.answers.get((lesson, name), [])
    status = "right" if once_right(lesson, name, done) else "not yet" if answers else "not attempted"
    return {
        "question": name,
        "status": status,
        "attempts": len(answers),
        "answers": [{"at": one.at, "right": one.right, "given": one.given} for one in answers],
    }


def _exercise(number: str, title: str, done: Progress) -> dict[str, Any]:
    attempts = done.attempts.get(number, [])
    first = passed(attempts)
    return {
        "number": number,
        "title": title,
        "status": "passed" if first else "not yet" if attempts else "not attempted",
        "attempts": len(attempts),
        "hints": done.hints.get(number, 0),
        "passed_at": first.at if first else None,
        "tries": [{"at": one.at, "status": one.status, "message": one.message} for one in up_to_pass(attempts)],
    }
