"""What `vllm-course progress` writes: columns that line up, and files that are whole."""

import json
import os
import stat
from pathlib import Path

import pytest

from tests.progress.cases import run_progress
from vllm_course import CourseError, files, output


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to write to, and a learner."""
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    return tmp_path


def test_output_is_written_as_a_whole(root, capsys):
    file = root / "ada.json"
    old = os.umask(0o027)
    try:
        assert run_progress("--json", "--output", str(file)) == 0
    finally:
        os.umask(old)
    assert capsys.readouterr().out == ""
    assert json.loads(file.read_text(encoding="utf-8"))["learner"] == "ada"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert run_progress("--csv", "--output", str(file)) == 0
    assert file.read_text(encoding="utf-8").startswith("learner,lesson,kind")
    assert not [path for path in root.iterdir() if path.name.endswith(".tmp")]


def test_a_write_that_fails_leaves_the_old_file(root, monkeypatch, capsys):
    file = root / "ada.json"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert run_progress("--json", "--output", str(file)) == 1
    assert capsys.readouterr().err == (
        f"--output must be a file that can be written, got No space left on device: {file}.\n"
    )
    assert file.read_text() == "old"
    assert sorted(path.name for path in root.iterdir() if path.is_file()) == ["ada.json"]


def test_columns_count_what_a_terminal_shows():
    assert output.table(["a", "b"], [["模", "x"], ["e\u0301", "y"]]).splitlines() == [
        "a   b",
        "模  x",
        "e\u0301   y",
    ]


def test_what_is_no_file_is_refused_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CourseError, match="--output must be a file, got .*pipe, which is something else."):
        files.write(pipe, "text")
    assert pipe.is_fifo()
