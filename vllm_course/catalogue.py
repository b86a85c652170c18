"""What the course consists of, read from lessons/ and exercises/: nothing is listed a second time."""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vllm_course import paths
from vllm_course.as_written import read_settings
from vllm_course.errors import CourseError, get_again

TITLE = re.compile(r"^# Lesson \d\d: (.+)$", re.MULTILINE)
NUMBER = re.compile("[0-9]{2}")
SECTION = re.compile(r"^## (\d+)\. ", re.MULTILINE)
PREDICT = "**Predict"
LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
EXERCISE = re.compile(r"^## Exercise (\d+\.\d+): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Lesson:
    """One lesson. Paths are relative to the checkout, with slashes.

    Attributes:
        number: For example `"01"`.
        slug: Its key in lessons/, exercises/ and solutions/, for example `"01-basic-inference"`.
        title: As the notebook's heading is read.
        notebook: The story.
        script: The same as a tool.
        exercises_notebook: The exercises.
        exercises: Title by number (`"1.1"`), in order.
        checklist: Items of the self-assessment, in order.
        quiz: Names of its questions, in order.
    """

    number: str
    slug: str
    title: str
    notebook: str
    script: str
    exercises_notebook: str
    exercises: dict[str, str]
    checklist: tuple[str, ...]
    quiz: tuple[str, ...]


def lessons() -> list[Lesson]:
    """Return the lessons that are there, in order.

    Raises:
        CourseError: A notebook is not what Jupyter writes, or a quiz is damaged.
    """
    folders = sorted((paths.root() / "lessons").glob("[0-9][0-9]-*"))
    return [_lesson(folder.name) for folder in folders if (paths.root() / _notebook(folder.name)).is_file()]


def folder_of(lesson: Any) -> Path:
    """Return the folder of a lesson in lessons/.

    Args:
        lesson: Its number with two digits, for example `"05"`.

    Raises:
        CourseError: It is none.
    """
    if not isinstance(lesson, str) or not NUMBER.fullmatch(lesson):
        raise CourseError(f'lesson must be a number of two digits, got {lesson!r}. Give it as a text: "01".')
    try:
        return paths.lesson(int(lesson))
    except FileNotFoundError as error:
        raise CourseError(str(error)) from None


def forecast(lesson: Lesson, key: str) -> tuple[str, int] | None:
    """Return what a lesson asks before a forecast, without its markup, and the number of the section that asks.

    Args:
        lesson: The lesson.
        key: Of the forecast, for example `"5.2"`. None is returned where the lesson has no such forecast.
    """
    section, asked = 1, ""
    for kind, source in _sources(lesson.notebook):
        if kind == "markdown":
            section = int((SECTION.findall(source) or [section])[-1])
            asked = next((part for part in reversed(source.split("\n\n")) if PREDICT in part), asked)
        elif asked and any(_literals(call)[:1] == [key] for call in _calls(source, "predict")):
            return LINK.sub(r"\1", asked).replace("**", "").strip(), section
    return None


def _lesson(slug: str) -> Lesson:
    notebook, exercises = _notebook(slug), f"exercises/{slug}/exercises.ipynb"
    texts, code = _cells(notebook, "markdown"), _cells(notebook, "code")
    title = TITLE.search("\n".join(texts))
    return Lesson(
        number=slug[:2],
        slug=slug,
        title=_shown(title.group(1)) if title else slug,
        notebook=notebook,
        script=script_of(paths.root() / "lessons" / slug).relative_to(paths.root()).as_posix(),
        exercises_notebook=exercises,
        exercises={number: _shown(name) for number, name in EXERCISE.findall("\n".join(_cells(exercises, "markdown")))},
        checklist=_checklist(code, slug[:2]),
        quiz=_questions(paths.root() / "lessons" / slug / "quiz.yaml"),
    )


def _questions(file: Path) -> tuple[str, ...]:
    """Return the names of a quiz's questions; `reviewing/quizzes.py` reads the rest."""
    return tuple(map(str, read_settings(file, name="quiz.yaml"))) if file.is_file() else ()


def script_of(folder: Path) -> Path:
    """Return the script of a lesson's folder: the one that is named after the lesson, or else its first Python file.

    The Makefile has the same rule.
    """
    named = folder / f"{folder.name[3:].replace('-', '_')}.py"
    return named if named.is_file() else min(folder.glob("*.py"), default=named)


def _shown(heading: str) -> str:
    """Return a heading as it is read: code in it without its backticks."""
    return heading.strip().replace("`", "")


def _notebook(slug: str) -> str:
    return f"lessons/{slug}/{slug[3:].replace('-', '_')}.ipynb"


def _cells(notebook: str, kind: str) -> list[str]:
    """Return the sources of a notebook's cells of one kind."""
    return [source for its_kind, source in _sources(notebook) if its_kind == kind]


def _sources(notebook: str) -> list[tuple[str, str]]:
    """Return kind and source of each cell of a notebook; none where it is missing."""
    file = paths.root() / notebook
    if not file.is_file():
        return []
    try:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise CourseError(
            f"{notebook} must be a notebook, got a damaged file ({reason}). Move it away. {get_again(notebook)}"
        ) from error


def _checklist(code: list[str], lesson: str) -> tuple[str, ...]:
    """Return the items of the first call `checklist("01", [...])` that holds texts; a learner may try others."""
    calls = (call for source in code for call in _calls(source, "checklist"))
    for arguments in map(_literals, calls):
        match arguments:
            case [number, [*items]] if number == lesson and all(isinstance(item, str) for item in items):
                return tuple(items)
    return ()


def _literals(call: ast.Call) -> list:
    """Return the arguments that are written out, `...` among them; none when one is computed."""
    try:
        return [ast.literal_eval(argument) for argument in call.args]
    except ValueError:
        return []


def _calls(source: str, name: str) -> list[ast.Call]:
    """Return the calls of a function in a cell; none in a cell that is no Python, which a learner's own may be."""
    try:
        nodes = ast.walk(ast.parse(source)) if name in source else ()
    except SyntaxError:
        return []
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name]
