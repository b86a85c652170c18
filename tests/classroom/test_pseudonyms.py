"""Pseudonyms: the same in every report of one instructor, others for another, and no way back."""

import os
import re
from pathlib import Path

import pytest

from tests.classroom.cases import LONG_NAMES
from tests.progress.cases import course_of_two, export, run_progress
from vllm_course import progress
from vllm_course.classroom.pseudonyms import SALT


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course, a folder for exports, and one for the instructor's own data, which is not there yet."""
    course_of_two(tmp_path, monkeypatch)
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "a" / "home"))
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"


def names(folder: Path, capsys: pytest.CaptureFixture) -> list[str]:
    """Return the names in a report with pseudonyms."""
    assert run_progress("--merge", str(folder), "--pseudonyms") == 0
    return [line.split("  ")[0] for line in capsys.readouterr().out.split("\n\n")[0].splitlines()[1:]]


def test_they_match_in_two_reports_and_differ_from_another_instructors(folder, capsys, monkeypatch, tmp_path):
    export(folder, "1.json", "ada", {"1.1"})
    first = names(folder, capsys)
    export(folder, "2.json", "bob", {"1.1"})
    second = names(folder, capsys)
    assert len({*first, *second}) == 2 and first[0] in second
    assert all(re.fullmatch(r"learner [A-Z2-7]{5}-[A-Z2-7]{5}", name) for name in second)
    assert sorted(path.name for path in progress.home().iterdir()) == [SALT]
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "other"))
    assert not {*names(folder, capsys)} & {*second}


def test_the_order_of_the_names_is_not_kept(folder, capsys):
    for name in map(str, range(30)):
        export(folder, f"{name}.json", name, {"1.1"})
    found = names(folder, capsys)
    assert found == sorted(found) and len(found) == 30


@pytest.mark.parametrize("name", LONG_NAMES)
def test_of_any_name_nothing_is_left(name, folder, capsys):
    export(folder, "1.json", name, {"1.1"})
    assert re.fullmatch(r"learner \w{5}-\w{5}", names(folder, capsys)[0])


def test_exports_of_one_learner_stay_together(folder, capsys):
    export(folder, "1.json", "ada", {"1.1"})
    export(folder, "2.json", "ada", {"1.2"})
    assert len(names(folder, capsys)) == 1


def test_the_salt_is_for_its_owner_only(folder, capsys):
    export(folder, "1.json", "ada", {"1.1"})
    names(folder, capsys)
    assert (progress.home() / SALT).stat().st_mode & 0o777 == 0o600


def test_a_salt_that_another_report_makes_meanwhile_counts(folder, capsys, monkeypatch):
    export(folder, "1.json", "ada", {"1.1"})
    link = os.link

    def too_late(source: Path, target: Path) -> None:
        target.write_text("ab" * 32)
        link(source, target)

    monkeypatch.setattr(os, "link", too_late)
    first = names(folder, capsys)
    assert (progress.home() / SALT).read_text() == "ab" * 32 and names(folder, capsys) == first


@pytest.mark.parametrize(("content", "reason"), [("no digits", "other text"), ("abcd", "2 bytes"), ("", "0 bytes")])
def test_a_damaged_salt_is_one_line(content, reason, folder, capsys):
    export(folder, "1.json", "ada", {"1.1"})
    progress.home().mkdir(parents=True)
    (progress.home() / SALT).write_text(content)
    assert run_progress("--merge", str(folder), "--pseudonyms") == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert captured.err.startswith("the salt of the pseudonyms must be a file of at least 32 hexadecimal digits")
    assert f"got {reason}: {progress.home() / SALT}. Allow it, or delete a damaged one" in captured.err
    assert (progress.home() / SALT).read_text() == content
