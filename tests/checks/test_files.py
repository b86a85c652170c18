"""A lesson's checks are one file, found by the lesson's number; nothing else is loaded."""

import pytest

from vllm_course import CourseError, check, paths
from vllm_course.checks import exercises

CHECKS = """
from vllm_course.checks import exercise, require


@exercise("97.1", hints=["vague", "clear"], concept="page.md#section")
def is_it(answer):
    require(answer == "right", "Not that.")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The checks of a checkout of its own, which has lesson 97."""
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    monkeypatch.setattr(exercises, "_exercises", {})
    (tmp_path / "lessons" / "97-demo").mkdir(parents=True)
    (tmp_path / "checks").mkdir()
    return tmp_path / "checks"


def test_the_file_of_the_lesson_counts(folder):
    (folder / "lesson_97.py").write_text(CHECKS, encoding="utf-8")
    assert check("97.1", "right").passed
    assert check("97.1", "wrong").message == "Not that."


def test_other_files_are_left_alone(folder):
    (folder / "lesson_97.py").write_text(CHECKS, encoding="utf-8")
    for name in ("lesson_96.py", "lesson_97_more.py", "my_lesson_97.py"):
        (folder / name).write_text("raise RuntimeError", encoding="utf-8")
    assert check("97.1", "right").passed


@pytest.mark.parametrize("number", ["97.1", "98.1", "97", "first", ""])
def test_an_exercise_that_is_not_there(folder, number):
    with pytest.raises(CourseError, match=r"^(exercise|lesson) must be .+, got .+"):
        check(number, "right")
