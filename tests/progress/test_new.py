"""A new progress file, with or without a write-ahead log, and one that somebody else uses."""

import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.progress.cases import first_attempts, kept
from vllm_course import progress
from vllm_course.progress import ProgressError, creation, database


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for this test's progress, where a lock is waited for shortly."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(creation, "PATIENCE", 0.2)
    return tmp_path / "home"


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_lock_that_is_held_for_long(home, begin):
    statuses = first_attempts()
    holder = sqlite3.connect(progress.file(), isolation_level=None)
    holder.execute(begin)
    with pytest.raises(
        ProgressError, match=r"^the progress file must not be locked for long, got database is locked at"
    ):
        progress.record_attempt("1.1", "passed", "", "c")
    assert kept() == statuses
    holder.close()
    assert len(progress.record_attempt("1.1", "passed", "", "c")) == 3


def test_where_a_log_is_refused_a_rollback_journal_does_it(monkeypatch, home):
    def without_shared_memory(file: Path, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(f"{file.as_uri()}?{mode}&vfs=unix-dotfile", uri=True, isolation_level=None)
        connection.execute("PRAGMA busy_timeout = 200")
        return connection

    monkeypatch.setattr(creation, "connect", without_shared_memory)
    monkeypatch.setattr(database, "connect", without_shared_memory)
    assert (first_attempts(), kept()) == (["not yet", "passed"], ["not yet", "passed"])
    assert progress.file().read_bytes()[18:20] == b"\x01\x01"  # 2 would be a write-ahead log


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "ext4"])
def test_on_a_network_file_system_there_is_no_log(monkeypatch, home, kind):
    home.mkdir()
    mounts = [SimpleNamespace(mountpoint="/", fstype="ext4"), SimpleNamespace(mountpoint=str(home), fstype=kind)]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: mounts)
    first_attempts()
    assert progress.file().read_bytes()[18] == (2 if kind == "ext4" else 1)
    assert kept() == ["not yet", "passed"]


def test_without_links_the_new_file_is_renamed(monkeypatch, home):
    def no_links(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert first_attempts() == kept()
    assert [path.name for path in home.iterdir()] == ["progress.sqlite3"]


def test_a_file_that_another_kernel_made_first_stays(home):
    statuses = first_attempts()
    creation.create(progress.file())
    assert kept() == statuses
    assert [path.name for path in home.iterdir()] == ["progress.sqlite3"]
