"""The set-up: what it refuses and in which words, where it takes torch from, what it keeps and what it makes anew."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap, installer, preflight, sources
from tools.console import call
from tools.preflight import SetupError

OLD_PYTHON_READS = ("bootstrap", "console", "installer", "preflight", "sources")
WHEEL = "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.mark.parametrize("module", OLD_PYTHON_READS)
def test_python_3_6_can_read_it(module: str) -> None:
    ast.parse(Path(f"tools/{module}.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_refused_and_a_newer_one_is_not() -> None:
    with pytest.raises(SetupError, match=r"Python must be 3\.11 .*, got 3\.7\.16\. Install Python 3\.11, or name it"):
        preflight.check_python((3, 7, 16))
    preflight.check_python((3, 8, 0))
    preflight.check_python((3, 12, 1))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (("Darwin", "arm64", ("", "")), "platform must be Linux x86_64, got Darwin arm64. Use WSL2"),
        (("Linux", "aarch64", ("glibc", "2.36")), "got Linux aarch64"),
        (("Linux", "x86_64", ("glibc", "2.30")), "C library must be glibc 2.31 or newer, got glibc 2.30"),
        (("Linux", "x86_64", ("", "")), "got another one"),
    ],
)
def test_other_platforms_are_refused(facts: tuple, message: str) -> None:
    with pytest.raises(SetupError) as error:
        preflight.check_platform(*facts)
    assert message in str(error.value)


def test_linux_x86_64_is_accepted() -> None:
    preflight.check_platform("Linux", "x86_64", ("glibc", "2.31"))


@pytest.mark.parametrize(
    ("requested", "gpus", "build"),
    [("", [], "cpu"), ("", ["GPU 0"], "gpu"), ("cpu", ["GPU 0"], "cpu"), ("gpu", [], "gpu")],
)
def test_the_machine_chooses_the_build_unless_BUILD_does(requested: str, gpus: list[str], build: str) -> None:
    assert preflight.choose_build(requested, gpus) == build


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
    assert sources.torch_source("2.13.0+cpu", links)[0] == ["--torch-backend", "cpu"]
    (tmp_path / WHEEL).touch()
    assert sources.torch_source("2.13.0+cpu", links) == ([], f"torch from {tmp_path} (find-links)")
    assert sources.torch_wheel("2.13.0+cpu", [tmp_path.as_uri()]) == str(tmp_path / WHEEL)


@pytest.mark.parametrize("name", [WHEEL.replace("2.13.0", "2.12.0"), WHEEL.replace("cp311", "cp312"), "torch.whl"])
def test_another_torch_does_not_count(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert sources.torch_source("2.13.0+cpu", [str(tmp_path)])[1] == "torch from the PyTorch CPU index"


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
