"""Many learners' exports as one table: learner by lesson."""

import os
from pathlib import Path
from typing import Any

from vllm_course import catalogue
from vllm_course.errors import CourseError
from vllm_course.forecasts import calibration, of_lesson, shown
from vllm_course.output import table
from vllm_course.progress import importing
from vllm_course.progress.exporting import SCHEMA
from vllm_course.progress.importing import Export

FORMAT = "vllm-course progress of a group"
LEGEND = "Each lesson: exercises passed, checklist items ticked, median factor of the forecasts (1 is exact)."


def read_folder(folder: Path) -> tuple[list[Export], list[str]]:
    """Read the exports of a folder, its files `*.json`.

    Returns:
        The exports in the order of the files' names, and a message for each file that is none.

    Raises:
        CourseError: The folder is missing or holds no such file.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        found = "no such file in it" if os.path.isdir(folder) else "no such folder"
        remedy = "Each learner makes one: vllm-course progress --json --output NAME.json"
        raise CourseError(f"--merge must be a folder with exports (*.json), got {found}: {folder}. {remedy}")
    exports, problems = [], []
    for file in files:
        try:
            exports.append(importing.read(file))
        except CourseError as error:
            problems.append(str(error))
    return exports, problems + _unknown_lessons(exports)


def merge(exports: list[Export]) -> list[dict[str, Any]]:
    """Count for every learner what is done of each lesson of this copy of the course.

    Args:
        exports: Several of one learner are united: what is done in one of them is done.

    Returns:
        One dict a learner and lesson, sorted: `learner`, `lesson`, `exercises` (`passed`, `total`), `checklist`
        (`ticked`, `total`), `forecasts` (`compared`, `median_factor`, None without any).
    """
    lessons = catalogue.lessons()
    return [
        _row(learner, lesson, [export for export in exports if export.learner == learner])
        for learner in sorted({export.learner for export in exports})
        for lesson in lessons
    ]


def nested(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return merged rows as a JSON document: learners, and the lessons of each."""
    learners: dict[str, list] = {}
    for row in rows:
        counts = {key: value for key, value in row.items() if key != "learner"}
        learners.setdefault(row["learner"], []).append(counts)
    listed = [{"learner": learner, "lessons": lessons} for learner, lessons in learners.items()]
    return {"format": FORMAT, "schema": SCHEMA, "learners": listed}


def flat(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return merged rows without nesting, for CSV."""
    return [
        {
            "learner": row["learner"],
            "lesson": row["lesson"],
            "exercises_passed": row["exercises"]["passed"],
            "exercises_total": row["exercises"]["total"],
            "items_ticked": row["checklist"]["ticked"],
            "items_total": row["checklist"]["total"],
            "forecasts_compared": row["forecasts"]["compared"],
            "median_factor": row["forecasts"]["median_factor"],
        }
        for row in rows
    ]


def as_table(rows: list[dict[str, Any]]) -> str:
    """Lay merged rows out for a terminal: one line a learner, one column a lesson."""
    learners: dict[str, list[str]] = {}
    for row in rows:
        counts = f"{row['exercises']['passed']}/{row['exercises']['total']}"
        counts += f" {row['checklist']['ticked']}/{row['checklist']['total']}"
        counts += f" {shown(factor)}x" if (factor := row["forecasts"]["median_factor"]) else ""
        learners.setdefault(row["learner"], []).append(counts)
    header = ["learner", *dict.fromkeys(row["lesson"] for row in rows)]
    return f"{table(header, [[name, *counts] for name, counts in learners.items()])}\n\n{LEGEND}"


def united(exports: list[Export]) -> list[str]:
    """Name the learners of several exports: it may be two people of one name."""
    names = [export.learner for export in exports]
    several = sorted({name for name in names if names.count(name) > 1})
    return [f"{names.count(name)} exports of {name} were united. Two people? Use --learner." for name in several]


def _row(learner: str, lesson: catalogue.Lesson, exports: list[Export]) -> dict[str, Any]:
    passed = {number for export in exports for number in export.passed}.intersection(lesson.exercises)
    items = {item for export in exports for number, item in export.ticked if number == lesson.number}
    # Of one key the comparison that came first counts, as in one file: it is the last in the dict.
    by_time = sorted((one for each in exports for one in each.forecasts), key=lambda one: one.compared_at, reverse=True)
    summed = calibration(of_lesson({one.key: one for one in by_time}.values(), lesson.number))
    return {
        "learner": learner,
        "lesson": lesson.number,
        "exercises": {"passed": len(passed), "total": len(lesson.exercises)},
        "checklist": {"ticked": len(items.intersection(lesson.checklist)), "total": len(lesson.checklist)},
        "forecasts": {"compared": summed.compared, "median_factor": summed.median_factor},
    }


def _unknown_lessons(exports: list[Export]) -> list[str]:
    known = {lesson.number for lesson in catalogue.lessons()}
    return [
        f"{export.learner}'s export must hold lessons of this copy of the course, got {unknown}. Update it."
        for export in exports
        if (unknown := sorted(export.lessons - known))
    ]
