"""A folder of exports as a list of learners: all that one of them sent is put together."""

import os
from dataclasses import dataclass
from pathlib import Path

from vllm_course import catalogue
from vllm_course.errors import CourseError
from vllm_course.forecasts import Forecast
from vllm_course.progress import Attempt, importing
from vllm_course.progress.importing import Export, First
from vllm_course.progress.report import up_to_pass


@dataclass(frozen=True)
class Learner:
    """What all exports of one learner say together: what is done in one of them is done.

    Attributes:
        name: The learner's name, or a pseudonym.
        passed: Exercises that were passed.
        tried: Exercises that were tried, those that were passed among them.
        ticked: Lesson and text of each ticked item.
        forecasts: Those that were compared; of one key the comparison that came first counts, as in one file.
        tries: Tries by exercise, oldest first, up to the first that passed.
        answers: The first answer to each question of a quiz, by lesson and name.
        complete: Whether every export holds the tries, which those of an older course do not.
    """

    name: str
    passed: frozenset[str]
    tried: frozenset[str]
    ticked: frozenset[tuple[str, str]]
    forecasts: tuple[Forecast, ...]
    tries: dict[str, list[Attempt]]
    answers: dict[tuple[str, str], First]
    complete: bool


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


def merge(exports: list[Export]) -> list[Learner]:
    """Unite the exports of each learner, and sort the learners by name."""
    names = sorted({export.learner for export in exports})
    return [_learner(name, [export for export in exports if export.learner == name]) for name in names]


def united(exports: list[Export]) -> list[str]:
    """Name the learners of several exports: it may be two people of one name."""
    names = [export.learner for export in exports]
    several = sorted({name for name in names if names.count(name) > 1})
    return [f"{names.count(name)} exports of {name} were united. Two people? Use --learner." for name in several]


def _learner(name: str, exports: list[Export]) -> Learner:
    by_time = sorted((one for each in exports for one in each.forecasts), key=lambda one: one.compared_at, reverse=True)
    first = frozenset().union(*(export.answers for export in exports))
    return Learner(
        name=name,
        passed=frozenset().union(*(export.passed for export in exports)),
        tried=frozenset().union(*(export.tried for export in exports)),
        ticked=frozenset().union(*(export.ticked for export in exports)),
        forecasts=tuple({one.key: one for one in by_time}.values()),
        tries=_tries(exports),
        answers={one[:2]: one for one in sorted(first, key=lambda one: one.at, reverse=True)},
        complete=all(export.tries is not None for export in exports),
    )


def _tries(exports: list[Export]) -> dict[str, list[Attempt]]:
    """Put tries together: one that is in several exports, such as last week's and today's, is one try."""
    together = frozenset().union(*(export.tries or () for export in exports))
    found: dict[str, list[Attempt]] = {}
    for one in sorted(together, key=lambda one: (one.at, one.status == "passed", one.message)):
        found.setdefault(one.number, []).append(one)
    return {number: up_to_pass(tries) for number, tries in found.items()}


def _unknown_lessons(exports: list[Export]) -> list[str]:
    known = {lesson.number for lesson in catalogue.lessons()}
    return [
        f"{export.learner}'s export must hold lessons of this copy of the course, got {unknown}. Update it."
        for export in exports
        if (unknown := sorted(export.lessons - known))
    ]
