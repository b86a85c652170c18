"""The Hub's configuration: what a learner's server is started with. `make hub-rehearsal` tries it with a real Hub."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from traitlets.config import Config

from tools import hub_rehearsal

CONFIG = Path("teaching/jupyterhub_config.py")


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> dict:
    """The names that the configuration defines, as JupyterHub would run it."""
    monkeypatch.setenv("COURSE_REPOSITORY", "https://example.org/course")
    names = {"get_config": Config, "__file__": str(CONFIG.absolute())}
    exec(compile(CONFIG.read_text("utf-8"), str(CONFIG), "exec"), names)
    return names


def start(config: dict, tmp_path: Path, gitpuller: str) -> subprocess.CompletedProcess:
    """Run what a learner's server is started with, in an empty home folder, with stand-ins for both commands."""
    commands, home = tmp_path / "bin", tmp_path / "home"
    for folder in (commands, home):
        folder.mkdir(exist_ok=True)
    for name, script in (("gitpuller", gitpuller), ("jupyter-labhub", 'echo "in $(basename $PWD) with $*"')):
        (commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (commands / name).chmod(0o755)
    command = [*config["c"].Spawner.cmd[:-1], str(commands), "--port=1"]
    environment = {"PATH": os.environ["PATH"], "COURSE_REPOSITORY": "R", "COURSE_BRANCH": "B"}
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=60)


def test_a_learner_starts_in_a_copy_of_the_course(config, tmp_path):
    done = start(config, tmp_path, 'test "$*" = "R B vllm-course" && mkdir vllm-course')
    assert (done.returncode, done.stdout) == (0, "in vllm-course with --port=1\n")


def test_without_a_network_the_old_copy_will_do_and_without_any_the_start_says_why(config, tmp_path):
    done = start(config, tmp_path, "exit 1")
    assert done.returncode == 1 and "must be there once, got none. Is COURSE_REPOSITORY right?" in done.stderr
    (tmp_path / "home/vllm-course").mkdir()
    done = start(config, tmp_path, "exit 1")
    assert (done.returncode, done.stdout) == (0, "in vllm-course with --port=1\n")
    assert "was not updated" in done.stderr


def test_servers_and_terminals_use_the_shared_environment(config):
    spawner = config["c"].Spawner
    commands = str(Path(sys.executable).parent)
    assert spawner.cmd[-1] == commands and spawner.environment["PATH"].startswith(f"{commands}:")
    assert Path(spawner.default_url.removeprefix("/lab/tree/")).is_file()


def test_the_rehearsal_says_what_it_lacks_and_tries_nothing(monkeypatch, capsys):
    monkeypatch.setattr(hub_rehearsal, "NEEDED", ("no-such-distribution",))
    monkeypatch.setattr(sys, "argv", ["hub_rehearsal"])
    assert hub_rehearsal.main() == 0
    assert "Skipped: the rehearsal needs no-such-distribution" in capsys.readouterr().out
