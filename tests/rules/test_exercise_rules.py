"""Each rule for exercises refuses what it is there for."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.checks.wrong_answers import Wrong
from tests.rules import exercise_rules
from tests.rules.sample_exercises import course
from tools import exercise_cells
from vllm_course import checks
from vllm_course.checks import exercises

CONCEPT = "sampling-parameters.md#temperature"
EXERCISE = exercise_cells.ExerciseCells(
    "98.1", "", new_code_cell("answer = 42"), new_code_cell('check("98.1", answer)')
)


@pytest.fixture
def sum_exercise(monkeypatch):
    """Register exercise 98.1, which asks for 42."""
    monkeypatch.setattr(exercises, "_exercises", {})

    @checks.exercise("98.1", hints=["vague", "clear"], concept=CONCEPT)
    def forty_two(answer):
        checks.require(answer == 42, "Add again.")


def changed(index: int, **metadata) -> NotebookNode:
    notebook = course()
    notebook.cells[index].metadata["nbgrader"] |= metadata
    return notebook


def retold(old: str, new: str) -> NotebookNode:
    notebook = course()
    notebook.cells[0].source = notebook.cells[0].source.replace(old, new)
    return notebook


def test_good_notebook_keeps_every_rule():
    assert [rule(course()) for rule in exercise_rules.RULES] == [[]] * len(exercise_rules.RULES)


@pytest.mark.parametrize(
    ("rule", "notebook", "message"),
    [
        (exercise_rules.structure, changed(1, solution=False), "one solution cell, got 0"),
        (exercise_rules.structure, retold("98.1", "98.7"), 'check("98.7", ...)'),
        (exercise_rules.grading, changed(2, points=0), "give points"),
        (exercise_rules.grading, changed(2, locked=False), "must be locked"),
        (exercise_rules.grading, changed(1, locked=True), "must not be locked"),
        (exercise_rules.grading, changed(1, grade_id="answer-2"), "'answer-2' twice"),
        (exercise_rules.numbering, course(2), "at least 8 exercises, got 2"),
        (exercise_rules.numbering, course(1), "none for Advanced, Beginner"),
        (exercise_rules.numbering, retold("98.1", "98.7"), "numbered 1, 2"),
        (exercise_rules.described, retold("minutes", "min"), "its minutes"),
        (exercise_rules.described, retold("trains", "is for"), "what it trains"),
        (exercise_rules.described, retold("Intermediate", "Hard"), "a level"),
    ],
)
def test_rule_refuses(rule, notebook, message):
    assert message in "\n".join(rule(notebook))


@pytest.mark.parametrize(
    ("stub", "message"),
    [("answer = ...", ""), ("answer = 41", "got 'not yet'"), ("answer = 42", "got 'passed'"), ("answer =", "Syntax")],
)
def test_stub(sum_exercise, stub, message):
    exercise = exercise_cells.exercises(course())[0]
    exercise.stub.source = stub
    assert message in "".join(found := exercise_rules.not_attempted(exercise)) and bool(found) == bool(message)


@pytest.mark.parametrize(
    ("answer", "hint", "accepted"),
    [(41, "Add again", True), (41, "Divide", False), (41, "", False), (42, "Add again", False), (..., "", False)],
)
def test_wrong_answers(sum_exercise, answer, hint, accepted):
    wrong = [Wrong(name, lambda namespace: namespace["x"], hint) for name in "ab"]
    assert (exercise_rules.refused(EXERCISE, wrong, {"x": answer}) == []) is accepted


@pytest.mark.parametrize(("hints", "refused"), [(["a", "b"], False), (["a"], True), (["a", "a"], True)])
def test_hints(sum_exercise, hints, refused):
    checks.exercise("98.1", hints=hints, concept=CONCEPT)(print)
    assert bool(exercise_rules.hints("98.1")) is refused


@pytest.mark.parametrize(
    "concept",
    [
        "sampling-parameters.md#warmth",
        "sampling-parameters.md",
        "sampling.md#temperature",
        "../README.md#lessons",
        "#temperature",
        "",
    ],
)
def test_concept_must_be_a_section_that_is_there(sum_exercise, concept):
    checks.exercise("98.1", hints=["a", "b"], concept=concept)(print)
    message = (
        f"exercise 98.1: concept must be a page of concepts/ and a section in it, page.md#section, got {concept!r}"
    )
    assert exercise_rules.hints("98.1") == [message]
    checks.exercise("98.1", hints=["a"], concept=concept)(print)
    assert exercise_rules.hints("98.1") == ["exercise 98.1 must have at least 2 hints, got 1", message]


def test_wrong_answers_are_two_or_more(sum_exercise):
    one = Wrong("a", lambda namespace: 41, "Add again")
    assert exercise_rules.refused(EXERCISE, [], {}) and exercise_rules.refused(EXERCISE, [one, one], {})
