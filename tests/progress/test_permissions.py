"""Folders and files that may not be read or written, by a user whom permissions bind."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil  # noqa: F401  (imported now: another user may not be allowed to)
import pytest

from tests.progress.cases import DENIED, contents, first_attempts, kept, unprivileged
from vllm_course import progress
from vllm_course.progress import ProgressError


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that nobody, too, can reach; pytest's own are for their user alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    monkeypatch.setenv("VLLM_COURSE_HOME", str(folder))
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_made(home, monkeypatch):
    monkeypatch.setenv("VLLM_COURSE_HOME", str(home / "below" / "it"))
    home.chmod(0o555)
    with unprivileged(home):
        assert progress.read().attempts == {}
        with pytest.raises(ProgressError, match=DENIED):
            progress.record_hint("1.1", 1)
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_written(home):
    home.chmod(0o555)
    with unprivileged(home), pytest.raises(ProgressError, match=DENIED):
        progress.record_hint("1.1", 1)
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_in_the_same_words_each_time(home):
    """A notebook says a trouble once, and knows it by its words."""
    home.chmod(0o555)
    said = set()
    for _ in range(3):
        with unprivileged(home), pytest.raises(ProgressError) as error:
            progress.record_hint("1.1", 1)
        said.add(str(error.value))
    assert len(said) == 1 and f"Permission denied for {home}. Allow it" in said.pop()


def test_a_read_only_file_in_a_read_only_folder_is_read_and_left(home):
    statuses = first_attempts()
    progress.file().chmod(0o444)
    home.chmod(0o555)
    before = contents(home)
    with unprivileged(home):
        assert kept() == statuses
        for write in (lambda: progress.record_hint("1.1", 3), lambda: progress.set_tick("01", "x", ticked=True)):
            with pytest.raises(ProgressError, match=DENIED):
                write()
        with pytest.raises(ProgressError, match=DENIED):
            progress.reset()
    assert contents(home) == before


def test_a_read_only_file_in_a_folder_that_can_be_written(home):
    statuses = first_attempts()
    progress.file().chmod(0o444)
    home.chmod(0o777)
    with unprivileged(progress.file()):
        assert kept() == statuses
        with pytest.raises(ProgressError, match=DENIED):
            progress.record_hint("1.1", 3)
        assert progress.reset()
        progress.record_hint("1.1", 1)


def test_a_file_that_cannot_be_read(home):
    first_attempts()
    progress.file().chmod(0)
    home.chmod(0o555)
    with unprivileged(home), pytest.raises(ProgressError, match=DENIED):
        progress.read()


def test_a_folder_that_cannot_be_entered(home):
    first_attempts()
    home.chmod(0)
    with unprivileged(home):
        for use in (progress.read, lambda: progress.record_hint("1.1", 3)):
            with pytest.raises(ProgressError, match=DENIED):
                use()
