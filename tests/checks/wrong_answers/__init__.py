"""The likely mistakes in the exercises, by lesson: `lesson_NN.py` holds `WRONG`, each exercise's wrong answers.

A mistake in code is an edit of the solution, a mistake in a value is made from the right one:

    WRONG = {
        "3.1": [
            edit("no <s>", "begins with '<s>'", '"<s>" + ', ""),
            changed("a fixed text", "must come", build_prompt=lambda right: lambda messages: "Hello"),
            ...
        ],
    }

Two or more for each exercise; `tests/checks/test_exercises.py` refuses an exercise without them.
`RIGHT`, where a file has it, holds right answers of another form than the solution's, which must pass.
"""

import ast
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.exercise_cells import ExerciseCells


@dataclass(frozen=True)
class Wrong:
    """A mistake that a learner is likely to make.

    Attributes:
        name: What the mistake is, unique in its exercise.
        answer: Takes the variables of the solved notebook and returns what `check` gets after the number: one
            answer, or a tuple of all of them.
        hint: A part of the message that must refuse it.
    """

    name: str
    answer: Callable[[dict[str, Any]], Any]
    hint: str

    def answers(self, exercise: ExerciseCells, solved: dict[str, Any]) -> tuple:
        """Return what `check` gets after the number."""
        answer = self.answer(solved)
        return answer if isinstance(answer, tuple) else (answer,)


@dataclass(frozen=True)
class Changed:
    """A mistake in values: the solved ones, some of them made wrong.

    Attributes:
        name: What the mistake is, unique in its exercise.
        hint: A part of the message that must refuse it.
        changes: By the name of a variable, what makes its wrong value from the right one.
    """

    name: str
    hint: str
    changes: dict[str, Callable[[Any], Any]]

    def answers(self, exercise: ExerciseCells, solved: dict[str, Any]) -> tuple:
        """Return what `check` gets after the number."""
        return tuple(exercise.answers(solved | {name: change(solved[name]) for name, change in self.changes.items()}))


def changed(name: str, hint: str, **changes: Callable[[Any], Any]) -> Changed:
    """Make a mistake in values: `changed("one model only", "Ask both", frame_1_8=lambda frame: frame[:10])`."""
    return Changed(name, hint, changes)


@dataclass(frozen=True)
class Edit:
    """A mistake as an edit of the solution: each `old` must be there, and becomes `new`.

    Only what the edit touches is run again: all definitions of the cell, and assignments that are changed. Everything
    else stays as the solved notebook left it.

    Attributes:
        name: What the mistake is, unique in its exercise.
        hint: A part of the message that must refuse it.
        changes: Pairs of old and new text.
        file: A script beside the solution that is edited in place of the cell.
    """

    name: str
    hint: str
    changes: tuple[tuple[str, str], ...]
    file: str | None = None

    def answers(self, exercise: ExerciseCells, solved: dict[str, Any]) -> tuple:
        """Return what `check` gets after the number; the solution's folder must be the working directory."""
        source = Path(self.file).read_text("utf-8") if self.file else exercise.stub.source
        edited = self.edited(source)
        names = run_file(edited, solved) if self.file else run_changed(source, edited, solved)
        return tuple(exercise.answers(names))

    def edited(self, source: str) -> str:
        """Return the solution with the mistake."""
        for old, new in self.changes:
            assert old in source, f"{self.name}: the solution must hold {old!r}"
            source = source.replace(old, new)
        return source


def edit(name: str, hint: str, *changes: str, file: str | None = None) -> Edit:
    """Make an edit of texts in pairs: old, new, old, new ..."""
    return Edit(name, hint, tuple(zip(changes[::2], changes[1::2], strict=True)), file)


def run_changed(source: str, edited: str, solved: dict[str, Any]) -> dict[str, Any]:
    """Run the definitions of an edited cell, and its changed assignments, on a copy of the solved variables."""
    before = {ast.dump(node) for node in ast.parse(source).body}
    changed = [node for node in ast.parse(edited).body if ast.dump(node) not in before]
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    assert any(isinstance(node, definitions | ast.Assign) for node in changed), "the edit must change what is checked"
    again = [
        node
        for node in ast.parse(edited).body
        if isinstance(node, definitions | ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Assign) and ast.dump(node) not in before)
    ]
    names = dict(solved)
    exec(compile(ast.Module(again, []), "<edit>", "exec"), names)
    return names


def run_file(edited: str, solved: dict[str, Any]) -> dict[str, Any]:
    """Run an edited script as a module, and return the solved variables with those that it defines in their place."""
    module: dict[str, Any] = {"__name__": "edited"}
    exec(compile(edited, "<edit>", "exec"), module)
    return solved | {name: value for name, value in module.items() if name in solved and not name.startswith("__")}


def of_lesson(lesson: int) -> dict[str, list[Wrong | Edit | Changed]]:
    """Return the wrong answers of a lesson by exercise number, from `lesson_NN.py`."""
    return importlib.import_module(f"tests.checks.wrong_answers.lesson_{lesson:02d}").WRONG


def right_of_lesson(lesson: int) -> dict[str, list[Wrong | Edit]]:
    """Return right answers of another form than the solution's, `RIGHT` of the same file; their hints are empty."""
    return getattr(importlib.import_module(f"tests.checks.wrong_answers.lesson_{lesson:02d}"), "RIGHT", {})
