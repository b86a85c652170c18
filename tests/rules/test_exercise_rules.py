"""Each rule for exercises refuses what it is there for."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.checks.wrong_answers import Wrong
from tests.rules import exercise_cells, exercise_rules
from vllm_course import checks
from vllm_course.checks import exercises

TEXT = "## Exercise {}: a sum\n\n{} · 5 minutes · trains addition"
CONCEPT = "sampling-parameters.md#temperature"
LEVELS = ["Beginner", "Intermediate", "Advanced"]
SOLUTION = "answer = ...\n### BEGIN SOLUTION\nanswer = 42\n### END SOLUTION"
GRADE = '### BEGIN HIDDEN TESTS\nassert answer == 42\n### END HIDDEN TESTS\n[check("{}", answer)] if 0 else answer'

EXERCISE = exercise_cells.ExerciseCells(
    "98.1", "", new_code_cell("answer = 42"), new_code_cell('check("98.1", answer)')
)


def cell(source: str, kind: str, name: str) -> NotebookNode:
    """Return a code cell with nbgrader's metadata; its kind is "solution" or "grade"."""
    flags = {"solution": kind == "solution", "grade": kind == "grade", "locked": kind == "grade", "task": False}
    points = {"points": 1} if kind == "grade" else {}
    return new_code_cell(source, metadata={"nbgrader": {"schema_version": 3, "grade_id": name} | flags | points})


def course(count: int = 9) -> NotebookNode:
    """Return a solution notebook of lesson 98 that keeps every rule."""
    cells = []
    for n in range(1, count + 1):
        number = f"98.{n}"
        cells += [
            new_markdown_cell(TEXT.format(number, LEVELS[n % 3])),
            cell(SOLUTION, "solution", f"answer-{n}"),
            cell(GRADE.format(number), "grade", f"check-{n}"),
        ]
    for n, new in enumerate(cells):
        new["id"] = f"cell-{n}"
    return new_notebook(cells=cells)


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
