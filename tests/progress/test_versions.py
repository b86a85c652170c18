"""How an older progress file becomes a present one."""

import sqlite3
from pathlib import Path

import pytest

from tests.progress.cases import contents, first_attempts, kept, pragma
from vllm_course import progress
from vllm_course.progress import ProgressError, creation, database, schema

# What the first release of the course wrote, as it was then.
VERSION_1 = f"""
CREATE TABLE attempts (id INTEGER PRIMARY KEY, number TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('passed', 'not yet')), message TEXT NOT NULL, fingerprint TEXT NOT NULL,
    at TEXT NOT NULL);
CREATE INDEX attempts_by_number ON attempts (number, id);
CREATE TABLE hints (number TEXT PRIMARY KEY, level INTEGER NOT NULL);
CREATE TABLE ticks (lesson TEXT NOT NULL, item TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (lesson, item));
INSERT INTO attempts VALUES (1, '1.1', 'passed', '', 'a', '2026-01-02T03:04:05+00:00');
INSERT INTO hints VALUES ('1.2', 2);
INSERT INTO ticks VALUES ('01', 'load a model', '2026-01-02T03:04:05+00:00');
PRAGMA application_id = {schema.APPLICATION_ID};
PRAGMA user_version = 1;
"""
SECONDS = ("ALTER TABLE attempts ADD COLUMN seconds REAL",)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is not there yet."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "a home"))
    return tmp_path / "a home"


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A course with a further schema, made up here."""
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, SECONDS])


def test_an_older_file_is_migrated_by_the_first_write(request):
    statuses = first_attempts()
    request.getfixturevalue("next_version")
    assert kept() == statuses
    with database.reading(progress.file()) as copy:
        assert schema.version(copy) == schema.known()
    assert pragma("user_version") == schema.known() - 1
    progress.record_hint("1.1", 3)
    assert pragma("user_version") == schema.known()
    assert (kept(), progress.ticks("01"), progress.hint_level("1.1")) == (statuses, {"load a model"}, 3)
    with sqlite3.connect(progress.file()) as connection:
        assert connection.execute("SELECT seconds FROM attempts").fetchall() == [(None,), (None,)]


def test_a_new_file_has_the_present_schema(next_version):
    first_attempts()
    assert pragma("user_version") == schema.known() == 4


def test_a_migration_that_fails_leaves_the_file_as_it_was(home, monkeypatch):
    statuses = first_attempts()
    before = contents(home)
    broken = (*SECONDS, "ALTER TABLE nowhere ADD COLUMN x")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, broken])
        with pytest.raises(ProgressError, match="no such table: nowhere"):
            progress.record_hint("1.1", 3)
    assert contents(home) == before
    assert kept() == statuses


def test_an_older_file_is_migrated_once_when_two_kernels_meet(monkeypatch):
    monkeypatch.setattr(creation, "PATIENCE", 0.2)
    first_attempts()
    later = [*schema.MIGRATIONS, ("ALTER TABLE hints ADD COLUMN at TEXT",)]
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with database.writing(progress.file()) as one, pytest.raises(ProgressError, match="locked"):
        assert schema.version(one) == schema.known()
        progress.record_hint("1.1", 3)
    progress.set_tick("01", "x", ticked=True)


@pytest.fixture
def file_of_version_1(home: Path) -> bytes:
    """Leave a progress file of the first release, and return its bytes."""
    home.mkdir()
    connection = sqlite3.connect(progress.file())
    connection.executescript(VERSION_1)
    connection.close()
    return progress.file().read_bytes()


def assert_nothing_is_lost() -> None:
    assert (kept(), progress.hint_level("1.2"), progress.ticks("01")) == (["passed"], 2, {"load a model"})


def test_a_file_of_version_1_is_read_and_left_alone(file_of_version_1):
    assert progress.read().forecasts == {}
    assert_nothing_is_lost()
    assert progress.file().read_bytes() == file_of_version_1


def test_a_file_of_version_1_takes_forecasts_and_keeps_the_rest(file_of_version_1):
    assert progress.record_forecast("1.2", 40.0).guess == 40
    assert pragma("user_version") == schema.known()
    assert progress.record_forecast("1.2", 40.0, 32.0).factor == 1.25
    assert_nothing_is_lost()


def test_a_file_from_before_the_quizzes_takes_answers_and_keeps_the_rest(home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        statuses = first_attempts()
        assert pragma("user_version") == 2
    with sqlite3.connect(progress.file()) as connection:
        connection.execute("INSERT INTO forecasts VALUES ('1.2', 40, '2026-01-02', 32, '2026-01-02')")
    assert progress.read().answers == {} and pragma("user_version") == 2
    (answer,) = progress.record_answer("01", "length", ["after 16 tokens"], right=True)
    assert (answer.given, answer.right, pragma("user_version")) == (["after 16 tokens"], True, 3)
    assert (kept(), progress.ticks("01"), progress.hint_level("1.1")) == (statuses, {"load a model"}, 2)
    assert progress.read().forecasts["1.2"].factor == 1.25


def test_a_migrated_file_has_the_tables_of_a_new_one(file_of_version_1, tmp_path, monkeypatch):
    def tables() -> list[tuple]:
        with database.writing(progress.file()) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
            return [(name, *row) for name in names for row in connection.execute(f"PRAGMA table_info({name})")]

    migrated = tables()
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "new"))
    assert tables() == migrated and any(row[0] == "forecasts" for row in migrated)
