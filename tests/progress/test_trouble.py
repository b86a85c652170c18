"""Files that cannot be used: one clear message each, and what was there stays as it was."""

import os
import sqlite3
from pathlib import Path

import pytest

from tests.progress.cases import contents, first_attempts, kept
from vllm_course import progress
from vllm_course.progress import ProgressError

RESET = r"Run: vllm-course progress reset\. It moves the file aside and begins a new one\.$"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for this test's progress."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def sqlite(file: Path, *statements: str) -> None:
    """Run statements on an SQLite file."""
    file.parent.mkdir(exist_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in statements:
        connection.execute(statement).fetchall()
    connection.close()


def garbage(file: Path) -> None:
    file.write_bytes(b"this is no database" * 500)


def halved(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def a_header_alone(file: Path) -> None:
    os.truncate(file, 100)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def a_page_overwritten(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(os.urandom(64) * 64)


def without_tables(file: Path) -> None:
    sqlite(file, "DROP TABLE attempts", "DROP TABLE hints", "DROP TABLE ticks")


def foreign(file: Path) -> None:
    file.unlink()
    sqlite(file, "CREATE TABLE theirs (a)", "INSERT INTO theirs VALUES (1)")


def foreign_with_a_log(file: Path) -> None:
    file.unlink()
    sqlite(file, "PRAGMA journal_mode = WAL", "PRAGMA application_id = 7", "CREATE TABLE theirs (a)")


def newer(file: Path) -> None:
    sqlite(file, "PRAGMA user_version = 7", "CREATE TABLE later (a)")


DAMAGED = r"^the progress file must be whole, got a damaged one at \S+progress\.sqlite3 \(.+\)\. " + RESET
FOREIGN = r"^the progress file must be the course's own, got another program's at \S+\. " + RESET
NEWER = r"^the progress file must have schema version 3 or older, got 7 at \S+: .* Update this copy of the course"
CASES = [
    (garbage, DAMAGED),
    (halved, DAMAGED),
    (a_header_alone, DAMAGED),
    (emptied, DAMAGED),
    (a_page_overwritten, DAMAGED),
    (without_tables, DAMAGED),
    (foreign, FOREIGN),
    (foreign_with_a_log, FOREIGN),
    (newer, NEWER),
]


@pytest.mark.parametrize(("break_it", "message"), CASES)
def test_a_file_that_is_not_usable_is_named_and_left_as_it_is(break_it, message, home):
    first_attempts()
    break_it(progress.file())
    before = contents(home)
    uses = [
        progress.read,
        lambda: progress.hint_level("1.1"),
        lambda: progress.ticks("01"),
        lambda: progress.record_attempt("1.1", "passed", "", "c"),
        lambda: progress.record_hint("1.1", 3),
        lambda: progress.set_tick("01", "x", ticked=False),
        lambda: progress.record_forecast("1.1", 40.0, 32.0),
    ]
    for use in uses:
        with pytest.raises(ProgressError, match=message) as error:
            use()
        assert "\n" not in str(error.value)
    assert contents(home) == before


@pytest.mark.parametrize(("break_it", "message"), CASES)
def test_reset_helps_whatever_the_file_is(break_it, message, home):
    first_attempts()
    break_it(progress.file())
    before = progress.file().read_bytes()
    assert progress.reset().read_bytes() == before
    progress.record_attempt("1.1", "passed", "", "c")
    assert kept() == ["passed"]


def test_a_folder_in_the_place_of_the_file(home):
    progress.file().mkdir(parents=True)
    for use in (progress.read, lambda: progress.record_hint("1.1", 1)):
        with pytest.raises(ProgressError, match=r"must be writable, got unable to open database file for .*Allow"):
            use()
    progress.reset()
    progress.record_hint("1.1", 1)


def test_a_file_in_the_place_of_the_folder(home):
    home.write_text("mine")
    assert progress.read().attempts == {}
    with pytest.raises(
        ProgressError, match=r"^the progress file must be readable and writable, got File exists for \S+"
    ):
        progress.record_hint("1.1", 1)
    assert home.read_text() == "mine"
