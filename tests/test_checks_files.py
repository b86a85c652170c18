"""A lesson's checks may lie in several files: all that are named `checks*.py` are loaded, and nothing else."""

import pytest

from vllm_course import CourseError, check, paths
from vllm_course.checks import exercises

CHECKS = """
from vllm_course.checks import exercise, require


@exercise("{}", hints=["vague", "clear"], concept="page.md#section")
def is_it(answer):
    require(answer == "{}", "Not that.")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of lesson 97 in a checkout of its own."""
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    monkeypatch.setattr(exercises, "_exercises", {})
    folder = tmp_path / "lessons" / "97-demo"
    folder.mkdir(parents=True)
    return folder


def write(file, number, answer) -> None:
    file.write_text(CHECKS.format(number, answer), encoding="utf-8")


def test_every_file_of_checks_counts(folder):
    write(folder / "checks.py", "97.1", "first")
    write(folder / "checks_tools.py", "97.2", "second")
    assert check("97.1", "first").passed
    assert check("97.2", "second").passed
    assert check("97.2", "first").message == "Not that."


def test_other_files_are_left_alone(folder):
    write(folder / "checks.py", "97.1", "first")
    (folder / "my_checks.py").write_text("raise RuntimeError", encoding="utf-8")
    assert check("97.1", "first").passed


def test_a_lesson_without_checks_has_no_exercises(folder):
    with pytest.raises(CourseError, match="exercise must be a number like \"1.3\" that a lesson has, got '97.1'."):
        check("97.1", "first")
