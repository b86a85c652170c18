"""What a learner has done of the course: the catalogue and the progress file held together."""

from dataclasses import dataclass
from typing import Any

from vllm_course import catalogue, progress
from vllm_course.forecasts import Calibration
from vllm_course.output import table
from vllm_course.progress import Attempt, Progress

MAP = "lessons/README.md"


def summary() -> list[dict[str, Any]]:
    """Count what is done of every lesson.

    Returns:
        One dict a lesson, in order: `lesson`, `slug`, `title`, `notebook`, `script`, `exercises_notebook`,
        `exercises` (`passed`, `total`, and `open`: the numbers not passed, in order), `quiz` (`right`, `total`) and
        `checklist` (`ticked`, `total`). What the file holds about exercises, questions and items that the course has
        no more is not counted.

    Raises:
        ProgressError: The progress file cannot be read.
        CourseError: A notebook is damaged.
    """
    done = progress.read()
    return [_row(lesson, done) for lesson in catalogue.lessons()]


def passed(attempts: list[Attempt]) -> Attempt | None:
    """Return the first attempt that passed. A later one that does not takes nothing away."""
    return next((attempt for attempt in attempts if attempt.status == "passed"), None)


def up_to_pass(attempts: list[Attempt]) -> list[Attempt]:
    """Return the attempts that it took: all, or those up to the first that passed."""
    first = passed(attempts)
    return attempts[: attempts.index(first) + 1] if first else attempts


def once_right(lesson: str, question: str, done: Progress) -> bool:
    """Whether a question of a quiz was answered right. A later answer that is wrong takes nothing away."""
    return any(answer.right for answer in done.answers.get((lesson, question), []))


@dataclass(frozen=True)
class Step:
    """What to do next.

    Attributes:
        text: For example "Next: exercise 1.4, Why did it end?".
        path: The file to open, relative to the checkout.
        heading: Where in it, None for its beginning.
    """

    text: str
    path: str
    heading: str | None = None


def next_step(rows: list[dict[str, Any]]) -> Step:
    """Find what to do next: a lesson not begun, its first open exercise, its quiz, its checklist, or the next lesson.

    Args:
        rows: From `summary`.

    Example:
        >>> next_step([]).text
        'All lessons are done. Open the lesson map'
    """
    for row in rows:
        lesson, exercises, quiz, checklist = row["lesson"], row["exercises"], row["quiz"], row["checklist"]
        if exercises["open"] and not exercises["passed"] and not checklist["ticked"] and not quiz["right"]:
            return Step(f"Next: lesson {lesson}, {row['title']}", row["notebook"])
        if exercises["open"]:
            number = exercises["open"][0]
            title = next(each.exercises[number] for each in catalogue.lessons() if number in each.exercises)
            return Step(f"Next: exercise {number}, {title}", row["exercises_notebook"], f"Exercise {number}: {title}")
        for part, done, title in ((quiz, "right", "Quiz"), (checklist, "ticked", "Checklist")):
            if part[done] < part["total"]:
                return Step(f"Next: the {title.lower()} of lesson {lesson}", row["notebook"], title)
    return Step("All lessons are done. Open the lesson map", MAP)


def as_table(rows: list[dict[str, Any]], calibration: Calibration) -> str:
    """Lay a summary out for a terminal: the lessons, the forecasts if any were compared, and what to do next."""
    lines = [
        [
            row["lesson"],
            row["title"],
            f"{row['exercises']['passed']} of {row['exercises']['total']}",
            f"{row['quiz']['right']} of {row['quiz']['total']}",
            f"{row['checklist']['ticked']} of {row['checklist']['total']}",
        ]
        for row in rows
    ]
    header = ["lesson", "title", "exercises passed", "quiz right", "checklist ticked"]
    step = next_step(rows)
    return "\n\n".join([table(header, lines), *_forecasts(calibration), f"{step.text} ({step.path})"])


def _forecasts(calibration: Calibration) -> list[str]:
    surprises = [f"  {one.key}  {one}" for one in calibration.surprises]
    lines = [f"Forecasts: {calibration}", *(["Largest surprises:", *surprises] if surprises else [])]
    return ["\n".join(lines)] if calibration.compared else []


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
        "quiz": {
            "right": sum(once_right(lesson.number, name, done) for name in lesson.quiz),
            "total": len(lesson.quiz),
        },
        "checklist": {"ticked": len(ticked), "total": len(lesson.checklist)},
    }
