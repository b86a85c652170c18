"""Notebooks of another version than the installed course are noticed: by checks, the course page and the doctor."""

import re
import shutil
from pathlib import Path

import pytest

from vllm_course import check, drift, paths
from vllm_course.checks import keeping
from vllm_course.doctor import machine
from vllm_course.lab.lesson_map import lesson_map

LESSON = "lessons/01-basic-inference"
EXERCISES = "exercises/01-basic-inference"
FACE = "vllm_course/__init__.py"
GOT = r"notebooks must be .*, got \S+ \(\w{{7}}\) in {} and \S+ \(\w{{7}}\) installed\."


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A learner's copy of the course, in a home folder."""
    place = tmp_path / "home" / "vllm-course"
    for part in ("vllm_course", "checks", LESSON, EXERCISES):
        shutil.copytree(paths.root() / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def changed(copy: Path, file: str, old: str, new: str) -> None:
    """Replace a text in a file of the copy that must be there."""
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), "utf-8")


def test_the_course_itself_fits():
    assert drift.message(paths.root() / LESSON) == ""


def test_outside_a_copy_nothing_is_known(tmp_path):
    assert drift.message(tmp_path) == ""


def test_a_copy_fits_whatever_its_line_ends_and_whatever_a_learner_did_to_the_notebooks(copy):
    (copy / "checks/lesson_01.py").write_bytes(
        (paths.root() / "checks/lesson_01.py").read_bytes().replace(b"\n", b"\r\n")
    )
    changed(copy, f"{LESSON}/basic_inference.ipynb", "Basic offline inference", "My notes")
    assert drift.message(copy / LESSON) == ""


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (FACE, '__version__ = "', '__version__ = "9.'),
        ("checks/lesson_01.py", '"""', '"""Changed. '),
        ("vllm_course/checks/plain.py", '"""', '"""Changed. '),
    ],
)
def test_a_copy_of_another_version_is_told_with_both_versions_and_the_remedy(copy, file, old, new):
    changed(copy, file, old, new)
    message = drift.message(copy / LESSON)
    assert re.match(GOT.format(re.escape(str(copy))), message)
    assert message.endswith(drift.UPDATE) and "git pull" in message and "\n" not in message
    here, installed = re.findall(r"\((\w{7})\)", message)
    assert here != installed and drift.version(copy) in message and drift.version(paths.root()) in message


def test_files_that_came_or_went_are_seen(copy):
    (copy / "checks/lesson_99.py").write_text("")
    assert drift.misfit(copy)
    (copy / "checks/lesson_99.py").unlink()
    assert drift.misfit(copy) == ""
    (copy / "checks/lesson_08.py").unlink()
    assert drift.misfit(copy)


def test_a_check_says_it_once_and_judges_all_the_same(copy, monkeypatch):
    changed(copy, FACE, '__version__ = "', '__version__ = "9.')
    monkeypatch.chdir(copy / EXERCISES)
    first, second = check("1.1", 1), check("1.1", ...)
    assert first.trouble == drift.message(copy) and first.trouble in repr(first)
    assert second.trouble == "" and second.status == "not attempted"


def test_a_check_says_it_beside_what_else_is_wrong(copy, monkeypatch):
    changed(copy, FACE, '__version__ = "', '__version__ = "9.')
    monkeypatch.chdir(copy / EXERCISES)
    monkeypatch.setenv("VLLM_COURSE_HOME", "not-absolute")
    assert "notebooks must be" in (trouble := check("1.1", 1).trouble) and "Not kept" in trouble


def test_in_a_deleted_folder_answers_are_judged_without_it(monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert (check("1.1", 1).status, keeping.misfit()) == ("not yet", "")


def test_the_course_page_says_it_for_a_copy_and_for_a_home_folder_that_holds_one(copy):
    for root, base in ((copy, ""), (copy.parent, "vllm-course/")):
        shown = lesson_map(root)
        assert shown["problems"] == [] and shown["lessons"][0]["notebook"].startswith(f"{base}lessons/01-")
    changed(copy, FACE, '__version__ = "', '__version__ = "9.')
    for root in (copy, copy.parent):
        assert lesson_map(root)["problems"] == [drift.message(copy)]


def test_the_doctor_reads_it_where_it_is_called(copy, monkeypatch):
    changed(copy, FACE, '__version__ = "', '__version__ = "9.')
    monkeypatch.chdir(copy)
    assert machine.read(offline=True).misfit == drift.misfit(copy)
