"""How an older progress file becomes a present one."""

import sqlite3
from pathlib import Path

import pytest

from tests.progress.cases import contents, first_attempts, kept, pragma
from vllm_course import progress
from vllm_course.progress import ProgressError, creation, database, schema

SECONDS = ("ALTER TABLE attempts ADD COLUMN seconds REAL",)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is not there yet."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "a home"))
    return tmp_path / "a home"


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A course with a further schema. There is one so far, so the next is made up here."""
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, SECONDS])


def test_an_older_file_is_migrated_by_the_first_write(request):
    statuses = first_attempts()
    request.getfixturevalue("next_version")
    assert kept() == statuses
    with database.reading(progress.file()) as copy:
        assert schema.version(copy) == 2
    assert pragma("user_version") == 1
    progress.record_hint("1.1", 3)
    assert pragma("user_version") == 2
    assert (kept(), progress.ticks("01"), progress.hint_level("1.1")) == (statuses, {"load a model"}, 3)
    with sqlite3.connect(progress.file()) as connection:
        assert connection.execute("SELECT seconds FROM attempts").fetchall() == [(None,), (None,)]


def test_a_new_file_has_the_present_schema(next_version):
    first_attempts()
    assert pragma("user_version") == 2


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
        assert schema.version(one) == 2
        progress.record_hint("1.1", 3)
    progress.set_tick("01", "x", ticked=True)
