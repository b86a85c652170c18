"""A wrong answer as an edit: the solution with one mistake, of which only what is touched runs again."""

import asyncio

import pytest
from nbformat.v4 import new_code_cell

from tests.checks.wrong_answers import changed, edit
from tools.exercise_cells import ExerciseCells

SOLUTION = """
add = ...
### BEGIN SOLUTION
NUMBER = 1
seen.append("ran")


def one():
    return NUMBER


def add(n):
    return n + one()
### END SOLUTION
"""
EXERCISE = ExerciseCells("98.1", "", new_code_cell(SOLUTION), new_code_cell('check("98.1", add, seen)'))


@pytest.fixture
def solved():
    namespace = {"seen": []}
    exec(SOLUTION, namespace)
    return namespace


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        (("n + one()", "n - one()"), 4),
        (("return NUMBER", "return 3"), 8),
        (("NUMBER = 1", "NUMBER = 2"), 7),
        (("n + one()", "n * one()", "return NUMBER", "return 4"), 20),
    ],
)
def test_the_mistake_is_in_and_nothing_else_runs(solved, changes, result):
    add, seen = edit("a mistake", "a hint", *changes).answers(EXERCISE, solved)
    assert (add(5), seen, solved["add"](5)) == (result, ["ran"], 6)


def test_an_async_function_is_a_definition_too():
    cell = new_code_cell(SOLUTION.replace("def add", "async def add"))
    exercise = ExerciseCells("98.1", "", cell, EXERCISE.grade)
    add, _ = edit("a mistake", "a hint", "n + one()", "n - one()").answers(exercise, {"seen": []} | {"NUMBER": 1})
    assert asyncio.run(add(5)) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("n + two()", "n"), "a mistake: the solution must hold 'n \\+ two"),
        (("seen.append", "print"), "the edit must change what is checked"),
        (("### END", "###  END"), "the edit must change what is checked"),
    ],
)
def test_an_edit_that_does_not_fit_fails_loudly(solved, changes, message):
    with pytest.raises(AssertionError, match=message):
        edit("a mistake", "a hint", *changes).answers(EXERCISE, solved)


def test_a_script_beside_the_solution_is_edited_as_a_whole(solved, tmp_path, monkeypatch):
    (tmp_path / "tool.py").write_text("STEP = 1\n\n\ndef add(n):\n    return n + STEP\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    add, _ = edit("a mistake", "a hint", "STEP = 1", "STEP = 7", file="tool.py").answers(EXERCISE, solved)
    assert add(5) == 12


def test_a_value_is_changed_and_the_others_stay(solved):
    add, seen = changed("a mistake", "a hint", seen=lambda seen: seen * 2).answers(EXERCISE, solved)
    assert (add(5), seen, solved["seen"]) == (6, ["ran", "ran"], ["ran"])
