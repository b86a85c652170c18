"""Every exercise, in the real engine: its stub is open, its solution passes, likely mistakes get the hint that fits."""

import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.checks import wrong_answers
from tests.checks.remembering import noted, remember
from tests.rules import exercise_rules
from tests.rules.notebooks import label, lessons, read
from tools import derive_exercises, exercise_cells, warm
from tools.solving import Solved, solve
from vllm_course import check, paths

SOLUTIONS = sorted((paths.root() / "solutions").glob("*/exercises.ipynb"))
NUMBERS = [
    pytest.param(path, e.number, id=e.number)
    for path in SOLUTIONS
    if not exercise_rules.structure(read(path))
    for e in exercise_cells.exercises(read(path))
]

pytestmark = pytest.mark.usefixtures("one_engine")


# Exercises whose answers measure the engine, so that it must work each time.
LIVE = {"3.8"}


@pytest.fixture
def namespace(path, number, monkeypatch) -> dict[str, Any]:
    """The variables of a notebook that was solved once, in whose folder the test runs."""
    from vllm import LLM

    found = solved(path).namespace
    monkeypatch.chdir(path.parent)
    if number not in LIVE:
        given = [*found.values(), *cells_of(path, number).answers(found)]  # a grade cell may load its engine itself
        remember([value for value in given if isinstance(value, LLM)], monkeypatch)
    return found


def solved(path: Path) -> Solved:
    """Return a notebook that was solved once, by engines that note what they give."""
    from vllm import LLM

    with noted(LLM), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", warm.python())  # what a solution starts, such as a server, starts in seconds
        return solve(path)


def cells_of(path: Path, number: str) -> exercise_cells.ExerciseCells:
    return next(e for e in exercise_cells.exercises(read(path)) if e.number == number)


def test_every_lesson_has_exercises():
    assert [path.parent.name for path in SOLUTIONS] == [folder.name for folder in lessons()] != []


@pytest.mark.parametrize("rule", exercise_rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", SOLUTIONS, ids=label)
def test_exercise_notebook(path, rule):
    assert rule(read(path)) == []


def test_exercises_are_derived_from_the_solutions():
    assert derive_exercises.differences(paths.root()) == []


@pytest.mark.parametrize(("path", "number"), NUMBERS)
def test_hints(path, number):
    assert exercise_rules.hints(number) == []


@pytest.mark.parametrize(("path", "number"), NUMBERS)
def test_stub_is_not_attempted(path, number):
    derived = nbformat.reads(derive_exercises.derive(path), as_version=4)
    stub = next(e for e in exercise_cells.exercises(derived) if e.number == number)
    assert exercise_rules.not_attempted(stub) == []


@pytest.mark.parametrize("path", SOLUTIONS, ids=label)
def test_solution_runs(path):
    assert solved(path).failures == []


@pytest.mark.parametrize(("path", "number"), NUMBERS)
def test_solution_passes(path, number, namespace):
    assert repr(check(number, *cells_of(path, number).answers(namespace))) == f"✔ {number} passed"


@pytest.mark.parametrize(("path", "number"), NUMBERS)
def test_wrong_answers_are_refused(path, number, namespace):
    wrong = wrong_answers.of_lesson(int(path.parent.name[:2])).get(number, [])
    assert exercise_rules.refused(cells_of(path, number), wrong, namespace) == []


@pytest.mark.parametrize(("path", "number"), NUMBERS)
def test_other_right_answers_pass(path, number, namespace):
    right = wrong_answers.right_of_lesson(int(path.parent.name[:2])).get(number, [])
    cells = cells_of(path, number)
    results = {answer.name: check(number, *answer.answers(cells, namespace)) for answer in right}
    assert {name: result.message for name, result in results.items() if not result.passed} == {}


@pytest.mark.parametrize("path", SOLUTIONS, ids=label)
def test_wrong_answers_belong_to_exercises(path):
    numbers, lesson = {e.number for e in exercise_cells.exercises(read(path))}, int(path.parent.name[:2])
    assert {*wrong_answers.of_lesson(lesson), *wrong_answers.right_of_lesson(lesson)} <= numbers
