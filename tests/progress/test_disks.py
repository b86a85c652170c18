"""Full and read-only disks, for real: limits on files, and file systems that are small or mounted read-only."""

import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.progress.cases import DENIED, first_attempts, kept, output
from vllm_course import progress
from vllm_course.progress import ProgressError, creation, database

FULL = r"^the disk must take the progress file, got (database or disk is full|disk I/O error) at \S+\. Free some space"
FILL = """
import os, resource
from vllm_course import progress
from vllm_course.progress import ProgressError
{limit}
done = 0
try:
    while done < 100_000:
        progress.record_attempt("1.1", "not yet", "m" * 1000, str(done))
        done += 1
except ProgressError as error:
    print(error)
print(done, len(progress.read().attempts.get("1.1", [])))
"""
ON_SMALL_DISK = """
import os, subprocess
from tests.progress.cases import contents, first_attempts, kept, progress
def mount(*options):
    subprocess.run(["mount", *options, "none", str(progress.home())], check=True)
mount("-t", "tmpfs", "-o", "size=256k")
"""
FULL_BEFORE = """
try:
    with open(progress.home() / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(bytes(512))
except OSError:
    pass
"""
READ_ONLY = """
import sqlite3
def leave_log():
    if os.fork():
        return os.wait()
    connection = sqlite3.connect(progress.file())
    connection.execute("INSERT INTO attempts VALUES (NULL, '1.1', 'passed', '', 'c', '')")
    connection.commit()
    os._exit(0)  # as a kill does: the log is not closed
first_attempts()
{end}
mount("-o", "remount,ro")
before = contents(progress.home())
for use in (kept, lambda: progress.record_hint("1.1", 3)):
    try:
        print(use())
    except progress.ProgressError as error:
        print(error)
print(contents(progress.home()) == before)
"""
NAMESPACE = ("unshare", "--mount", "--map-root-user")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for this test's progress."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path))
    return tmp_path


def test_an_attempt_that_finds_no_page_is_not_kept_by_halves(home, monkeypatch):
    statuses = first_attempts()

    def small(file: Path, mode: str) -> sqlite3.Connection:
        connection = creation.connect(file, mode)
        connection.execute("PRAGMA max_page_count = 10")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(database, "connect", small)
        with pytest.raises(ProgressError, match=FULL):
            progress.record_attempt("1.1", "not yet", "m" * 100_000, "c")
    assert kept() == statuses
    assert len(progress.record_attempt("1.1", "not yet", "m" * 100_000, "c")) == 3


@pytest.mark.parametrize("kibibytes", [4, 24, 30, 36, 40, 48, 200])
def test_a_limit_on_the_size_of_files(home, kibibytes):
    limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({kibibytes << 10}, {kibibytes << 10}))"
    *messages, counts = output(FILL.format(limit=limit), home).splitlines()
    written, there = map(int, counts.split())
    assert written == there == len(progress.read().attempts.get("1.1", []))
    assert (written > 0) == (kibibytes > 36)  # an empty one takes 36
    assert len(messages) == 1
    assert re.match(FULL, messages[0])
    progress.record_attempt("1.1", "passed", "", "afterwards")


def on_small_disk(home: Path, code: str) -> list[str]:
    """Run code with a file system of 256 KiB of its own as the home; skips where mounting is forbidden."""
    if subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", home], capture_output=True).returncode:
        pytest.skip("this user may not mount, not even in a namespace of its own")
    return output(ON_SMALL_DISK + code, home, prefix=NAMESPACE).splitlines()


def test_a_full_disk(home):
    *messages, counts = on_small_disk(home, FILL.format(limit=""))
    written, there = map(int, counts.split())
    assert written == there > 20
    assert len(messages) == 1
    assert re.match(FULL, messages[0])


def test_a_disk_that_is_full_before_the_first_attempt(home):
    *messages, counts = on_small_disk(home, FULL_BEFORE + FILL.format(limit=""))
    assert counts == "0 0"
    assert len(messages) == 1
    assert re.match(FULL, messages[0])


def test_a_full_disk_is_still_read(home):
    assert on_small_disk(home, "first_attempts()" + FULL_BEFORE + "print(kept())") == ["['not yet', 'passed']"]


@pytest.mark.parametrize(
    ("end", "found"),
    [
        ("", r"\['not yet', 'passed'\]"),
        ("leave_log()", r"\['not yet', 'passed', 'passed'\]"),
        ("leave_log(); (progress.home() / 'progress.sqlite3-shm').unlink()", DENIED),
    ],
)
def test_a_read_only_disk_is_read_where_sqlite_can_and_never_written(home, end, found):
    read, written, same = on_small_disk(home, READ_ONLY.format(end=end))
    assert re.match(found, read)
    assert re.match(DENIED, written)
    assert same == "True"
