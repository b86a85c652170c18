"""What the set-up says of a machine on which it cannot write or reach the network, and the doctor before it."""

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.progress.cases import unprivileged
from tools import bootstrap, doctor, installer, preflight, surroundings
from tools.console import KILLED, call
from tools.preflight import SetupError
from vllm_course import paths
from vllm_course.doctor import health
from vllm_course.loading_errors import GIB, PROCESS_MEMORY
from vllm_course.models import SHIPPED_KV_CACHE
from vllm_course.progress import home
from vllm_course.runtime import limits

REFUSED = "http://127.0.0.1:9"  # the port of the service discard, which nobody offers


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nobody may write, reached as a user whom that binds."""
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        with contextlib.suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o055)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    with unprivileged(folder):
        yield folder


def test_only_a_try_tells_whether_a_place_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert surroundings.write_trouble(tmp_path) == surroundings.write_trouble(tmp_path / "not" / "yet") == ""
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    assert surroundings.write_trouble(tmp_path / "file") == f"{tmp_path / 'file'} (Not a directory)"


def test_a_place_that_cannot_be_written_is_named_with_the_reason(closed: Path) -> None:
    for place in (closed, closed / "uv" / "deeper"):
        assert surroundings.write_trouble(place) == f"{place} (Permission denied)"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("checkout", "the course's folder must be writable, got /x (No). Mount or clone it where you can write."),
        ("environment", "the environment's folder must be writable, got /x (No). Change its owner, or delete it"),
        ("packages", "this Python's packages must be writable, got /x (No). Use an environment of your own"),
        ("cache", "uv's cache must be writable, got /x (No). Name another place: export UV_CACHE_DIR="),
    ],
)
def test_the_set_up_names_what_cannot_be_written(name: str, said: str) -> None:
    with pytest.raises(SetupError) as error:
        preflight.check_writable({name: "/x (No)"})
    assert str(error.value).startswith(said)
    preflight.check_writable({})


def test_the_set_up_asks_before_it_makes_anything(monkeypatch: pytest.MonkeyPatch, closed: Path) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(closed / "uv"))
    monkeypatch.chdir(closed.parent)
    monkeypatch.setattr(installer, "install_uv", lambda: pytest.fail("too late"))
    monkeypatch.setattr(installer, "find_uv", lambda: pytest.fail("too late"))
    for here in (False, True):
        found = surroundings.places(os.environ, closed / ".venv", here=here)
        assert list(found) == ["checkout", *(["packages"] if here else []), "cache"]
    assert list(surroundings.places(os.environ, closed)) == ["checkout", "environment", "cache"]
    arguments = bootstrap.parser().parse_args(["learner"])
    with pytest.raises(SetupError, match="must be writable, got .* \\(Permission denied\\)"):
        bootstrap.set_up(arguments)


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"UV_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/uv"),
        ({}, f"{Path.home()}/.cache/uv"),
    ],
)
def test_where_uv_keeps_what_it_downloads(environ: dict, place: str) -> None:
    assert surroundings.uv_cache(environ) == Path(place)


@pytest.mark.parametrize("environ", [{}, {"XDG_DATA_HOME": "/d"}, {"VLLM_COURSE_HOME": "~/p"}])
def test_where_the_progress_is_kept(monkeypatch: pytest.MonkeyPatch, environ: dict) -> None:
    for name in ("XDG_DATA_HOME", "VLLM_COURSE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert surroundings.progress(os.environ) == home()


@pytest.fixture
def proxy() -> Iterator[str]:
    """The address of something that takes connections."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_a_proxy_that_leads_nowhere_is_named_without_its_password(proxy: str) -> None:
    dead = REFUSED.replace("//", "//ada:secret@")
    found = surroundings.proxies({"HTTPS_PROXY": dead, "http_proxy": proxy, "ALL_PROXY": ""})
    assert found == {"HTTPS_PROXY": (REFUSED, "Connection refused"), "http_proxy": (proxy, "")}
    said = f"A proxy that is set must answer, got HTTPS_PROXY={REFUSED} (Connection refused). Correct or unset it."
    assert preflight.proxy_rule(found) == said
    assert "by way of http_proxy, which may be" in preflight.proxy_rule(surroundings.proxies({"http_proxy": proxy}))
    assert preflight.proxy_rule({}) == ""


@pytest.mark.parametrize("address", ["http://h:port", "http://[::1", "socks5://127.0.0.1:9", "127.0.0.1:9", "http://"])
def test_an_address_that_is_none_does_not_answer(address: str) -> None:
    assert surroundings.proxy_trouble(address)


def test_a_network_that_fails_is_said_with_the_proxy_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    assert installer.network_failure("r.") == f"r. Often the network was away. {installer.AGAIN}"
    monkeypatch.setenv("https_proxy", REFUSED)
    monkeypatch.setattr(installer, "call", lambda command, failure, **variables: pytest.fail(failure()))
    for fails in (installer.install_uv, lambda: installer.install("uv", "python", "cpu", ["learner"])):
        monkeypatch.setattr(installer, "OWN_UV", Path("nowhere"))
        with pytest.raises(pytest.fail.Exception, match="must answer, got https_proxy=.* The same command goes on"):
            fails()


def test_a_command_that_linux_killed_is_no_failure_of_the_network() -> None:
    kill = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    with pytest.raises(SetupError) as error:
        call([sys.executable, "-c", kill], lambda: "the network was away")
    assert str(error.value) == KILLED and "memory runs out" in KILLED


def results(monkeypatch: pytest.MonkeyPatch, **environ: str) -> dict[str, doctor.Check]:
    """Return what the doctor says before a set-up, by name."""
    monkeypatch.setattr(installer, "VENV", Path("nowhere"))
    found = doctor.examine({"HOME": os.environ["HOME"], **environ}, Path("nowhere"))
    return {check.name: check for check in found}


def test_the_doctor_needs_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    found = results(monkeypatch)
    names = "Python platform build make installer checkout cache HOME TMPDIR progress notebooks memory proxies disk"
    assert list(found) == [*names.split(), "set-up"]
    assert found["set-up"] == ("set-up", "warn", "nowhere must hold the packages, got none yet.", "Run: make lesson")
    assert all(check.remedy for check in found.values() if check.status != "ok")


@pytest.mark.parametrize(
    ("environ", "name", "said"),
    [
        ({"BUILD": "cuda"}, "build", "must be cpu or gpu, got 'cuda'."),
        ({"HTTPS_PROXY": REFUSED}, "proxies", f"got HTTPS_PROXY={REFUSED} (Connection refused)."),
        ({"UV_CACHE_DIR": "/proc/uv"}, "cache", "uv's cache must be writable, got /proc/uv (No such file"),
        ({"VLLM_COURSE_HOME": "/proc/p"}, "progress", "must be writable, got /proc/p (No such file or directory)."),
        ({"TMPDIR": "/proc/t"}, "TMPDIR", "must be writable, got /proc/t (No such file or directory)."),
    ],
)
def test_the_doctor_names_rule_value_and_remedy(monkeypatch: pytest.MonkeyPatch, environ, name, said) -> None:
    check = results(monkeypatch, **environ)[name]
    assert check.status != "ok" and said in check.message and check.remedy, check


def test_what_only_the_set_up_writes_to_may_be_closed_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for needed, status in ((True, "fail"), (False, "warn")):
        found = {check.name: check for check in doctor.writable({"UV_CACHE_DIR": "/proc/uv"}, needed=needed)}
        assert found["cache"].status == status and found["checkout"].status == "ok"


def test_the_doctor_sees_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "output", lambda *command: "")
    monkeypatch.setattr(installer, "find_uv", lambda: "")
    found = results(monkeypatch)
    assert found["make"].status == "warn" and "python3 -m tools.bootstrap learner" in found["make"].remedy
    assert found["installer"].message == "venv, which gets uv"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert doctor.installed_by().message == "must be uv, pip or venv, got none of them."


def test_the_doctor_knows_what_an_engine_needs_and_a_container_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert preflight.MEMORY * GIB == PROCESS_MEMORY + SHIPPED_KV_CACHE
    assert doctor.memory()[0].message.endswith(" free" + limits.of_the_limit().partition(". Give")[0])
    monkeypatch.setattr(preflight, "MEMORY", 10**6)
    assert doctor.memory()[0].status == "fail" and "or Linux kills one" in doctor.memory()[0].remedy


def test_a_check_is_shown_as_the_full_doctor_shows_it() -> None:
    for parts in (("a", "ok", "fine", ""), ("b", "warn", "hm", "Do this.")):
        assert doctor.shown(doctor.Check(*parts)) == str(health.Check(*parts))


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_full_doctor_follows_where_there_is_an_environment(tmp_path: Path, options: list[str]) -> None:
    for name in ("tools", "vllm_course", "requirements", "lessons", "exercises"):
        (tmp_path / name).symlink_to(paths.root() / name)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "[{\\"name\\": \\"$*\\"}]"\nexit 1\n')
    python.chmod(0o755)
    (tmp_path / ".venv/pyvenv.cfg").write_text("version_info = 3.11.7\n")
    command = [sys.executable, "-m", "tools.doctor", "--offline", *options]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "BUILD": "cpu"}, capture_output=True, text=True)
    called = " ".join(["-m vllm_course.cli doctor", *options, "--offline"])
    assert done.returncode == 1 and called in done.stdout and "set-up" not in done.stdout, done.stderr
    if options:
        assert [row["name"] for row in json.loads(done.stdout)][:2] == ["Python", "platform"]
