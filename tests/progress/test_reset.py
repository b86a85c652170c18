"""`vllm-course progress reset`: asks first, and deletes nothing."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.progress.cases import first_attempts, run_progress
from vllm_course import progress


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with some progress."""
    monkeypatch.setenv("VLLM_COURSE_HOME", str(tmp_path))
    first_attempts()
    return tmp_path


def test_reset_says_where_the_progress_is_now(home, capsys):
    assert run_progress("reset", "--yes") == 0
    aside = capsys.readouterr().out.removeprefix("Your progress was moved to ").removesuffix(".\n")
    assert [str(path) for path in home.iterdir()] == [aside]
    assert run_progress("reset", "--yes") == 0
    assert capsys.readouterr().out.startswith("There is no progress to reset: ")


def test_a_damaged_file_is_one_line_and_reset_mends_it(capsys):
    progress.file().write_text("garbage")
    assert run_progress() == 1
    error = capsys.readouterr().err
    assert (error.count("\n"), "Run: vllm-course progress reset." in error) == (1, True)
    assert run_progress("reset", "--yes") == 0
    assert run_progress() == 0


@pytest.mark.parametrize(
    ("answer", "gone", "said"),
    [("yes\n", True, "was moved to"), ("no\n", False, "Nothing was changed."), ("\x04", False, "Nothing was changed.")],
)
def test_on_a_terminal_reset_asks_first(answer, gone, said):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "vllm_course.cli", "progress", "reset"]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as asked:
        os.write(ours, answer.encode())
        said_all, _ = asked.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert asked.returncode == 0
    assert said_all.startswith(f"Move your progress aside and begin anew ({progress.file()})? yes/no: ")
    assert said in said_all
    assert progress.file().exists() != gone


def test_ctrl_c_at_the_question_ends_with_130(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
    monkeypatch.setattr("builtins.input", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run_progress("reset") == 130
    assert progress.file().exists()
