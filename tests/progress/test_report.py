"""What is done of the course: counted against the catalogue, whatever else the file holds."""

import json
from pathlib import Path

import pytest

from tests.progress.cases import course_of_two, questions
from vllm_course import catalogue, progress
from vllm_course.progress import ProgressError, report


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for this test's progress."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def two_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A course of two lessons, with exercises 1.1, 1.2 and 2.1."""
    course_of_two(tmp_path, monkeypatch)


def counts() -> list[tuple]:
    """Return the figures of the summary, a tuple a lesson."""
    return [(*row["exercises"].values(), *row["checklist"].values()) for row in report.summary()]


def test_lesson_01_is_counted():
    lesson = catalogue.lessons()[0]
    numbers = list(lesson.exercises)
    progress.record_attempt(numbers[0], "passed", "", "a")
    progress.record_attempt(numbers[1], "not yet", "closer", "a")
    for item in lesson.checklist[:2]:
        progress.set_tick("01", item, ticked=True)
    row = report.summary()[0]
    assert row == {
        "lesson": "01",
        "slug": "01-basic-inference",
        "title": "Basic offline inference",
        "notebook": "lessons/01-basic-inference/basic_inference.ipynb",
        "script": "lessons/01-basic-inference/basic_inference.py",
        "exercises_notebook": "exercises/01-basic-inference/exercises.ipynb",
        "exercises": {"passed": 1, "total": len(numbers), "open": numbers[1:]},
        "quiz": {"right": 0, "total": len(lesson.quiz)},
        "checklist": {"ticked": len(lesson.checklist[:2]), "total": len(lesson.checklist)},
    }
    assert json.loads(json.dumps(row)) == row


def test_nothing_is_done_at_first(two_lessons):
    assert counts() == [(0, 2, ["1.1", "1.2"], 0, 2), (0, 1, ["2.1"], 0, 1)]


def test_each_lesson_has_its_own(two_lessons):
    progress.record_attempt("1.2", "passed", "", "a")
    progress.record_attempt("2.1", "not yet", "closer", "a")
    progress.set_tick("02", "load", ticked=True)
    assert counts() == [(1, 2, ["1.1"], 0, 2), (0, 1, ["2.1"], 1, 1)]


def test_what_passed_once_stays_passed(two_lessons):
    progress.record_attempt("2.1", "passed", "", "a")
    progress.record_attempt("2.1", "not yet", "worse", "b")
    assert counts()[1] == (1, 1, [], 0, 1)


def test_what_the_course_has_no_more_is_not_counted(two_lessons):
    progress.record_attempt("1.7", "passed", "", "a")
    progress.set_tick("01", "an item of last year", ticked=True)
    progress.set_tick("09", "load", ticked=True)
    assert counts() == [(0, 2, ["1.1", "1.2"], 0, 2), (0, 1, ["2.1"], 0, 1)]


def test_a_question_that_was_right_once_stays_right_and_the_quiz_comes_before_the_checklist(two_lessons, tmp_path):
    questions(tmp_path / "lessons" / "02-b", "length", "blocks")
    progress.record_attempt("2.1", "passed", "", "a")
    for given in ("right", "wrong"):
        progress.record_answer("02", "length", [given], right=given == "right")
    progress.record_answer("02", "one of last year", ["right"], right=True)
    row = report.summary()[1]
    assert row["quiz"] == {"right": 1, "total": 2}
    step = report.next_step([row])
    assert (step.text, step.path, step.heading) == ("Next: the quiz of lesson 02", "lessons/02-b/b.ipynb", "Quiz")
    progress.record_answer("02", "blocks", ["right"], right=True)
    assert report.next_step(report.summary()[1:]).heading == "Checklist"


def test_the_next_step_goes_from_lesson_to_exercise_to_checklist_to_the_next_lesson(two_lessons):
    seen = [report.next_step(report.summary())]
    for step in ("1.1", "1.2", "load", "say why", "2.1", ""):
        if "." in step:
            progress.record_attempt(step, "passed", "", "a")
        else:
            progress.set_tick("01" if step else "02", step or "load", ticked=True)
        seen.append(report.next_step(report.summary()))
    assert [step.path for step in seen] == [
        "lessons/01-a/a.ipynb",
        "exercises/01-a/exercises.ipynb",
        "lessons/01-a/a.ipynb",
        "lessons/01-a/a.ipynb",
        "lessons/02-b/b.ipynb",
        "lessons/02-b/b.ipynb",
        "lessons/README.md",
    ]
    assert [step.text.split(",")[0] for step in seen] == [
        "Next: lesson 01",
        "Next: exercise 1.2",
        "Next: the checklist of lesson 01",
        "Next: the checklist of lesson 01",
        "Next: lesson 02",
        "Next: the checklist of lesson 02",
        "All lessons are done. Open the lesson map",
    ]
    assert [step.heading and step.heading.split(":")[0] for step in seen[:3]] == [None, "Exercise 1.2", "Checklist"]


def test_a_file_that_cannot_be_read_is_no_progress_of_zero(two_lessons, home):
    home.mkdir()
    progress.file().write_text("garbage")
    with pytest.raises(ProgressError, match="damaged"):
        report.summary()
