"""The set-up: what it refuses and in which words, where it takes torch from, what it keeps and what it makes anew."""

import ast
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap, installer, preflight, sources
from tools.console import call
from tools.preflight import SetupError

OLD_PYTHON_READS = ("bootstrap", "console", "installer", "preflight", "sources", "shared", "clone_first")
OLD_PYTHON_READS += ("doctor", "surroundings")
HERE = ((3, 11), "x86_64")
WHEEL = "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.mark.parametrize("module", OLD_PYTHON_READS)
def test_python_3_6_can_read_it(module: str) -> None:
    ast.parse(Path(f"tools/{module}.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_refused_and_a_newer_one_is_not() -> None:
    message = r"Python must be 3\.11, 3\.12 or 3\.13 .*, got 3\.7\.16\. Install Python 3\.11, or name it"
    with pytest.raises(SetupError, match=message):
        preflight.check_python((3, 7, 16))
    preflight.check_python((3, 8, 0))
    preflight.check_python((3, 14, 0))


@pytest.mark.parametrize(
    ("facts", "usable"),
    [
        (((3, 10), "CPython", 0), False),
        (((3, 11), "CPython", None), True),
        (((3, 12), "CPython", 0), True),
        (((3, 13), "CPython", 0), True),
        (((3, 13), "CPython", 1), False),
        (((3, 11), "PyPy", None), False),
        (((3, 14), "CPython", 0), False),
    ],
)
def test_an_environment_is_made_of_a_python_that_the_wheels_are_for(facts: tuple, usable: bool) -> None:
    assert preflight.fits(*facts) is usable


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            ("Darwin", "arm64", ("", "")),
            "on x86_64 or aarch64, got Darwin arm64. On macOS, run the course in a Linux cont",
        ),
        (
            ("Windows", "AMD64", ("", "")),
            "got Windows AMD64. On Windows, run the course in WSL2: lessons/where-to-run.md",
        ),
        (("Linux", "armv7l", ("glibc", "2.36")), "got Linux armv7l. Use a remote Linux machine, or Binder"),
        (("Linux", "aarch64", ("glibc", "2.30")), "got glibc 2.30. Use a system or container that has it"),
        (("Linux", "x86_64", ("glibc", "2.30")), "C library must be glibc 2.31 or newer, got glibc 2.30"),
        (("Linux", "x86_64", ("", "")), "got another one"),
    ],
)
def test_other_platforms_are_refused(facts: tuple, message: str) -> None:
    with pytest.raises(SetupError) as error:
        preflight.check_platform(*facts)
    assert message in str(error.value)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_linux_is_accepted(machine: str) -> None:
    preflight.check_platform("Linux", machine, ("glibc", "2.31"))


def test_nobody_in_a_linux_container_is_told_to_use_one() -> None:
    for facts in (("Linux", "ppc64le", ("glibc", "2.36")), ("Linux", "aarch64", ("", ""))):
        with pytest.raises(SetupError) as error:
            preflight.check_platform(*facts)
        assert "macOS" not in str(error.value) and "Linux container" not in str(error.value)


@pytest.mark.parametrize(
    ("requested", "gpus", "machine", "build"),
    [
        ("", [], "x86_64", "cpu"),
        ("", ["GPU 0"], "x86_64", "gpu"),
        ("cpu", ["GPU 0"], "x86_64", "cpu"),
        ("gpu", [], "x86_64", "gpu"),
        ("", ["GPU 0"], "aarch64", "cpu"),
    ],
)
def test_the_machine_chooses_the_build_unless_BUILD_does(
    requested: str, gpus: list[str], machine: str, build: str
) -> None:
    assert preflight.choose_build(requested, gpus, machine) == build


def test_there_is_no_gpu_build_for_arm64() -> None:
    with pytest.raises(SetupError, match=r"BUILD must be cpu on aarch64, got gpu: .* wheels for it\. Leave it out"):
        preflight.choose_build("gpu", ["GPU 0"], "aarch64")


def test_another_BUILD_is_refused_before_anything_is_made() -> None:
    command = [sys.executable, "-m", "tools.bootstrap", "learner"]
    done = subprocess.run(command, env={**os.environ, "BUILD": "cuda"}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("Set-up stopped: BUILD must be cpu or gpu, got 'cuda'. Leave it out")
    assert "Traceback" not in done.stderr


def test_too_little_disk_is_refused_by_build() -> None:
    message = r"free disk space at /b must be at least 3\.5 GB for the cpu build, got 2\.9 GB\. Free some"
    with pytest.raises(SetupError, match=message):
        preflight.check_disk("cpu", {"/a": 9e9, "/b": 2.9e9})
    preflight.check_disk("cpu", {"/a": 3.6e9})
    with pytest.raises(SetupError, match=r"14\.0 GB for the gpu build, got 3\.6 GB"):
        preflight.check_disk("gpu", {"/a": 3.6e9})


def test_free_space_is_that_of_the_checkout_and_of_the_nearest_folder_of_the_cache(tmp_path: Path) -> None:
    assert installer.free_space(tmp_path / "not" / "yet").keys() == {str(Path.cwd()), str(tmp_path)}


def test_pip_settings_let_the_environment_win() -> None:
    lines = [":env:.find-links='/env'", "global.find-links='/global'", "install.index-url='i'"]
    assert sources.pip_settings(lines) == {"find-links": "/env", "index-url": "i"}


def test_torch_comes_from_a_folder_of_find_links_that_holds_it(tmp_path: Path) -> None:
    links = sources.find_links({"find-links": f"/nowhere\n{tmp_path}"}, {"UV_FIND_LINKS": "/a,/b"})
    assert links == ["/a", "/b", "/nowhere", str(tmp_path)]
    assert sources.torch_source("2.13.0+cpu", links, *HERE)[0] == ["--torch-backend", "cpu"]
    (tmp_path / WHEEL).touch()
    assert sources.torch_source("2.13.0+cpu", links, *HERE) == ([], f"torch from {tmp_path} (find-links)")
    assert sources.torch_wheel("2.13.0+cpu", [tmp_path.as_uri()], *HERE) == str(tmp_path / WHEEL)


@pytest.mark.parametrize(
    "name",
    [
        WHEEL.replace("2.13.0", "2.12.0"),
        WHEEL.replace("cp311", "cp312"),
        WHEEL.replace("x86_64", "aarch64"),
        WHEEL.replace("-cp311-", "-cp311t-").replace("cp311-cp311t", "cp312-cp312t"),
        "torch.whl",
    ],
)
def test_another_torch_does_not_count(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert sources.torch_source("2.13.0+cpu", [str(tmp_path)], *HERE)[1] == "torch from the PyTorch CPU index"


@pytest.mark.parametrize("kind", [((3, 12), "x86_64"), ((3, 13), "x86_64"), ((3, 11), "aarch64")])
def test_torch_is_looked_for_by_python_and_machine(tmp_path: Path, kind: tuple) -> None:
    name = WHEEL.replace("311", "".join(map(str, kind[0]))).replace("x86_64", kind[1])
    (tmp_path / name).touch()
    assert sources.torch_wheel("2.13.0+cpu", [str(tmp_path)], *kind) == str(tmp_path / name)


def test_a_python_says_its_version_and_the_machine() -> None:
    assert installer.kind_of(sys.executable) == (sys.version_info[:2], platform.machine())


def test_uv_is_told_what_pip_knows_and_uv_does_not() -> None:
    settings = {"index-url": "mirror", "cert": "/ca.pem", "timeout": "9"}
    told = sources.uv_variables(settings, {"SSL_CERT_FILE": "/mine.pem"})
    assert told == {"UV_DEFAULT_INDEX": "mirror"}


@pytest.mark.parametrize(
    ("version", "folder", "usable"), [("0.13.8", "b", True), ("0.8.9", "b", False), ("9.0.0", ".venv/bin", False)]
)
def test_uv_must_be_new_and_must_not_lie_in_the_environment_that_it_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, folder: str, usable: bool
) -> None:
    uv = tmp_path / folder / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(f"#!/bin/sh\necho 'uv {version} (x)'\n", encoding="utf-8")
    uv.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(uv.parent))
    assert installer.find_uv() == (str(uv) if usable else "")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [(SetupError("no."), 1, "Set-up stopped: no.\n"), (KeyboardInterrupt(), 130, "The same command goes on where")],
)
def test_a_failed_or_interrupted_set_up_ends_with_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, error: BaseException, code: int, message: str
) -> None:
    def fail(arguments: object) -> None:
        raise error

    monkeypatch.setattr(bootstrap, "set_up", fail)
    assert bootstrap.main(["learner"]) == code
    assert message in capsys.readouterr().err


def test_a_command_that_fails_is_a_setup_error() -> None:
    with pytest.raises(SetupError, match="the rule"):
        call([sys.executable, "-c", "raise SystemExit(3)"], "the rule")
