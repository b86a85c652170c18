"""What the course page is told: lessons with progress, the next step, and paths as JupyterLab names them."""

import shutil
from pathlib import Path

import pytest

from vllm_course import CourseError, catalogue, paths, progress
from vllm_course.lab.lesson_map import WRONG_FOLDER, base_folder, lesson_map
from vllm_course.progress import report

NOTEBOOK = "lessons/01-basic-inference/basic_inference.ipynb"
EXERCISES = "exercises/01-basic-inference/exercises.ipynb"


@pytest.fixture(autouse=True)
def nothing_done_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A progress file of the test's own, and its folder."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def row(number: str, *, passed: int = 0, right: int | None = None, ticked: int = 0) -> dict:
    """Return what the report says of a lesson with three exercises, two questions and two items."""
    open_ones = [f"{int(number)}.{each}" for each in (1, 2, 3)][passed:]
    first = report.summary()[0] | {"lesson": number, "title": f"Title {number}"}
    return first | {
        "exercises": {"passed": passed, "total": 3, "open": open_ones},
        "quiz": {"right": 2 * (passed == 3) if right is None else right, "total": 2},
        "checklist": {"ticked": ticked, "total": 2},
    }


def next_step(monkeypatch: pytest.MonkeyPatch, *rows: dict) -> dict:
    """Return the next step for a report of these rows."""
    with monkeypatch.context() as patch:
        patch.setattr(report, "summary", lambda: list(rows))
        return lesson_map(paths.root())["next"]


def test_every_lesson_has_goal_minutes_and_paths_that_open():
    lessons = lesson_map(paths.root())["lessons"]
    assert [lesson["lesson"] for lesson in lessons] == [lesson.number for lesson in catalogue.lessons()]
    for lesson in lessons:
        assert lesson["goal"] and lesson["minutes"] > 0 and lesson["exercise_minutes"] > 0
        assert all((paths.root() / lesson[part]).is_file() for part in ("notebook", "script", "exercises_notebook"))


def test_every_concept_page_is_listed_by_its_title():
    concepts = lesson_map(paths.root())["concepts"]
    pages = {f"concepts/{file.name}" for file in Path("concepts").glob("*.md")}
    assert {concept["path"] for concept in concepts} == pages
    assert {"title": "Glossary", "path": "concepts/glossary.md"} in concepts


def test_progress_is_counted():
    progress.record_attempt("1.1", "passed", "", "a")
    lesson = lesson_map(paths.root())["lessons"][0]
    assert (lesson["exercises"]["passed"], lesson["exercises"]["total"]) == (1, 10)
    assert lesson_map(paths.root())["next"] == {
        "text": "Next: exercise 1.2, Read every field",
        "path": EXERCISES,
        "heading": "Exercise 1.2: Read every field",
    }


def test_forecasts_show_once_one_was_compared():
    progress.record_forecast("1.1", 40.0)
    assert lesson_map(paths.root())["forecasts"] is None
    progress.record_forecast("1.1", 40.0, 32.0)
    progress.record_forecast("1.2", 32.0, 32.0)
    assert lesson_map(paths.root())["forecasts"] == {
        "summary": "2 compared, median factor 1.12 (1 is exact).",
        "surprises": ["1.1: forecast 40, measured 32: 1.25 times too high"],
    }


def test_a_lesson_not_begun_comes_before_its_exercises(monkeypatch: pytest.MonkeyPatch):
    step = next_step(monkeypatch, row("01"), row("02"))
    assert step == {"text": "Next: lesson 01, Title 01", "path": NOTEBOOK, "heading": None}


def test_one_tick_begins_a_lesson(monkeypatch: pytest.MonkeyPatch):
    assert next_step(monkeypatch, row("01", ticked=1))["text"] == "Next: exercise 1.1, A batch of your own"


def test_the_checklist_comes_after_the_exercises(monkeypatch: pytest.MonkeyPatch):
    step = next_step(monkeypatch, row("01", passed=3, ticked=1), row("02"))
    assert step == {"text": "Next: the checklist of lesson 01", "path": NOTEBOOK, "heading": "Checklist"}


def test_the_quiz_comes_before_the_checklist(monkeypatch: pytest.MonkeyPatch):
    step = next_step(monkeypatch, row("01", passed=3, right=1, ticked=1), row("02"))
    assert step == {"text": "Next: the quiz of lesson 01", "path": NOTEBOOK, "heading": "Quiz"}


def test_a_done_lesson_is_followed_by_the_next_one(monkeypatch: pytest.MonkeyPatch):
    done = row("01", passed=3, ticked=2)
    assert next_step(monkeypatch, done, row("02"))["text"] == "Next: lesson 02, Title 02"
    assert next_step(monkeypatch, done)["text"] == "All lessons are done. Open the lesson map"


def test_paths_count_from_the_folder_that_jupyterlab_runs_in():
    above = lesson_map(paths.root().parent)
    assert above["lessons"][0]["notebook"] == f"{paths.root().name}/{NOTEBOOK}"
    assert above["problems"] == []


def test_a_copy_of_the_course_opens_its_own_files(tmp_path: Path):
    shutil.copytree("lessons", tmp_path / "copy/lessons")
    found = lesson_map(tmp_path / "copy")
    assert found["problems"] == []
    assert found["lessons"][0]["notebook"] == NOTEBOOK
    assert found["lessons"][0]["exercises_notebook"] is None  # not copied, so no link to it
    assert found["concepts"][0]["path"] is None


@pytest.mark.parametrize("folder", ["lessons", "."])
def test_another_folder_is_named_with_the_remedy(folder: str, tmp_path: Path):
    elsewhere = paths.root() / "lessons" if folder == "lessons" else tmp_path
    assert base_folder(elsewhere) is None
    found = lesson_map(elsewhere)
    assert found["problems"] == [WRONG_FOLDER.format(folder=elsewhere)]
    assert "Start JupyterLab in the course's folder" in found["problems"][0]
    assert found["lessons"][0]["title"] == "Basic offline inference"
    assert found["lessons"][0]["notebook"] is None and found["next"]["path"] is None


def test_a_damaged_progress_file_leaves_the_map(nothing_done_yet: Path):
    nothing_done_yet.mkdir()
    progress.file().write_bytes(b"no database" * 1000)
    with pytest.raises(progress.ProgressError) as error:
        report.summary()
    found = lesson_map(paths.root())
    assert found["problems"] == [str(error.value)]
    assert found["lessons"][0]["exercises"] is None and found["lessons"][0]["checklist"] is None
    assert found["forecasts"] is None
    assert found["lessons"][0]["notebook"] == NOTEBOOK
    assert found["next"] == {"text": "Open the lesson map", "path": "lessons/README.md", "heading": None}


def test_a_damaged_notebook_is_a_message(monkeypatch: pytest.MonkeyPatch):
    def damaged() -> list:
        raise CourseError("NOTEBOOK must be a notebook, got a damaged file.")

    monkeypatch.setattr(catalogue, "lessons", damaged)
    found = lesson_map(paths.root())
    assert found["problems"] == ["NOTEBOOK must be a notebook, got a damaged file."]
    assert found["lessons"] == [] and len(found["concepts"]) > 3
