"""What the course page in JupyterLab shows: the lessons with their progress, what comes next, and paths that open.

A path in JupyterLab counts from the server's root folder, and a path of the course from the checkout. Here the one
becomes the other.
"""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from vllm_course import catalogue, drift, paths, progress
from vllm_course.errors import CourseError
from vllm_course.forecasts import calibration
from vllm_course.progress import ProgressError, report

ROW = re.compile(r"^\| *(\d\d) [^|]*\| *([^|]*?) *\| *(\d+) \+ (\d+) *\|", re.MULTILINE)
UNPLANNED = {"goal": None, "minutes": None, "exercise_minutes": None}
NOTEBOOKS = "lessons/[0-9][0-9]-*/*.ipynb"
PARTS = ("notebook", "exercises_notebook", "script")
WRONG_FOLDER = (
    "JupyterLab must run in the course's folder, got {folder}. Start JupyterLab in the course's folder: make lab. "
    "Until then nothing can be opened from here."
)


def lesson_map(server_root: Path) -> dict[str, Any]:
    """Return everything that the course page shows, as JSON-able values.

    Args:
        server_root: JupyterLab's root folder, the one that its file browser begins at.

    Returns:
        `lessons` (what `report.summary` says of each, with goal and minutes; exercises, quiz and checklist
        are None when the progress cannot be read), `next` (what to do next: text, path, heading to scroll to or None),
        `forecasts` (a sentence and the largest surprises, or None before the first comparison), `concepts` (title and
        path of each page) and `problems`, messages to show. A path is None when JupyterLab
        cannot open it.
    """
    base = base_folder(server_root)
    problems = []
    if base is None:
        problems.append(WRONG_FOLDER.format(folder=server_root))
    elif misfit := drift.message(server_root / base):
        problems.append(misfit)
    rows, plans = _rows(problems), _plans()

    def served(path: str) -> str | None:
        """Return a path of the course as JupyterLab names it."""
        there = base is not None and (server_root / base / path).is_file()
        return str(PurePosixPath(base, path)) if there else None

    return {
        "lessons": [
            row | plans.get(row["lesson"], UNPLANNED) | {part: served(row[part]) for part in PARTS} for row in rows
        ],
        "next": _next(rows, served),
        "forecasts": _forecasts(),
        "concepts": [{"title": title, "path": served(path)} for path, title in _concepts()],
        "problems": problems,
    }


def base_folder(server_root: Path) -> str | None:
    """Return where the course lies below JupyterLab's root folder, "." for right there, None for not there.

    The checkout itself comes first. Otherwise the root folder may be a copy of the course, or hold one, as a learner's
    home folder on a Hub does.
    """
    root, course = server_root.resolve(), paths.root()
    if course.is_relative_to(root):
        return course.relative_to(root).as_posix()
    notebooks = [*root.glob(NOTEBOOKS), *sorted(root.glob(f"*/{NOTEBOOKS}"))]
    return next((notebook.parents[2].relative_to(root).as_posix() for notebook in notebooks), None)


def _rows(problems: list[str]) -> list[dict[str, Any]]:
    """Return a row for each lesson: without progress where that cannot be read, none where the lessons cannot be."""
    try:
        try:
            return report.summary()
        except ProgressError as error:
            problems.append(str(error))
            return _without_progress()
    except CourseError as error:
        problems.append(str(error))
        return []


def _without_progress() -> list[dict[str, Any]]:
    """Return the lessons as `report.summary` does, but nothing about what was done."""
    fields = ("slug", "title", "notebook", "script", "exercises_notebook")
    return [
        {"lesson": lesson.number, "exercises": None, "quiz": None, "checklist": None}
        | {field: getattr(lesson, field) for field in fields}
        for lesson in catalogue.lessons()
    ]


def _plans() -> dict[str, dict[str, Any]]:
    """Return each lesson's goal and minutes by its number, from the rows of the lesson map."""
    text = (paths.root() / report.MAP).read_text(encoding="utf-8")
    return {
        row: {"goal": goal, "minutes": int(lesson), "exercise_minutes": int(exercises)}
        for row, goal, lesson, exercises in ROW.findall(text)
    }


def _next(rows: list[dict], served: Callable[[str], str | None]) -> dict[str, str | None]:
    """Return what to do next; without the progress that is the lesson map."""
    known = rows and all(row["exercises"] for row in rows)
    step = report.next_step(rows) if known else report.Step("Open the lesson map", report.MAP)
    return {"text": step.text, "path": served(step.path), "heading": step.heading}


def _forecasts() -> dict[str, Any] | None:
    """Return the learner's calibration; `_rows` has told why the progress cannot be read."""
    try:
        summed = calibration(progress.read().forecasts.values())
    except ProgressError:
        return None
    surprises = [f"{one.key}: {one}" for one in summed.surprises]
    return {"summary": str(summed), "surprises": surprises} if summed.compared else None


def _concepts() -> list[tuple[str, str]]:
    """Return path and title of the reference pages, by title."""
    files = sorted((paths.root() / "concepts").glob("*.md"))
    first_lines = [file.read_text(encoding="utf-8").partition("\n")[0] for file in files]
    return [(f"concepts/{file.name}", line.lstrip("# ")) for file, line in zip(files, first_lines, strict=True)]
