"""The mutants and wrong answers of a lesson's exercises, tried one after the other."""

import ast
import contextlib
import functools
import io
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from tests.checks import wrong_answers
from tools.exercise_cells import ExerciseCells, check_calls, exercises
from tools.mutants.breaking import mutants
from tools.mutants.judging import Verdict, judge, settle
from tools.solving import solve
from vllm_course import CourseError, paths

Answers = Callable[[dict[str, Any]], Iterable[Any]]


@dataclass(frozen=True)
class Trial:
    """One attempt: exercise, "solution", "mutant" or "wrong answer", its name, and what the check said."""

    exercise: str
    kind: str
    name: str
    verdict: Verdict


def solutions() -> list[Path]:
    """Return the notebooks with the solutions, in order."""
    return sorted((paths.root() / "solutions").glob("[0-9][0-9]-*/exercises.ipynb"))


def number_of(path: Path) -> list[str]:
    """Return the numbers of a notebook's exercises."""
    return [exercise.number for exercise in exercises(nbformat.read(path, as_version=4))]


def try_lesson(path: Path, scratch: Path, chosen: set[str], *, limit: float) -> Iterator[Trial]:
    """Solve a copy of a notebook and try its exercises.

    Args:
        path: The solution notebook.
        scratch: An empty folder for the copy.
        chosen: Numbers of the exercises.
        limit: Seconds for one attempt.

    Yields:
        The solution itself, the wrong answers of the tests, and the mutants, exercise by exercise.
    """
    copy = _copied(path, scratch)
    solve.cache_clear()
    for exercise in exercises(nbformat.read(copy, as_version=4)):
        if exercise.number in chosen:
            yield from _tried(copy, exercise, limit)


def _tried(copy: Path, exercise: ExerciseCells, limit: float) -> Iterator[Trial]:
    counts: Counter[str] = Counter()
    with contextlib.chdir(copy.parent):
        for kind, name, answers in _attempts(copy, exercise):
            solved = _solved(copy)
            running = settle(solved)
            verdict = judge(exercise.number, functools.partial(answers, solved), limit=limit)
            if settle(solved) != running:
                solve.cache_clear()  # the attempt freed an engine: the next one finds the notebook solved anew
            counts[f"{kind} {verdict.status}"] += 1
            yield Trial(exercise.number, kind, name, verdict)
    print(
        f"{exercise.number}: " + ", ".join(f"{n} x {what}" for what, n in counts.items()), file=sys.stderr, flush=True
    )


def _solved(copy: Path) -> dict[str, Any]:
    """Return the variables of the solved notebook, which prints nothing here."""
    with contextlib.redirect_stdout(io.StringIO()):
        solved = solve(copy)
    if solved.failures:
        raise CourseError(f"{copy.parent.name}: {solved.failures[0]}. Mend the solution first.")
    return solved.namespace


def _attempts(copy: Path, exercise: ExerciseCells) -> Iterator[tuple[str, str, Answers]]:
    """Yield kind, name, and a function from the solved variables to what the check gets."""
    yield "solution", "the solution", exercise.answers
    for wrong in wrong_answers.of_lesson(int(exercise.number.split(".")[0])).get(exercise.number, []):
        yield "wrong answer", wrong.name, functools.partial(wrong.answers, exercise)
    cell, asked = exercise.stub.source, check_calls(exercise.grade)[-1].args[1:]
    given = {node.id for argument in asked for node in ast.walk(argument) if isinstance(node, ast.Name)}
    for name, source in mutants(cell, given):
        yield "mutant", name, functools.partial(_in_cell, exercise, source)
    for script, names in _beside(copy.parent, cell).items():
        for name, source in mutants(script.read_text("utf-8"), names):
            yield "mutant", f"{script.name}, {name}", functools.partial(_in_script, exercise, source, names)


def _in_cell(exercise: ExerciseCells, source: str, solved: dict[str, Any]) -> list[Any]:
    """Run changed code on a copy of the solved variables and return what the check gets."""
    names = dict(solved)
    exec(compile(source, "<mutant>", "exec"), names)
    return exercise.answers(names)


def _in_script(exercise: ExerciseCells, source: str, names: set[str], solved: dict[str, Any]) -> list[Any]:
    """Run a changed script as a module of its own and return what the check gets with its names."""
    module: dict[str, Any] = {"__name__": "mutant"}
    exec(compile(source, "<mutant>", "exec"), module)
    return exercise.answers(solved | {name: module[name] for name in names})


def _beside(folder: Path, cell: str) -> dict[Path, set[str]]:
    """Return the scripts in a solution's folder and the names that its cell imports from them."""
    nodes = [node for node in ast.parse(cell).body if isinstance(node, ast.ImportFrom)]
    found = {folder / f"{node.module}.py": {alias.name for alias in node.names} for node in nodes}
    return {script: names for script, names in found.items() if script.is_file()}


def _copied(path: Path, scratch: Path) -> Path:
    """Copy a solution's folder into a checkout of links, so that broken code writes into the copy."""
    for entry in paths.root().iterdir():
        if entry.name not in ("solutions", ".git"):
            (scratch / entry.name).symlink_to(entry)
    folder = scratch / "solutions" / path.parent.name
    shutil.copytree(path.parent, folder)
    return folder / path.name
