"""The steps that nbgrader takes, in a folder of their own: the course's folders stay as they are."""

import os
import re
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

from nbgrader import preprocessors
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from tools.derive_exercises import CONFIG
from tools.grading.execute import Judge, OnlyTheCourses

warnings.filterwarnings("ignore", category=SAWarning)  # of nbgrader's own database code
FAILURE = re.compile(r"[\w.]+(Error|Exception): ")  # the last line of a traceback


def prepare(graded: Path, solution: Path, submitted: Path, names: list[str]) -> None:
    """Copy what is graded, so that what was collected stays as it is.

    Args:
        graded: The folder for all that is made.
        solution: The solution notebook, in a folder with the lesson's key: `01-basic-inference/exercises.ipynb`.
        submitted: The folder of what was collected.
        names: Whose submissions are graded.
    """
    assignment = solution.parent.name
    source = graded / "solutions" / assignment
    source.mkdir(parents=True, exist_ok=True)
    shutil.copy(solution, source)
    shutil.copy(CONFIG, graded)
    for name in names:
        place = graded / "submitted" / name / assignment
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(submitted / name / assignment, place, symlinks=True)


def nbgrader(graded: Path, seconds: int) -> NbGraderAPI:
    """Return nbgrader, with the course's configuration and our judge."""
    programs = str(Path(sys.executable).parent)  # a new gradebook is made by the program `alembic`, found by its name
    if programs not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ["PATH"]])
    config = PyFileConfigLoader(str(CONFIG)).load_config()
    config.merge(Config({"CourseDirectory": {"root": str(graded)}, "Judge": {"timeout": seconds}}))
    config.CourseDirectory.ignore = CourseDirectory.ignore.default()  # a learner's script is a part of the answer
    config.Autograde.sanitize_preprocessors = [OnlyTheCourses, *Autograde.sanitize_preprocessors.default()]
    steps = Autograde.autograde_preprocessors.default()
    config.Autograde.autograde_preprocessors = [Judge if step is preprocessors.Execute else step for step in steps]
    config.OverwriteCells.add_missing_cells = True
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    api.log.propagate = False
    return api


def release(api: NbGraderAPI, assignment: str) -> str:
    """Enter the lesson into the gradebook; return "" or why that was not possible."""
    return _trouble(api.generate_assignment(assignment, force=True, create=True))


def grade(api: NbGraderAPI, assignment: str, name: str) -> str:
    """Grade one submission and write its feedback; return "" or why that was not possible."""
    trouble = _trouble(api.autograde(assignment, name, force=True))
    return trouble or _trouble(api.generate_feedback(assignment, name, force=True))


def _trouble(done: dict[str, Any]) -> str:
    """Return what went wrong in a step. nbgrader takes Ctrl-C for an error, too."""
    lines = [line for line in done.get("error", "").splitlines() if line.strip()]
    if lines and lines[-1].startswith("KeyboardInterrupt"):
        raise KeyboardInterrupt
    if done["success"]:
        return ""
    logged = [line for line in done.get("log", "").splitlines() if FAILURE.match(line.strip())]
    return (logged or lines or ["nbgrader does not say why"])[-1].strip()
