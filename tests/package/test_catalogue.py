"""The catalogue: what the course consists of, read from the notebooks themselves."""

from pathlib import Path

import pytest

from tests.progress.cases import course, notebook
from tests.rules import notebooks
from tools import exercise_cells
from vllm_course import catalogue, paths
from vllm_course.errors import CourseError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with no lessons."""
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    return tmp_path


def test_the_lessons_are_those_that_are_there():
    assert [lesson.slug for lesson in catalogue.lessons()] == [folder.name for folder in notebooks.lessons()]
    for lesson in catalogue.lessons():
        for path in (lesson.notebook, lesson.script, lesson.exercises_notebook):
            assert (paths.root() / path).is_file()


def test_their_exercises_are_those_of_the_notebook():
    for lesson in catalogue.lessons():
        found = exercise_cells.exercises(notebooks.read(paths.root() / lesson.exercises_notebook))
        assert list(lesson.exercises) == [exercise.number for exercise in found]
        shown = [exercise.text.replace("`", "") for exercise in found]
        assert all(f": {title}\n" in text for title, text in zip(lesson.exercises.values(), shown, strict=True))


def test_lesson_01():
    first = catalogue.lessons()[0]
    assert (first.number, first.slug, first.title) == ("01", "01-basic-inference", "Basic offline inference")
    assert list(first.exercises)[:2] == ["1.1", "1.2"]


def test_a_course_of_two_lessons(root):
    course(root, "02-text-generation", exercises={}, items=["ü"], title="Text: `more` of it ")
    course(root, "01-a", exercises={f"1.{n}": f"No. {n}" for n in (1, 2, 10)}, items=["load", "say why"])
    first, second = catalogue.lessons()
    assert first == catalogue.Lesson(
        number="01",
        slug="01-a",
        title="A lesson",
        notebook="lessons/01-a/a.ipynb",
        script="lessons/01-a/a.py",
        exercises_notebook="exercises/01-a/exercises.ipynb",
        exercises={"1.1": "No. 1", "1.2": "No. 2", "1.10": "No. 10"},
        checklist=("load", "say why"),
        quiz=(),
    )
    assert (second.title, second.notebook) == ("Text: more of it", "lessons/02-text-generation/text_generation.ipynb")
    assert (second.exercises, second.checklist) == ({}, ("ü",))


@pytest.mark.parametrize(
    ("files", "script"),
    [
        ([], "my_lesson.py"),
        (["tool.py"], "tool.py"),
        (["a.py", "my_lesson.py"], "my_lesson.py"),
        (["z.py", "b.py"], "b.py"),
    ],
)
def test_a_lessons_script_is_named_after_it_or_is_the_first(root, files, script):
    course(root, "01-my-lesson", exercises={}, items=["ü"])
    folder = root / "lessons/01-my-lesson"
    for file in [*folder.glob("*.py")]:
        file.unlink()
    for file in files:
        (folder / file).touch()
    assert catalogue.lessons()[0].script == f"lessons/01-my-lesson/{script}"


def test_what_is_no_lesson_is_left_out(root):
    (root / "lessons" / "03-left-over" / "__pycache__").mkdir(parents=True)
    (root / "lessons" / "README.md").write_text("# Map")
    notebook(root / "lessons" / "drafts" / "drafts.ipynb", [])
    assert catalogue.lessons() == []


def test_a_lesson_without_exercises_and_title(root):
    notebook(root / "lessons" / "04-b" / "b.ipynb", [("markdown", "Nothing yet")])
    (lesson,) = catalogue.lessons()
    assert (lesson.title, lesson.exercises, lesson.checklist) == ("04-b", {}, ())


@pytest.mark.parametrize(
    "cells",
    [
        ["%timeit checklist('01', ['magic'])", "this is no Python: checklist("],
        ["checklist('02', ['another lesson'])"],
        ["checklist('01', [item for item in mine])", "checklist('01')", "checklist()", "checklist('01', 7)"],
        ["checklist('01', [1, 2])", "checklist('01', 'text')", "mine.checklist('01', ['method'])"],
        ["# checklist('01', ['comment'])", "text = \"checklist('01', ['text'])\""],
    ],
)
def test_a_learners_own_cells_do_not_disturb(root, cells):
    sources = [*cells, 'from vllm_course import checklist\n\nchecklist("01", ["load", "say " "why"])']
    notebook(root / "lessons" / "01-a" / "a.ipynb", [("code", source) for source in sources])
    assert catalogue.lessons()[0].checklist == ("load", "say why")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"cells": 1}', '{"cells": [{"cell_type": "code"}]}', "\udcff"])
def test_a_damaged_notebook_is_named_with_the_remedy(root, text):
    file = notebook(root / "lessons" / "01-a" / "a.ipynb", [])
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(
        CourseError, match=r"^lessons/01-a/a.ipynb must be a notebook, got a damaged .* git checkout --"
    ):
        catalogue.lessons()
