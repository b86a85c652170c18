"""What a learner has done of the course: the catalogue and the progress file held together."""

from typing import Any

from vllm_course import catalogue, progress
from vllm_course.progress import Attempt, Progress
from vllm_course.progress_output import table


def summary() -> list[dict[str, Any]]:
    """Count what is done of every lesson.

    Returns:
        One dict a lesson, in order: `lesson`, `slug`, `title`, `notebook`, `script`, `exercises_notebook`,
        `exercises` (`passed`, `total`, and `open`: the numbers not passed, in order) and `checklist` (`ticked`,
        `total`). What the file holds about exercises and items that the course has no more is not counted.

    Raises:
        ProgressError: The progress file cannot be read.
        CourseError: A notebook is damaged.
    """
    done = progress.read()
    return [_row(lesson, done) for lesson in catalogue.lessons()]


def passed(attempts: list[Attempt]) -> Attempt | None:
    """Return the first attempt that passed. A later one that does not takes nothing away."""
    return next((attempt for attempt in attempts if attempt.status == "passed"), None)


def next_step(rows: list[dict[str, Any]]) -> str:
    """Say what to do next, in one line.

    Args:
        rows: From `summary`.

    Example:
        >>> next_step([])
        'Next: nothing, all is done.'
    """
    for row in rows:
        if row["exercises"]["open"]:
            return f"Next: exercise {row['exercises']['open'][0]} in {row['exercises_notebook']}"
        if row["checklist"]["ticked"] < row["checklist"]["total"]:
            return f"Next: the checklist at the end of {row['notebook']}"
    return "Next: nothing, all is done."


def as_table(rows: list[dict[str, Any]]) -> str:
    """Lay a summary out for a terminal, with what to do next at the end."""
    lines = [
        [
            row["lesson"],
            row["title"],
            f"{row['exercises']['passed']} of {row['exercises']['total']}",
            f"{row['checklist']['ticked']} of {row['checklist']['total']}",
        ]
        for row in rows
    ]
    header = ["lesson", "title", "exercises passed", "checklist ticked"]
    return f"{table(header, lines)}\n\n{next_step(rows)}"


def _row(lesson: catalogue.Lesson, done: Progress) -> dict[str, Any]:
    still_open = [number for number in lesson.exercises if not passed(done.attempts.get(number, []))]
    total = len(lesson.exercises)
    ticked = done.ticks.get(lesson.number, set()).intersection(lesson.checklist)
    return {
        "lesson": lesson.number,
        "slug": lesson.slug,
        "title": lesson.title,
        "notebook": lesson.notebook,
        "script": lesson.script,
        "exercises_notebook": lesson.exercises_notebook,
        "exercises": {"passed": total - len(still_open), "total": total, "open": still_open},
        "checklist": {"ticked": len(ticked), "total": len(lesson.checklist)},
    }
