"""Several kernels at once, and kernels that are killed: nothing that was acknowledged is lost."""

import signal
import sqlite3
from pathlib import Path

import pytest

from tests.progress.cases import process
from vllm_course import progress

KERNELS, WRITES = 4, 150
WRITER = """
import sys
from vllm_course import progress
name = {name!r}
for n in range({writes}):
    progress.record_attempt("1.1", "not yet", name, f"{{name}} {{n}}")
    progress.set_tick("01", f"{{name}} {{n}}", ticked=True)
    progress.record_hint("1.2", n)
    progress.record_forecast(f"1.{{n + 1}}", {guess}, 8.0)
    progress.record_answer("01", name, [str(n)], right=n % 2 == 0)
    print(n, flush=True)
"""
MAKER = """
import os, itertools
from vllm_course import progress
base = os.environ["VLLM_COURSE_HOME"]
for n in itertools.count():
    os.environ["VLLM_COURSE_HOME"] = f"{base}/{n}"
    progress.record_hint("1.1", 1)
    print(n, flush=True)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for this test's progress."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path))
    return tmp_path


def kill_after(lines: int, code: str, home: Path) -> list[str]:
    """Kill a process after so many lines of its output; return all lines that it could write."""
    running = process(code, home)
    seen = [running.stdout.readline() for _ in range(lines)]
    running.send_signal(signal.SIGKILL)
    rest = running.stdout.readlines()
    running.stderr.close()
    assert running.wait(timeout=30) == -signal.SIGKILL
    return [line.strip() for line in seen + rest if line.endswith("\n")]


def integrity(file: Path) -> str:
    """Return what SQLite says about all of a file."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()


def test_four_kernels_write_at_once_from_no_file_on_and_nothing_is_lost(home):
    kernels = [process(WRITER.format(name=f"kernel {k}", writes=WRITES, guess=k + 1.0), home) for k in range(KERNELS)]
    for kernel in kernels:
        _, errors = kernel.communicate(timeout=300)
        assert (kernel.returncode, errors) == (0, "")
    names = [attempt.message for attempt in progress.read().attempts["1.1"]]
    assert {name: names.count(name) for name in names} == {f"kernel {k}": WRITES for k in range(KERNELS)}
    assert len(progress.ticks("01")) == KERNELS * WRITES
    assert progress.hint_level("1.2") == WRITES - 1
    assert {len(answers) for answers in progress.read().answers.values()} == {WRITES}
    assert len(progress.read().answers) == KERNELS
    forecasts = progress.read().forecasts.values()
    assert len(forecasts) == WRITES and {(one.measured, one.guess in range(1, KERNELS + 1)) for one in forecasts} == {
        (8, True)
    }
    assert integrity(progress.file()) == "ok"


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_a_killed_kernel_loses_nothing_that_was_acknowledged(home, lines):
    acknowledged = kill_after(lines, WRITER.format(name="k", writes=100_000, guess=4.0), home)
    assert len(acknowledged) >= lines
    done = progress.read()
    assert {f"k {n}" for n in acknowledged} <= done.ticks["01"]
    assert len(done.attempts["1.1"]) >= len(acknowledged)
    assert done.hints["1.2"] >= int(acknowledged[-1])
    assert len(done.answers["01", "k"]) >= len(acknowledged)
    assert {f"1.{int(n) + 1}" for n in acknowledged} <= {
        key for key, one in done.forecasts.items() if one.measured == 8
    }
    assert integrity(progress.file()) == "ok"
    progress.record_attempt("1.1", "passed", "", "afterwards")


def test_a_killed_kernel_leaves_no_half_of_a_new_file(home, monkeypatch):
    made = kill_after(20, MAKER, home)
    for folder in home.iterdir():
        monkeypatch.setenv("VLLM_COURSE_HOME", str(folder))
        assert progress.hint_level("1.1") == int(folder.name in made) or folder.name not in made
        progress.record_hint("1.1", 2)
        assert progress.hint_level("1.1") == 2
