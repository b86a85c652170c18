"""An exercise in JupyterLab: open, solved, passed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, Notebook
from tests.rules.notebooks import read
from tools.exercise_cells import exercises
from vllm_course import paths

EXERCISES = "exercises/01-basic-inference/exercises.ipynb"
SOLUTIONS = paths.root() / "solutions/01-basic-inference/exercises.ipynb"
NUMBER = "1.1"
CHECK = f'check("{NUMBER}"'


@pytest.fixture
def notebook(lab: Lab) -> Iterator[Notebook]:
    """The exercises of lesson 01, with the engine loaded."""
    opened = lab.open(EXERCISES)
    opened.run(opened.find("from vllm_course import"))
    yield opened
    opened.shut_down()


def solution() -> str:
    """Return what the worked solution writes into the stub."""
    (stub,) = [exercise.stub.source for exercise in exercises(read(SOLUTIONS)) if exercise.number == NUMBER]
    return re.search(r"### BEGIN SOLUTION\n(.*)### END SOLUTION", stub, re.DOTALL).group(1)


def test_an_exercise_is_open_until_its_solution_is_typed_in(lab: Lab, notebook: Notebook) -> None:
    grade = notebook.find(CHECK)
    stub = notebook.find("answer_1_1 = ...")
    for run in (stub, grade):
        notebook.run(run)
    expect(notebook.cell(grade)).to_contain_text("not attempted")
    notebook.type_into(stub, solution())
    for run in (stub, grade):
        notebook.run(run)
    expect(notebook.cell(grade)).to_contain_text("passed")
    lab.command("vllm-course:open")
    expect(lab.page.locator(".vc-lesson").first).to_contain_text("exercises 1 of 10")
